"""Rollup rows found and written by their place: level, time and key.

The SQL is SQLAlchemy's, compiled once a shape, and run by the driver: a decision changes some thirty rows, and binding
parameters anew for each of them would cost more than the database does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import sqlalchemy as sa

Place: TypeAlias = tuple[int, int, int]
"""Level, hour or day, and key: the primary key."""
Values: TypeAlias = tuple[Any, ...]

PLACE = 3
"""Columns of a place."""
PLACES_A_QUERY = 200
_SHAPES = 512
"""Statements that are kept; lone decisions have few shapes, batches many."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as the driver takes it."""

    text: str
    names: tuple[str, ...]
    positional: bool

    def parameters(self, values: Values) -> Any:
        """Values in the order of ``names``, as the driver wants them."""
        return values if self.positional else dict(zip(self.names, values, strict=True))


def find(connection: sa.Connection, table: sa.Table, places: Sequence[Place]) -> Iterable[Sequence[Any]]:
    """The rows at these places, as far as there are any, and perhaps some others; in the order of the columns."""
    ordered = sorted(places)
    for start in range(0, len(ordered), PLACES_A_QUERY):
        some = ordered[start : start + PLACES_A_QUERY]
        lists = [sorted(set(part)) for part in zip(*some, strict=True)]
        statement = _find(connection.dialect, table, *(len(part) for part in lists))
        values = tuple(value for part in lists for value in part)
        yield from connection.exec_driver_sql(statement.text, statement.parameters(values))


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Values]) -> None:
    """Insert rows, each with all columns in their order."""
    if rows:
        statement = _insert(connection.dialect, table)
        connection.exec_driver_sql(statement.text, [statement.parameters(row) for row in rows])


def change(connection: sa.Connection, table: sa.Table, columns: tuple[str, ...], rows: Sequence[Values]) -> None:
    """Set columns of rows that are there: each row is the columns' values, then its place."""
    if rows:
        statement = _change(connection.dialect, table, columns)
        connection.exec_driver_sql(statement.text, [statement.parameters(row) for row in rows])


@lru_cache(_SHAPES)
def _find(dialect: sa.Dialect, table: sa.Table, *sizes: int) -> _Compiled:
    # Not as tuples: SQLite reads the whole table for (a, b, c) IN (...). Its index finds the product of three lists,
    # little more than the places themselves since they come sorted.
    columns = list(table.primary_key.columns)
    names = tuple(
        f"{column.name}_{number}" for column, size in zip(columns, sizes, strict=True) for number in range(size)
    )
    conditions = [
        column.in_([sa.bindparam(f"{column.name}_{number}", type_=column.type) for number in range(size)])
        for column, size in zip(columns, sizes, strict=True)
    ]
    return _compiled(dialect, sa.select(table).where(*conditions), names)


@lru_cache(_SHAPES)
def _insert(dialect: sa.Dialect, table: sa.Table) -> _Compiled:
    return _compiled(dialect, sa.insert(table), tuple(column.name for column in table.columns))


@lru_cache(_SHAPES)
def _change(dialect: sa.Dialect, table: sa.Table, columns: tuple[str, ...]) -> _Compiled:
    keys = list(table.primary_key.columns)
    statement = (
        sa.update(table)
        .where(*(column == sa.bindparam(f"at_{column.name}") for column in keys))
        .values({name: sa.bindparam(name) for name in columns})
    )
    return _compiled(dialect, statement, (*columns, *(f"at_{column.name}" for column in keys)))


def _compiled(dialect: sa.Dialect, statement: sa.Executable, names: tuple[str, ...]) -> _Compiled:
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    ordered = tuple(compiled.positiontup or names)
    if ordered != names:
        raise AssertionError(f"a statement's parameters came as {ordered}, not as {names}")
    return _Compiled(str(compiled), names, bool(compiled.positional))
