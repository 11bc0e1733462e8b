"""SQL on a connection, in the words that SQLite and PostgreSQL have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

Row: TypeAlias = tuple[Any, ...]


class Statements(Protocol):
    """A connection within a transaction. Placeholders are question marks."""

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Do one statement; its rows, if it has any."""
        ...

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Do one statement once for each row."""
        ...
