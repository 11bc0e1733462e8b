"""What is still to be written to a database of state, and nobody waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from router_core.state.operations import Count, DeleteEntry, GiveBackProbe, Note, PutEntry, Settle, TellBreaker
from router_core.state.store import Account

MOST_ENTRIES: Final = 2_000
"""Values that wait to be written; further ones are let go of while the database is away."""


class Notes:
    """Holds at most a note for each open hold, account, breaker and value, however long the database is away."""

    def __init__(self) -> None:
        self._settlements: dict[int, Settle] = {}
        self._counts: dict[tuple[Account, ...], Count] = {}
        self._tried: dict[tuple[Account, ...], Count] = {}
        """Counts that a transaction had in it whose end is unknown: their numbers and amounts stay."""
        self._breakers: dict[str, TellBreaker | GiveBackProbe] = {}
        self._entries: dict[tuple[str, bytes], PutEntry | DeleteEntry] = {}

    def __len__(self) -> int:
        kinds = (self._settlements, self._counts, self._tried, self._breakers, self._entries)
        return sum(len(kind) for kind in kinds)

    def add(self, note: Note) -> None:
        """Note one more; what makes an older note pointless takes its place."""
        match note:
            case Settle():
                self._settlements.setdefault(note.number, note)  # the first word counts
            case Count():
                known = self._counts.get(note.accounts)
                self._counts[note.accounts] = note if known is None else replace(known, nano=known.nano + note.nano)
            case TellBreaker():
                self._breakers[note.news.name] = note
            case GiveBackProbe():
                self._breakers.setdefault(note.name, note)  # a verdict ends the probe, too
            case PutEntry() | DeleteEntry():
                self._entries.pop((note.space.name, note.key), None)
                if len(self._entries) < MOST_ENTRIES:
                    self._entries[note.space.name, note.key] = note

    def to_write(self) -> list[Note]:
        """All of them, for one transaction."""
        for accounts in [accounts for accounts in self._counts if accounts not in self._tried]:
            self._tried[accounts] = self._counts.pop(accounts)
        return [
            *self._settlements.values(),
            *self._tried.values(),
            *self._breakers.values(),
            *self._entries.values(),
        ]

    def written(self, notes: list[Note]) -> None:
        """The transaction with these in it is over."""
        for note in notes:
            match note:
                case Settle():
                    self._settlements.pop(note.number, None)
                case Count():
                    self._tried.pop(note.accounts, None)
                case TellBreaker():
                    self._breakers.pop(note.news.name, None)
                case GiveBackProbe():
                    self._breakers.pop(note.name, None)
                case PutEntry() | DeleteEntry():
                    self._entries.pop((note.space.name, note.key), None)
