"""Sessions and cached answers in the tables of shared state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from router_core.state.entries import Space
from router_core.state.operations import ForgetEntries, GetEntry, PutEntry
from router_core.state.statements import Row, Statements

ENTRY_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS {p}entry (
        space {text} NOT NULL, key {bytes} NOT NULL, value {bytes} NOT NULL, size BIGINT NOT NULL,
        put_at BIGINT NOT NULL, expires BIGINT NOT NULL, PRIMARY KEY (space, key))""",
    "CREATE INDEX IF NOT EXISTS {p}ix_entry_age ON {p}entry (space, put_at, size)",
    "CREATE INDEX IF NOT EXISTS {p}ix_entry_expires ON {p}entry (expires)",
    """CREATE TABLE IF NOT EXISTS {p}entry_owner (
        owner {text} NOT NULL, space {text} NOT NULL, key {bytes} NOT NULL, PRIMARY KEY (owner, space, key))""",
    "CREATE INDEX IF NOT EXISTS {p}ix_entry_owner_key ON {p}entry_owner (space, key)",
)
_SPARE: Final = 16
"""A space that is full makes room for so many at once, so that not every value has to be weighed against all others."""


@dataclass(frozen=True, slots=True)
class Entries:
    """Statements of one transaction; see `EntryStore` for what they do. ``now_ns`` is the wall clock."""

    on: Statements
    prefix: str
    now_ns: int

    def get(self, asked: GetEntry) -> bytes | None:
        """The value, unless its time is over."""
        sql = "SELECT value FROM {p}entry WHERE space = ? AND key = ? AND expires > ?"
        rows = self._run(sql, asked.space, asked.key, self.now_ns)
        return bytes(rows[0][0]) if rows else None

    def put(self, entry: PutEntry) -> None:
        """Keep a value; the space lets go of those put first when it is full."""
        space = entry.space
        self.delete(space.name, entry.key)
        size = len(entry.key) + len(entry.value)
        if size > space.max_bytes:
            return
        self._make_room(space, size)
        self._run(
            "INSERT INTO {p}entry VALUES (?, ?, ?, ?, ?, ?)",
            *(space.name, entry.key, entry.value, size, self.now_ns, entry.expires_ns),
        )
        owners = [(owner, space.name, entry.key) for owner in dict.fromkeys(entry.owners)]
        if owners:
            self.on.run_many(self._named("INSERT INTO {p}entry_owner VALUES (?, ?, ?)"), owners)

    def delete(self, space: str, key: bytes) -> None:
        """Give up one value."""
        if self._run("DELETE FROM {p}entry WHERE space = ? AND key = ? RETURNING size", space, key):
            self._run("DELETE FROM {p}entry_owner WHERE space = ? AND key = ?", space, key)

    def forget(self, asked: ForgetEntries) -> int:
        """Give up all that belongs to any of the owners; how many values that were."""
        found: dict[tuple[str, bytes], None] = {}
        for owner in asked.owners:
            rows = self._run("SELECT space, key FROM {p}entry_owner WHERE owner = ?", owner)
            found.update({(space, bytes(key)): None for space, key in rows})
        for space, key in found:
            self.delete(space, key)
        return len(found)

    def sweep(self) -> None:
        """Give up what is over."""
        for space, key in self._run("SELECT space, key FROM {p}entry WHERE expires <= ?", self.now_ns):
            self.delete(space, bytes(key))

    def _make_room(self, space: Space, size: int) -> None:
        ((count, held),) = self._run(
            "SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM {p}entry WHERE space = ?", space.name
        )
        if count < space.max_entries and held + size <= space.max_bytes:
            return
        sql = "SELECT key, size FROM {p}entry WHERE space = ? ORDER BY put_at LIMIT ?"
        spare = min(_SPARE, space.max_entries)
        while held + size > space.max_bytes or count > space.max_entries - spare:
            oldest = self._run(sql, space.name, _SPARE)
            if not oldest:
                return
            for key, freed in oldest:
                self.delete(space.name, bytes(key))
                count, held = count - 1, held - freed
                if held + size <= space.max_bytes and count <= space.max_entries - spare:
                    break

    def _run(self, sql: str, *values: Any) -> list[Row]:
        return self.on.run(self._named(sql), values)

    def _named(self, sql: str) -> str:
        return sql.replace("{p}", self.prefix)
