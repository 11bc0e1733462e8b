"""Rollups: updated in the transaction that writes the rows, and rebuilt from the rows when asked.

Both ways go through the same cells, so a rebuild gives the same tables, for as long as the raw rows are kept. Days
are the sums of their hours, and coarse levels of fine ones: whatever changes the finest hours makes the rest anew from
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeAlias

import sqlalchemy as sa

from telemetry import histogram
from telemetry.cells import (
    BRANCH_COLUMNS,
    NS_PER_HOUR,
    REQUEST_COLUMNS,
    Cell,
    Cells,
    Key,
    Row,
    branch_cells,
    by_day,
    by_level,
    number_of,
    request_cells,
    score_cells,
)
from telemetry.levels import ALWAYS, BRANCHES, FAMILIES, HOURS_A_DAY, REQUESTS, SCORES, Family
from telemetry.storage.bulk import Write, bulk_of
from telemetry.storage.coverage import covered_since
from telemetry.storage.models import BRANCH, REQUEST
from telemetry.storage.placed import Place

Progress: TypeAlias = Callable[[float], None]
"""Is told the share that is done, 0..1."""

_Part: TypeAlias = tuple[Family, sa.Table, dict[Place, tuple[Key, Cell]]]
"""Cells on their way into a table, by place."""

SECONDS_PER_HOUR = 3600
_PLACE = 3
"""Columns of the primary key."""
_TIME = 1
"""Which of them is the hour or day."""
_ROWS_A_READ = 2000


def update(connection: sa.Connection, requests: Sequence[Row], branches: Sequence[Row]) -> None:
    """Count rows that this transaction has just inserted. Each row must come here once.

    All that can be made ready is, before the lock is taken: other writers wait for it.
    """
    cells = ((REQUESTS, request_cells(requests)), (BRANCHES, branch_cells(branches)), (SCORES, score_cells(branches)))
    ready = [part for family, some in cells for part in _ready(family, some)]
    bulk_of(connection).lock(connection)
    _merge(connection, ready)


def discount(connection: sa.Connection, requests: Sequence[Row], branches: Sequence[Row]) -> None:
    """Take back rows that this transaction has deleted: the inverse of `update`. Each must have been counted."""
    counted = ((REQUESTS, request_cells(requests)), (BRANCHES, branch_cells(branches)), (SCORES, score_cells(branches)))
    for family, cells in counted:
        _count(connection, family, {key: cell.minus() for key, cell in cells.items()})
        hours = {key[0] for key in cells}
        for table, times in ((family.hours, hours), (family.days, {hour // HOURS_A_DAY for hour in hours})):
            empty = table.c[family.sums[0]] == 0
            connection.execute(sa.delete(table).where(list(table.c)[_TIME].in_(times), empty))


def rebuild(engine: sa.Engine, progress: Progress = lambda share: None) -> None:
    """Make all tables anew from the raw rows, in one transaction; memory is bounded by one day's cells.

    Only what raw rows still cover is touched: hours before the oldest raw row stay as they are, and so does what was
    pruned (see telemetry.storage.coverage), although late rows may lie there.
    """
    with engine.begin() as connection:
        rebuild_within(connection, progress)


def rebuild_within(connection: sa.Connection, progress: Progress = lambda share: None) -> None:
    """`rebuild`, within the caller's transaction."""
    since = covered_since(connection)
    for number, (facts, families) in enumerate(_SOURCES):
        covered = sa.true() if since is None else facts.c.ts >= since
        # Two statements: SQLite answers min and max from an index only when asked for one of them.
        ends = [connection.scalar(sa.select(end(facts.c.ts)).where(covered)) for end in (sa.func.min, sa.func.max)]
        if None in ends:
            continue
        first, last = (int(end.timestamp()) // SECONDS_PER_HOUR for end in ends)
        for family, _ in families:
            connection.execute(sa.delete(family.hours).where(family.hours.c.hour >= first))
        for hour, rows in _hours(connection, facts, covered):
            for family, cells_of in families:
                insert_hours(connection, family, cells_of(rows))
            progress((number + (hour - first) / (last - first + 1)) / len(_SOURCES))
        for family, _ in families:
            days_from_hours(connection, family, first // HOURS_A_DAY)
    progress(1.0)


def days_from_hours(connection: sa.Connection, family: Family, first_day: int) -> None:
    """Make the days from ``first_day`` on anew, as sums of their hours."""
    hours, days = family.hours, family.days
    connection.execute(sa.delete(days).where(days.c.day >= first_day))
    finest = (
        sa.select(hours)
        .where(hours.c.level == family.finest, hours.c.hour >= first_day * HOURS_A_DAY)
        .order_by(hours.c.hour)
        .execution_options(yield_per=_ROWS_A_READ)
    )
    stored = connection.execute(finest)
    for _, rows in groupby(stored, lambda row: row.hour // HOURS_A_DAY):
        _insert(connection, family, days, by_day(dict(_cell_of(family, row) for row in rows)))


def insert_hours(connection: sa.Connection, family: Family, cells: Cells) -> None:
    """Write the finest cells of whole hours, of which nothing is stored yet, with their levels; no days."""
    _insert(connection, family, family.hours, cells)


def forget_tenant(connection: sa.Connection, tenant: str) -> None:
    """Take a tenant out of every rollup, its share of what all tenants have together included. Days follow hours."""
    for family in FAMILIES:
        for table in (family.hours, family.days):
            finest = sa.select(table).where(table.c.level == family.finest, table.c.tenant == tenant)
            stored = connection.execute(finest.order_by(list(table.c)[_TIME])).all()
            for _, rows in groupby(stored, lambda row: row[_TIME]):
                cells = dict(_cell_of(family, row) for row in rows)
                less = {key: cell.minus() for key, cell in cells.items()}
                _merge(connection, [(family, table, _placed(by_level(family, table, less)))])
            connection.execute(sa.delete(table).where(table.c[family.sums[0]] == 0))


def _count(connection: sa.Connection, family: Family, cells: Cells) -> None:
    _merge(connection, _ready(family, cells))


def _ready(family: Family, cells: Cells) -> list[_Part]:
    """What `_merge` takes, for both tables of a family, from the finest cells."""
    if not cells:
        return []
    tables = ((family.hours, cells), (family.days, by_day(cells)))
    return [(family, table, _placed(by_level(family, table, some))) for table, some in tables]


def _merge(connection: sa.Connection, parts: Sequence[_Part]) -> None:
    """Add cells to what tables hold at their places."""
    bulk = bulk_of(connection)
    found = bulk.find(connection, [(table, list(fresh)) for _, table, fresh in parts])
    bulk.write(connection, [_added(*part, rows) for part, rows in zip(parts, found, strict=True)])


def _added(
    family: Family, table: sa.Table, fresh: dict[Place, tuple[Key, Cell]], found: Iterable[Sequence[Any]]
) -> Write:
    changed: list[tuple[Any, ...]] = []
    values, texts = _columns(family)
    for stored in found:
        place = (stored[0], stored[1], stored[2])
        there = fresh.pop(place, None)
        if there is not None:
            cell = there[1]
            sums = [one + more for one, more in zip(stored[values], cell.sums, strict=True)]
            changed.append((*sums, *map(histogram.merge, stored[texts], cell.histograms), *place))
    return Write(table, _rows(fresh), (*family.sums, *family.histograms), changed)


def _insert(connection: sa.Connection, family: Family, table: sa.Table, cells: Cells) -> None:
    """Write the finest cells and their levels, of whose hours or days nothing is stored."""
    bulk_of(connection).place(connection, table, _rows(_placed(by_level(family, table, cells))))


def _placed(levels: Mapping[int, Cells]) -> dict[Place, tuple[Key, Cell]]:
    return {
        (level, key[0], number_of(key)): (key, cell) for level, cells in levels.items() for key, cell in cells.items()
    }


def _rows(cells: Mapping[Place, tuple[Key, Cell]]) -> list[tuple[Any, ...]]:
    """In the order of the columns."""
    return [
        (*place, *key[1:], *cell.sums, *map(histogram.encode, cell.histograms)) for place, (key, cell) in cells.items()
    ]


def _columns(family: Family) -> tuple[slice, slice]:
    """Where a stored row has its sums and its histograms."""
    first = _PLACE + len(ALWAYS) + len(family.dimensions)
    end = first + len(family.sums)
    return slice(first, end), slice(end, None)


def _cell_of(family: Family, row: Sequence[Any]) -> tuple[Key, Cell]:
    """A stored row's key and its cell."""
    values, texts = _columns(family)
    key = (row[_TIME], *row[_PLACE : values.start])
    return key, Cell(list(row[values]), [histogram.decode(text) for text in row[texts]])


def _hours(
    connection: sa.Connection, facts: sa.Table, covered: sa.ColumnElement[bool]
) -> Iterator[tuple[int, list[Row]]]:
    """The raw rows by hour, oldest first."""
    names = REQUEST_COLUMNS if facts is REQUEST else BRANCH_COLUMNS
    statement: sa.Select[Any] = (
        sa.select(*(facts.c[name] for name in names))
        .where(covered)
        .order_by(facts.c.ts)
        .execution_options(yield_per=_ROWS_A_READ)
    )
    rows: Iterable[Mapping[Any, Any]] = connection.execute(statement).mappings()
    for hour, some in groupby(rows, lambda row: row["start_ns"] // NS_PER_HOUR):
        yield hour, [dict(row) for row in some]


_SOURCES: tuple[tuple[sa.Table, tuple[tuple[Family, Callable[[Iterable[Row]], Cells]], ...]], ...] = (
    (REQUEST, ((REQUESTS, request_cells),)),
    (BRANCH, ((BRANCHES, branch_cells), (SCORES, score_cells))),
)
