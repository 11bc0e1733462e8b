"""The tables of shared state, and how a batch of operations is done on them in one transaction.

The SQL is the same for SQLite and PostgreSQL. Whatever the batch holds, it takes a few statements: what its questions
are about is read at once, decided here, and written at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from router_core.pricing import Nano
from router_core.state.entry_tables import ENTRY_TABLES, Entries
from router_core.state.operations import (
    ONLY_READ,
    ClaimProbe,
    Count,
    DeleteEntry,
    ForgetEntries,
    GetEntry,
    GiveBackProbe,
    MakeHold,
    Note,
    PutEntry,
    Question,
    ReadAccounts,
    ReadBalances,
    ReadBreakers,
    Settle,
    TakeRate,
    TellBreaker,
)
from router_core.state.rate import MINUTE_NS, poured
from router_core.state.statements import Row, Statements
from router_core.state.store import Account, Balance, BreakerNews, Hold, ProbeAnswer, Shortage

_KEPT_NS: Final = 3_600 * 1_000_000_000
"""How long the number of a counted amount is remembered, should its writer not know whether it was written."""

TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS {p}account (
        name {text} NOT NULL, period {text} NOT NULL, spent BIGINT NOT NULL, PRIMARY KEY (name, period))""",
    """CREATE TABLE IF NOT EXISTS {p}reserve (
        number BIGINT NOT NULL, name {text} NOT NULL, period {text} NOT NULL, nano BIGINT NOT NULL,
        expires BIGINT NOT NULL, PRIMARY KEY (number, name, period))""",
    "CREATE INDEX IF NOT EXISTS {p}ix_reserve_account ON {p}reserve (name, period)",
    "CREATE INDEX IF NOT EXISTS {p}ix_reserve_expires ON {p}reserve (expires)",
    "CREATE TABLE IF NOT EXISTS {p}counted (number BIGINT NOT NULL PRIMARY KEY, expires BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS {p}rate (name {text} NOT NULL PRIMARY KEY, full_at BIGINT NOT NULL)",
    *ENTRY_TABLES,
    """CREATE TABLE IF NOT EXISTS {p}breaker (
        name {text} NOT NULL PRIMARY KEY, opened INTEGER NOT NULL, until BIGINT NOT NULL, openings INTEGER NOT NULL,
        why {text} NOT NULL, teller {text} NOT NULL, revision BIGINT NOT NULL,
        prober {text} NOT NULL, probe_until BIGINT NOT NULL)""",
)
"""Each is made where it is missing."""

_SUMS: Final = (
    "SELECT name, period, sum(spent), sum(held) FROM ("
    " SELECT name, period, spent, 0 AS held FROM {p}account WHERE %s"
    " UNION ALL SELECT name, period, 0, nano FROM {p}reserve WHERE %s) AS both_kinds GROUP BY name, period"
)


def only_reads(notes: Sequence[Note], questions: Sequence[Question]) -> bool:
    """Whether a batch changes nothing, and needs no lock."""
    return not notes and all(isinstance(one, ONLY_READ) for one in questions)


@dataclass(slots=True)
class Batch:
    """One transaction's work. ``prefix`` begins the names of the tables; ``now_ns`` is the wall clock."""

    on: Statements
    prefix: str
    now_ns: int
    _spent: dict[Account, Nano] = field(default_factory=dict)
    """Changes of this batch that are still to be written."""

    @property
    def _entries(self) -> Entries:
        return Entries(self.on, self.prefix, self.now_ns)

    def carry_out(self, notes: Sequence[Note], questions: Sequence[Question]) -> list[Any]:
        """Write the notes, then answer the questions in their order."""
        self._settle([one for one in notes if isinstance(one, Settle)])
        self._count([one for one in notes if isinstance(one, Count)])
        for note in notes:
            self._write(note)
        self._write_spent()
        accounts = self._accounts_of(questions)
        known = self._balances(accounts)
        full_at = self._rates([one.name for one in questions if isinstance(one, TakeRate)])
        ledger = _Ledger(known)
        answers = [self._answer(one, ledger, full_at) for one in questions]
        self._insert_holds(ledger.made)
        taken = {one.name for one in questions if isinstance(one, TakeRate)}
        self._many(
            "INSERT INTO {p}rate VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET full_at = excluded.full_at",
            [(name, full_at[name]) for name in sorted(taken)],
        )
        return answers

    def sweep(self) -> None:
        """Forget what is over: expired values, full buckets, old numbers."""
        self._entries.sweep()
        self._run("DELETE FROM {p}counted WHERE expires <= ?", self.now_ns)
        self._run("DELETE FROM {p}rate WHERE full_at <= ?", self.now_ns - MINUTE_NS)
        self._expire()
        self._write_spent()

    def _answer(self, asked: Question, ledger: _Ledger, full_at: dict[str, int]) -> Any:
        match asked:
            case MakeHold():
                return ledger.hold(asked)
            case ReadBalances():
                return [ledger.balance(account) for account in asked.accounts]
            case ReadAccounts():
                return self._fullest(asked)
            case TakeRate():
                wait_s, full_at[asked.name] = poured(full_at.get(asked.name, 0), self.now_ns, asked.per_minute)
                return wait_s
            case GetEntry():
                return self._entries.get(asked)
            case ForgetEntries():
                return self._entries.forget(asked)
            case ReadBreakers():
                sql = "SELECT name, opened, until, openings, why, teller, revision FROM {p}breaker"
                return [BreakerNews(row[0], bool(row[1]), *row[2:]) for row in self._run(sql)]
            case ClaimProbe():
                return self._claim_probe(asked)

    def _write(self, note: Note) -> None:
        match note:
            case PutEntry():
                self._entries.put(note)
            case DeleteEntry():
                self._entries.delete(note.space.name, note.key)
            case TellBreaker(news):
                self._run(
                    "INSERT INTO {p}breaker VALUES (?, ?, ?, ?, ?, ?, 1, '', 0) ON CONFLICT (name) DO UPDATE SET"
                    " opened = excluded.opened, until = excluded.until, openings = excluded.openings,"
                    " why = excluded.why, teller = excluded.teller, revision = {p}breaker.revision + 1,"
                    " prober = '', probe_until = 0",
                    *(news.name, int(news.open), news.until_ns, news.openings, news.why, news.teller),
                )
            case GiveBackProbe():
                self._run(
                    "UPDATE {p}breaker SET prober = '', probe_until = 0 WHERE name = ? AND prober = ?",
                    *(note.name, note.teller),
                )
            case Settle() | Count():
                pass  # all at once, above

    # --- money -------------------------------------------------------------------------------------------------------

    def _settle(self, settlements: Sequence[Settle]) -> None:
        """What holds came to takes their place. Of those that are gone nothing counts, of late ones all that was held.

        One that is over counts in its account's total all the same, so it may stay until `sweep` comes by.
        """
        came_to: dict[int, Nano] = {}
        for one in settlements:
            came_to.setdefault(one.number, one.nano)  # the first word counts
        for some in _slices(list(came_to)):
            marks = ", ".join("?" * len(some))
            sql = f"DELETE FROM {{p}}reserve WHERE number IN ({marks}) RETURNING number, name, period, nano, expires"  # noqa: S608 (our own marks)
            for number, name, period, nano, expires in self._run(sql, *some):
                self._add(Account(name, period), nano if expires <= self.now_ns else came_to[number])

    def _count(self, counts: Sequence[Count]) -> None:
        for one in counts:
            new = self._run(
                "INSERT INTO {p}counted VALUES (?, ?) ON CONFLICT (number) DO NOTHING RETURNING number",
                *(one.number, self.now_ns + _KEPT_NS),
            )
            for account in one.accounts if new else ():
                self._add(account, one.nano)

    def _expire(self) -> None:
        sql = "DELETE FROM {p}reserve WHERE expires <= ? RETURNING name, period, nano"
        for name, period, nano in self._run(sql, self.now_ns):
            self._add(Account(name, period), nano)

    def _add(self, account: Account, nano: Nano) -> None:
        self._spent[account] = self._spent.get(account, 0) + nano

    def _write_spent(self) -> None:
        self._many(
            "INSERT INTO {p}account VALUES (?, ?, ?)"
            " ON CONFLICT (name, period) DO UPDATE SET spent = {p}account.spent + excluded.spent",
            [(account.name, account.period, nano) for account, nano in self._spent.items()],
        )
        self._spent.clear()

    def _insert_holds(self, made: Iterable[MakeHold]) -> None:
        rows = [
            (one.number, account.name, account.period, one.nano, one.expires_ns)
            for one in made
            for account in dict.fromkeys(claim.account for claim in one.claims)
        ]
        self._many("INSERT INTO {p}reserve VALUES (?, ?, ?, ?, ?)", rows)

    @staticmethod
    def _accounts_of(questions: Sequence[Question]) -> list[Account]:
        asked: dict[Account, None] = {}
        for one in questions:
            if isinstance(one, ReadBalances):
                asked.update(dict.fromkeys(one.accounts))
            elif isinstance(one, MakeHold):
                asked.update(dict.fromkeys(claim.account for claim in one.claims))
        return list(asked)

    def _balances(self, accounts: Sequence[Account]) -> dict[Account, Balance]:
        found: dict[Account, Balance] = {}
        for some in _slices(accounts):
            one_of = f"(name, period) IN (VALUES {', '.join(['(?, ?)'] * len(some))})"
            names = [text for account in some for text in (account.name, account.period)]
            for name, period, spent, held in self._run(_SUMS % (one_of, one_of), *names, *names):
                found[Account(name, period)] = Balance(int(spent), int(held))
        return found

    def _fullest(self, asked: ReadAccounts) -> list[tuple[Account, Balance]]:
        # A range of names, which the primary keys answer; LIKE would read all periods there ever were.
        begins = "name >= ? AND name < ? AND period = ?"
        names = (asked.prefix, asked.prefix + "\U0010ffff", asked.period)
        sql = _SUMS % (begins, begins) + " ORDER BY sum(spent) + sum(held) DESC, name LIMIT ?"
        rows = self._run(sql, *names, *names, asked.limit)
        return [(Account(name, period), Balance(int(spent), int(held))) for name, period, spent, held in rows]

    def _rates(self, names: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for some in _slices(list(dict.fromkeys(names))):
            marks = ", ".join("?" * len(some))
            sql = f"SELECT name, full_at FROM {{p}}rate WHERE name IN ({marks})"  # noqa: S608 (our own marks)
            found.update({row[0]: row[1] for row in self._run(sql, *some)})
        return found

    # --- breakers ----------------------------------------------------------------------------------------------------

    def _claim_probe(self, asked: ClaimProbe) -> ProbeAnswer:
        sql = "SELECT opened, until, prober, probe_until FROM {p}breaker WHERE name = ?"
        rows = self._run(sql, asked.name)
        if not rows:  # it opened while the store was away, so the others do not know of it
            return ProbeAnswer(True)
        opened, until, prober, probe_until = rows[0]
        if not opened:
            return ProbeAnswer(False, closed=True)
        if until > self.now_ns:
            return ProbeAnswer(False, again_ns=until)
        if prober not in ("", asked.teller) and probe_until > self.now_ns:
            return ProbeAnswer(False, again_ns=probe_until)
        self._run(
            "UPDATE {p}breaker SET prober = ?, probe_until = ? WHERE name = ?",
            *(asked.teller, asked.until_ns, asked.name),
        )
        return ProbeAnswer(True)

    # --- SQL ---------------------------------------------------------------------------------------------------------

    def _run(self, sql: str, *values: Any) -> list[Row]:
        return self.on.run(sql.replace("{p}", self.prefix), values)

    def _many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        if rows:
            self.on.run_many(sql.replace("{p}", self.prefix), rows)


class _Ledger:
    """Balances as they stood, and what this batch adds to them."""

    def __init__(self, known: dict[Account, Balance]) -> None:
        self._known = known
        self.made: list[MakeHold] = []

    def balance(self, account: Account) -> Balance:
        return self._known.get(account, Balance(0, 0))

    def hold(self, asked: MakeHold) -> Hold | Shortage:
        for claim in asked.claims:
            total = self.balance(claim.account).total
            if claim.limit is not None and total + asked.nano > claim.limit:
                return Shortage(claim, total)
        accounts = tuple(claim.account for claim in asked.claims)
        for account in dict.fromkeys(accounts):
            before = self.balance(account)
            self._known[account] = Balance(before.spent, before.held + asked.nano)
        self.made.append(asked)
        return Hold(asked.number, accounts, asked.nano)


_MOST_MARKS: Final = 400


def _slices(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    """So many at a time as one statement takes."""
    return (items[start : start + _MOST_MARKS] for start in range(0, len(items), _MOST_MARKS))


def create(run: Callable[[str], object], prefix: str, text: str, raw: str) -> None:
    """Make the tables that are missing. ``text`` and ``raw`` are the database's types of names and of bytes."""
    for statement in TABLES:
        run(statement.replace("{p}", prefix).replace("{text}", text).replace("{bytes}", raw))
