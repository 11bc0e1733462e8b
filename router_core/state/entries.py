"""Small values that are kept for a while: sessions and cached answers; and the store of them for one process.

Each value belongs to a space, which says how much it may hold, and to owners, by which it can be forgotten: the tenant,
and the decision that it came from.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

from router_core.clock import Clock

NS_PER_S: Final = 1_000_000_000
_SWEEPS_PER_LIFE: Final = 4
"""How often, within the life of an entry, all entries are looked at for those whose time is over."""


@dataclass(frozen=True, slots=True)
class Space:
    """Where entries of one kind are kept, and how many of them."""

    name: str
    """As ``cache/chat``, ``session/chat``."""
    max_entries: int
    max_bytes: int
    """Of keys and values together. What does not fit puts out the oldest: those that were used longest ago, or, in a
    store that does not count uses, put there longest ago."""


def tenant_owner(tenant: str) -> str:
    """The owner that all entries of a tenant share; a digest, since names of tenants belong into no other table."""
    return f"tenant:{hashlib.blake2b(tenant.encode('utf-8', 'replace'), digest_size=16).hexdigest()}"


def decision_owner(decision_id: str) -> str:
    """The owner of what one decision left."""
    return f"decision:{decision_id}"


class EntryStore(Protocol):
    """Values by space and key.

    Raises, from every method:
        StateUnavailable: the store cannot be used. Whoever asks goes on as if nothing were kept.
    """

    async def get(self, space: Space, key: bytes) -> bytes | None:
        """The value; None when there is none, or its time is over."""
        ...

    async def put(self, space: Space, key: bytes, value: bytes, ttl_s: float, owners: Collection[str]) -> None:
        """Keep a value for ``ttl_s`` seconds in place of the one that is there.

        One that is larger than the space may be is not kept, and leaves none behind.
        """
        ...

    async def delete(self, space: Space, key: bytes) -> None:
        """Give up one value, if it is there."""
        ...

    async def forget(self, owners: Collection[str]) -> int:
        """Give up all that belongs to any of the owners, in every space; how many values that were."""
        ...


@dataclass(frozen=True, slots=True)
class _Entry:
    value: bytes
    expires_ns: int
    owners: frozenset[str]


@dataclass(slots=True)
class _Shelf:
    """One space's entries, those used longest ago first."""

    entries: OrderedDict[bytes, _Entry] = field(default_factory=OrderedDict)
    size: int = 0
    sweep_ns: int = 0

    def take(self, key: bytes) -> _Entry | None:
        entry = self.entries.pop(key, None)
        if entry is not None:
            self.size -= len(key) + len(entry.value)
        return entry


class MemoryEntries:
    """See `EntryStore`. For one event loop; gone with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shelves: dict[str, _Shelf] = {}

    async def get(self, space: Space, key: bytes) -> bytes | None:
        """See `EntryStore.get`."""
        shelf = self._shelves.get(space.name)
        entry = None if shelf is None else shelf.entries.get(key)
        if shelf is None or entry is None:
            return None
        if entry.expires_ns <= self._clock.monotonic_ns():
            shelf.take(key)
            return None
        shelf.entries.move_to_end(key)
        return entry.value

    async def put(self, space: Space, key: bytes, value: bytes, ttl_s: float, owners: Collection[str]) -> None:
        """See `EntryStore.put`."""
        shelf = self._shelves.setdefault(space.name, _Shelf())
        shelf.take(key)
        size = len(key) + len(value)
        if size > space.max_bytes:
            return
        now = self._clock.monotonic_ns()
        life_ns = round(ttl_s * NS_PER_S)
        self._sweep(shelf, now, life_ns)
        shelf.entries[key] = _Entry(value, now + life_ns, frozenset(owners))
        shelf.size += size
        while len(shelf.entries) > space.max_entries or shelf.size > space.max_bytes:
            shelf.take(next(iter(shelf.entries)))

    async def delete(self, space: Space, key: bytes) -> None:
        """See `EntryStore.delete`."""
        shelf = self._shelves.get(space.name)
        if shelf is not None:
            shelf.take(key)

    async def forget(self, owners: Collection[str]) -> int:
        """See `EntryStore.forget`."""
        meant = frozenset(owners)
        count = 0
        for shelf in self._shelves.values():
            for key in [key for key, entry in shelf.entries.items() if not meant.isdisjoint(entry.owners)]:
                shelf.take(key)
                count += 1
        return count

    @staticmethod
    def _sweep(shelf: _Shelf, now: int, life_ns: int) -> None:
        """Give up what is over: what nobody asks for again would otherwise stay until its space is full."""
        if now < shelf.sweep_ns:
            return
        shelf.sweep_ns = now + life_ns // _SWEEPS_PER_LIFE
        for key in [key for key, entry in shelf.entries.items() if entry.expires_ns <= now]:
            shelf.take(key)
