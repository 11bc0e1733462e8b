"""Many rows at once, each database's fastest way. `bulk_of` says which way a connection goes.

The way is an execution option of the engine, so that who has a connection needs to know nothing of its database.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from telemetry import histogram
from telemetry.storage import placed
from telemetry.storage.placed import PLACE, Place, Values

Row: TypeAlias = dict[str, Any]

BULK_OPTION: Final = "routescope_bulk"

_KEYS_A_QUERY = 200


@dataclass(frozen=True, slots=True)
class Part:
    """What comes to a rollup table, or goes from it."""

    table: sa.Table
    sums: tuple[str, ...]
    """Columns that are added up."""
    histograms: tuple[str, ...]
    """Columns whose texts are joined."""
    rows: Sequence[Values]
    """Each with all columns in their order, which end with these; no place twice."""


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

    def held(self, connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any]) -> set[Any]:
        """Which of these values a column holds."""
        found: set[Any] = set()
        for start in range(0, len(values), _KEYS_A_QUERY):
            found.update(connection.scalars(_held(column), {"values": values[start : start + _KEYS_A_QUERY]}))
        return found

    def find(
        self, connection: sa.Connection, asked: Sequence[tuple[sa.Table, Sequence[Place]]]
    ) -> Sequence[Iterable[Sequence[Any]]]:
        """For each rollup table the rows at these places, as far as there are any, and perhaps some others."""
        return [placed.find(connection, table, places) for table, places in asked]

    def add(self, connection: sa.Connection, parts: Sequence[Part]) -> None:
        """Add to what is at these places; what finds nothing there is inserted."""
        found = self.find(connection, [(part.table, _places(part)) for part in parts])
        self.write(connection, [_added(part, rows) for part, rows in zip(parts, found, strict=True)])

    def take(self, connection: sa.Connection, parts: Sequence[Part]) -> None:
        """The inverse of `add`: all of it has to be there."""
        found = self.find(connection, [(part.table, _places(part)) for part in parts])
        self.write(connection, [_taken(part, rows) for part, rows in zip(parts, found, strict=True)])

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


def _places(part: Part) -> list[Place]:
    return [(row[0], row[1], row[2]) for row in part.rows]


def _added(part: Part, found: Iterable[Sequence[Any]]) -> Write:
    fresh = {row[:PLACE]: row for row in part.rows}
    changed = _changed(part, found, fresh, operator.add, histogram.joined)
    return Write(part.table, list(fresh.values()), (*part.sums, *part.histograms), changed)


def _taken(part: Part, found: Iterable[Sequence[Any]]) -> Write:
    less = {row[:PLACE]: row for row in part.rows}
    changed = _changed(part, found, less, operator.sub, histogram.less)
    return Write(part.table, (), (*part.sums, *part.histograms), changed)


def _changed(
    part: Part,
    found: Iterable[Sequence[Any]],
    by_place: dict[Values, Values],
    number: Callable[[int, int], int],
    text: Callable[[str, str], str],
) -> list[Values]:
    """Both together, for each place where something is, which is taken out of ``by_place``."""
    end = len(part.table.columns) - len(part.histograms)
    values, texts = slice(end - len(part.sums), end), slice(end, None)
    changed: list[Values] = []
    for stored in found:
        place = tuple(stored[:PLACE])
        row = by_place.pop(place, None)
        if row is not None:
            sums = map(number, stored[values], row[values])
            changed.append((*sums, *map(text, stored[texts], row[texts]), *place))
    return changed


# Statements are made once a table: making one costs SQLAlchemy more than running it.


@cache
def _insert(table: sa.Table) -> sa.Insert:
    return sa.insert(table)


@cache
def _held(column: sa.Column[Any]) -> sa.Select[Any]:
    return sa.select(column).where(column.in_(sa.bindparam("values", expanding=True)))


@cache
def _known(table: sa.Table) -> sa.Select[Any]:
    keys = table.primary_key.columns
    return sa.select(*keys).where(sa.tuple_(*keys).in_(sa.bindparam("keys", expanding=True)))
