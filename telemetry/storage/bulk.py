"""Many rows at once, each database's fastest way. `bulk_of` says which way a connection goes.

The way is an execution option of the engine, so that who has a connection needs to know nothing of its database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage import placed
from telemetry.storage.placed import Place, Values

Row: TypeAlias = dict[str, Any]

BULK_OPTION: Final = "routescope_bulk"

_KEYS_A_QUERY = 200


@dataclass(frozen=True, slots=True)
class Write:
    """What becomes of a rollup table."""

    table: sa.Table
    fresh: Sequence[Values]
    """New rows, each with all columns in their order."""
    columns: tuple[str, ...]
    changed: Sequence[Values]
    """Of rows that are there: the values of ``columns``, then the place."""


class Bulk:
    """With SQLAlchemy's own statements: right on every database that lets one writer in at a time."""

    def lock(self, connection: sa.Connection) -> None:
        """From here on to the end of the transaction, be the only one who changes what writers share."""

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """Insert rows that are not there yet; each has all columns of the table."""
        if rows:
            connection.execute(_insert(table), rows)

    def known(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[tuple[Any, ...]]
    ) -> set[tuple[Any, ...]]:
        """Which of these primary keys the table holds."""
        found: set[tuple[Any, ...]] = set()
        for start in range(0, len(keys), _KEYS_A_QUERY):
            rows = connection.execute(_known(table), {"keys": keys[start : start + _KEYS_A_QUERY]})
            found.update(tuple(row) for row in rows)
        return found

    def find(
        self, connection: sa.Connection, asked: Sequence[tuple[sa.Table, Sequence[Place]]]
    ) -> Sequence[Iterable[Sequence[Any]]]:
        """For each rollup table the rows at these places, as far as there are any, and perhaps some others."""
        return [placed.find(connection, table, places) for table, places in asked]

    def place(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Values]) -> None:
        """Insert rollup rows, each with all columns in their order."""
        placed.insert(connection, table, rows)

    def write(self, connection: sa.Connection, writes: Sequence[Write]) -> None:
        """Insert and change rollup rows."""
        for one in writes:
            placed.insert(connection, one.table, one.fresh)
            placed.change(connection, one.table, one.columns, one.changed)


_PORTABLE: Final = Bulk()


def bulk_of(connection: sa.Connection) -> Bulk:
    """The way of this connection's database."""
    found = connection.get_execution_options().get(BULK_OPTION, _PORTABLE)
    assert isinstance(found, Bulk)
    return found


# Statements are made once a table: making one costs SQLAlchemy more than running it.


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@cache
def _known(table: sa.Table) -> sa.Select[Any]:
    keys = table.primary_key.columns
    return sa.select(*keys).where(sa.tuple_(*keys).in_(sa.bindparam("keys", expanding=True)))
