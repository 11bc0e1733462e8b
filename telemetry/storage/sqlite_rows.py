"""How rows travel to SQLite: by the driver's own statements, many rows each, with texts that never change.

The driver keeps what it has prepared by the text, and SQLAlchemy's part of a statement costs more than SQLite's. Many
rows a statement, because the driver lets other threads compute during each step, which is a row of a statement of its
own otherwise: behind a busy event loop the writer would wait for its turn at every row.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from itertools import chain
from operator import itemgetter
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from telemetry import histogram
from telemetry.storage.bulk import Bulk, Part, Row
from telemetry.storage.placed import Values
from telemetry.storage.types import UtcDateTime

_DIALECT: Final = sqlite.dialect()
_JOINED: Final = "routescope_joined"
"""Our function in SQL."""
_LONGEST_MOMENT: Final = len("2026-03-02 09:30:00.000001")
_SIZES: Final = (1, 16, 256)
"""Values that a query looks for; what is missing is filled up with the last, so that there are few texts."""
_ROWS: Final = (16, 8, 4, 2, 1)
"""Rows that a statement inserts. Sixteen of our longest stay below the 999 parameters that an old SQLite takes."""


class Upserting(Bulk):
    """Upserts of rollup rows, which read nothing back: sums are added and histograms joined where they are."""

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """See `Bulk.insert`."""
        if rows:
            _write(connection, list(map(_values(table), rows)), partial(_insert, table))

    def known(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[tuple[Any, ...]]
    ) -> set[tuple[Any, ...]]:
        """See `Bulk.known`."""
        columns = tuple(table.primary_key)
        first = sorted({key[0] for key in keys})
        # By the first column alone: SQLite finds no list of tuples by its index.
        return set(_found(connection, columns, first)).intersection(keys)

    def held(self, connection: sa.Connection, column: sa.Column[Any], values: Sequence[Any]) -> set[Any]:
        """See `Bulk.held`."""
        return {row[0] for row in _found(connection, (column,), values)}

    def add(self, connection: sa.Connection, parts: Sequence[Part]) -> None:
        """See `Bulk.add`."""
        for part in parts:
            _write(connection, part.rows, partial(_upsert, part.table, part.sums, part.histograms))

    def place(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Values]) -> None:
        """See `Bulk.place`."""
        _write(connection, rows, partial(_insert, table))


UPSERTING: Final = Upserting()


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection the function that the upserts call."""
    connection.create_function(_JOINED, 2, histogram.joined, deterministic=True)


def _write(connection: sa.Connection, rows: Sequence[Sequence[Any]], statement_of: Callable[[int], str]) -> None:
    """Run a statement over all rows, as many at a time as there are."""
    driver, start = _driver(connection), 0
    for many in _ROWS:
        while len(rows) - start >= many:
            driver.execute(statement_of(many), list(chain.from_iterable(rows[start : start + many])))
            start += many


@cache
def _insert(table: sa.Table, many: int) -> str:
    marks = ", ".join([f"({', '.join('?' * len(table.columns))})"] * many)
    return f"INSERT INTO {_name(table)} ({_list(table.columns)}) VALUES {marks}"  # noqa: S608 - names are our tables'


@cache
def _upsert(table: sa.Table, sums: tuple[str, ...], histograms: tuple[str, ...], many: int) -> str:
    added = [f"{name} = {name} + excluded.{name}" for name in (_name(table.c[one]) for one in sums)]
    # An empty text is spared the call.
    joined = [
        f"{name} = CASE excluded.{name} WHEN '' THEN {name} ELSE {_JOINED}({name}, excluded.{name}) END"
        for name in (_name(table.c[one]) for one in histograms)
    ]
    changes = ", ".join([*added, *joined])
    return f"{_insert(table, many)} ON CONFLICT ({_list(table.primary_key)}) DO UPDATE SET {changes}"


@cache
def _values(table: sa.Table) -> Callable[[Row], Sequence[Any]]:
    """What turns a row into parameters."""
    read = itemgetter(*(column.name for column in table.columns))
    processors = map(_processor, table.columns)
    written = [(place, process) for place, process in enumerate(processors) if process is not None]

    def values(row: Row) -> list[Any]:
        given = list(read(row))
        for place, process in written:
            given[place] = process(given[place])
        return given

    return values


def _found(
    connection: sa.Connection, columns: tuple[sa.Column[Any], ...], first: Sequence[Any]
) -> Iterator[tuple[Any, ...]]:
    """These columns of the rows whose first one is any of these values."""
    for some in _filled(first):
        yield from _driver(connection).execute(_find(columns, len(some)), some)


@cache
def _find(columns: tuple[sa.Column[Any], ...], size: int) -> str:
    marks = ", ".join("?" * size)
    return f"SELECT {_list(columns)} FROM {_name(columns[0].table)} WHERE {_name(columns[0])} IN ({marks})"  # noqa: S608 - names are our tables'


def _processor(column: sa.Column[Any]) -> Callable[[Any], Any] | None:
    """What SQLAlchemy would do to a value of this column; None where the driver does it by itself."""
    if isinstance(column.type, UtcDateTime):
        return _moment
    if isinstance(column.type, (sa.Boolean, sa.Float)):
        return None
    return column.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _moment(value: datetime | None) -> str | None:
    """As SQLAlchemy writes it, which takes five times as long."""
    if value is None:
        return None
    utc = value if value.tzinfo is None or value.tzinfo is UTC else value.astimezone(UTC)
    # Without the offset behind it.
    return utc.isoformat(" ", "microseconds")[:_LONGEST_MOMENT]


def _filled(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    most = _SIZES[-1]
    for start in range(0, len(values), most):
        some = list(values[start : start + most])
        size = next(size for size in _SIZES if size >= len(some))
        yield some + some[-1:] * (size - len(some))


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    """The driver's own connection, in the transaction of this one."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def _list(columns: Iterable[sa.ColumnElement[Any]]) -> str:
    return ", ".join(map(_name, columns))


def _name(element: sa.Table | sa.ColumnElement[Any]) -> str:
    return str(_DIALECT.identifier_preparer.quote(str(getattr(element, "name"))))  # noqa: B009
