"""Many rows at once, each database's fastest way. `bulk_of` says which way a connection goes.

The way is an execution option of the engine, so that who has a connection needs to know nothing of its database.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

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

    def find(self, connection: sa.Connection, table: sa.Table, keys: Sequence[tuple[Any, ...]]) -> list[sa.Row[Any]]:
        """The rows that have these primary keys, as far as there are any, in no order."""
        found: list[sa.Row[Any]] = []
        for start in range(0, len(keys), _KEYS_A_QUERY):
            found += connection.execute(_find(table), {"keys": keys[start : start + _KEYS_A_QUERY]})
        return found

    def known(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[tuple[Any, ...]]
    ) -> set[tuple[Any, ...]]:
        """Which of these primary keys the table holds."""
        found: set[tuple[Any, ...]] = set()
        for start in range(0, len(keys), _KEYS_A_QUERY):
            rows = connection.execute(_known(table), {"keys": keys[start : start + _KEYS_A_QUERY]})
            found.update(tuple(row) for row in rows)
        return found

    def put(self, connection: sa.Connection, table: sa.Table, fresh: Sequence[Row], changed: Sequence[Row]) -> None:
        """Insert fresh rows, and put others in the place of those that have their primary keys."""
        self.insert(connection, table, fresh)
        if changed:
            names = [column.name for column in table.primary_key]
            keyed = [{**row, **{f"key_{name}": row[name] for name in names}} for row in changed]
            connection.execute(_update(table), keyed)


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
def _find(table: sa.Table) -> sa.Select[Any]:
    return sa.select(table).where(sa.tuple_(*table.primary_key.columns).in_(sa.bindparam("keys", expanding=True)))


@cache
def _known(table: sa.Table) -> sa.Select[Any]:
    keys = table.primary_key.columns
    return sa.select(*keys).where(sa.tuple_(*keys).in_(sa.bindparam("keys", expanding=True)))


@cache
def _update(table: sa.Table) -> sa.Update:
    changed = [column for column in table.columns if not column.primary_key]
    return (
        sa.update(table)
        .where(*(column == sa.bindparam(f"key_{column.name}") for column in table.primary_key))
        .values({column: sa.bindparam(column.name) for column in changed})
    )
