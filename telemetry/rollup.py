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

from telemetry import dearest, histogram
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
    verdict_cells,
)
from telemetry.levels import ALWAYS, BRANCHES, FAMILIES, HOURS_A_DAY, REQUESTS, SCORES, VERDICTS, Family
from telemetry.places import Places
from telemetry.storage.bulk import Part, bulk_of
from telemetry.storage.coverage import covered_since
from telemetry.storage.models import BRANCH, REQUEST
from telemetry.storage.placed import PLACE, Values

Progress: TypeAlias = Callable[[float], None]
"""Is told the share that is done, 0..1."""

SECONDS_PER_HOUR = 3600
_TIME = 1
"""Which of them is the hour or day."""
_ROWS_A_READ = 2000
_PLACES = {family: Places(family) for family in FAMILIES}


def update(connection: sa.Connection, requests: Sequence[Row], branches: Sequence[Row]) -> None:
    """Count rows that this transaction has just inserted. Each row must come here once.

    All that can be made ready is, before the lock is taken: other writers wait for it.
    """
    bulk, parts = bulk_of(connection), _parts(_counted(requests, branches))
    bulk.lock(connection)
    bulk.add(connection, parts)
    dearest.add(connection, requests)


def discount(connection: sa.Connection, requests: Sequence[Row], branches: Sequence[Row]) -> None:
    """Take back rows that this transaction has deleted: the inverse of `update`. Each must have been counted."""
    counted = _counted(requests, branches)
    bulk_of(connection).take(connection, _parts(counted))
    for family, cells in counted:
        hours = {key[0] for key in cells}
        for table, times in ((family.hours, hours), (family.days, {hour // HOURS_A_DAY for hour in hours})):
            empty = table.c[family.sums[0]] == 0
            connection.execute(sa.delete(table).where(list(table.c)[_TIME].in_(times), empty))
    dearest.take(connection, requests)


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
        if facts is REQUEST:
            dearest.rebuild(connection, first // HOURS_A_DAY, last // HOURS_A_DAY)
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


def cell_of(family: Family, time: str, row: Mapping[Any, Any]) -> tuple[Key, Cell]:
    """A stored row's key and its cell; ``time`` is the column of its hour or day."""
    names = (row[name] for name in family.dimensions)
    key = (row[time], row["purpose"], bool(row["simulated"]), *names)
    texts = [histogram.decode(row[name]) for name in family.histograms]
    return key, Cell([row[name] for name in family.sums], texts)


def forget_tenant(connection: sa.Connection, tenant: str) -> None:
    """Take a tenant out of every rollup, its share of what all tenants have together included. Days follow hours."""
    for family in FAMILIES:
        for table in (family.hours, family.days):
            finest = sa.select(table).where(table.c.level == family.finest, table.c.tenant == tenant)
            stored = connection.execute(finest.order_by(list(table.c)[_TIME])).all()
            for _, rows in groupby(stored, lambda row: row[_TIME]):
                cells = dict(_cell_of(family, row) for row in rows)
                theirs = Part(table, family.sums, family.histograms, _rows(by_level(family, table, cells)))
                bulk_of(connection).take(connection, [theirs])
            connection.execute(sa.delete(table).where(table.c[family.sums[0]] == 0))
    dearest.forget_tenant(connection, tenant)


def _counted(requests: Sequence[Row], branches: Sequence[Row]) -> tuple[tuple[Family, Cells], ...]:
    return (
        (REQUESTS, request_cells(requests)),
        (VERDICTS, verdict_cells(requests)),
        (BRANCHES, branch_cells(branches)),
        (SCORES, score_cells(branches)),
    )


def _parts(counted: Iterable[tuple[Family, Cells]]) -> list[Part]:
    """What cells by hour are to all tables."""
    return [part for family, cells in counted if cells for part in _PLACES[family].parts(cells)]


def _insert(connection: sa.Connection, family: Family, table: sa.Table, cells: Cells) -> None:
    """Write the finest cells and their levels, of whose hours or days nothing is stored."""
    bulk_of(connection).place(connection, table, _rows(by_level(family, table, cells)))


def _rows(levels: Mapping[int, Cells]) -> list[Values]:
    """In the order of the columns."""
    return [
        (level, key[0], number_of(key), *key[1:], *cell.sums, *map(histogram.encode, cell.histograms))
        for level, cells in levels.items()
        for key, cell in cells.items()
    ]


def _columns(family: Family) -> tuple[slice, slice]:
    """Where a stored row has its sums and its histograms."""
    first = PLACE + len(ALWAYS) + len(family.dimensions)
    end = first + len(family.sums)
    return slice(first, end), slice(end, None)


def _cell_of(family: Family, row: Sequence[Any]) -> tuple[Key, Cell]:
    """A stored row's key and its cell."""
    values, texts = _columns(family)
    key = (row[_TIME], *row[PLACE : values.start])
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
    (REQUEST, ((REQUESTS, request_cells), (VERDICTS, verdict_cells))),
    (BRANCH, ((BRANCHES, branch_cells), (SCORES, score_cells))),
)
