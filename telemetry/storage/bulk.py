"""Many rows at once, each database's fastest way. `bulk_of` says which way a connection goes.

The way is an execution option of the engine, so that who has a connection needs to know nothing of its database.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage import placed
from telemetry.storage.placed import Place, Values

Row: TypeAlias = dict[str, Any]

BULK_OPTION: Final = "routescope_bulk"

_KEYS_A_QUERY = 200


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

    def find(self, connection: sa.Connection, table: sa.Table, places: Sequence[Place]) -> Iterable[Sequence[Any]]:
        """The rollup rows at these places, as far as there are any, and perhaps some others."""
        return placed.find(connection, table, places)

    def place(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Values]) -> None:
        """Insert rollup rows, each with all columns in their order."""
        placed.insert(connection, table, rows)

    def change(
        self, connection: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Values]
    ) -> None:
        """Set columns of rollup rows that are there: each row is the columns' values, then its place."""
        placed.change(connection, table, columns, rows)


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
