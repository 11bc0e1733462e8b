"""Copies one database to another, whatever the two are; stopped, it goes on where it was.

All is read from one state of the source, which may be in use meanwhile. Facts never change once written, so only those
that the destination lacks are sent: a second copy brings what came since the first. What does change (rollups,
drift, evaluations, states of alerts) is replaced at the end, after all facts were found to be the same on both sides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from telemetry.alerts.tables import (
    ALERT,
    ALERT_ATTEMPT,
    ALERT_DELIVERY,
    ALERT_EVENT,
    ALERT_READING,
    ALERT_RULE,
    ALERT_SILENCE,
)
from telemetry.drift.tables import DRIFT
from telemetry.errors import CopyRefused
from telemetry.storage.api_key import API_KEY
from telemetry.storage.bulk import Row, bulk_of
from telemetry.storage.coverage import COVERED_SINCE_KEY
from telemetry.storage.engine import add, place, reading, writing
from telemetry.storage.evaluation import EVALUATION, EVALUATION_TASK
from telemetry.storage.lease import LEASE
from telemetry.storage.migrations import TABLES
from telemetry.storage.models import BRANCH, CONTENT, META, POLICY_VERSION, REQUEST, ROLLUPS, SPAN
from telemetry.storage.operation import OPERATION, PIPELINE_HOUR
from telemetry.storage.types import is_text

Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told the table, how many of its rows were looked at, and how many there are."""

SLICE: Final = 2000
"""Rows of one transaction, and in memory."""
SOURCE_KEY: Final = "copied_from"
UNCHANGING: Final = (POLICY_VERSION, REQUEST, BRANCH, SPAN, CONTENT, *OPERATION, ALERT_EVENT, ALERT_ATTEMPT)
CHANGING: Final = (
    *(*ROLLUPS, *DRIFT, EVALUATION, EVALUATION_TASK),
    *(ALERT_RULE, ALERT, ALERT_DELIVERY, ALERT_SILENCE, ALERT_READING),
    *(API_KEY, PIPELINE_HOUR),
)
NOT_COPIED: Final = (META, LEASE)
"""Of the first only from when on the raw rows are whole."""
assert {*UNCHANGING, *CHANGING, *NOT_COPIED} == {*TABLES}, "a table that nobody copies"

_PART: Final = 1_000_000_000
"""Sums are taken of these parts of a number: those of moments in nanoseconds would not fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy did."""

    rows: dict[str, int]
    """Rows by table, on both sides."""
    sent: dict[str, int]
    """Those of them that this run wrote."""
    seconds: float


def copy(source: sa.Engine, destination: sa.Engine, progress: Progress = lambda table, done, of: None) -> Copied:
    """Make the destination hold what the source holds, and verify it by counts and sums of every column.

    Args:
        source: best a reader; it is not changed.
        destination: one that writes.

    Raises:
        CopyRefused: the destination holds other data, or the two are not the same at the end.
        Other StorageErrors: one of them cannot be used; run it again, and it goes on.
    """
    began = time.perf_counter()
    with reading(source) as connection:
        _claim(connection, source, destination)
        sent = {table.name: _send_missing(connection, destination, table, progress) for table in UNCHANGING}
        rows = _verified(connection, source, destination, UNCHANGING)
        since = connection.scalar(sa.select(META.c.value).where(META.c.key == COVERED_SINCE_KEY))
        _set_meta(destination, COVERED_SINCE_KEY, since)
        sent |= {table.name: _send_all(connection, destination, table, progress) for table in CHANGING}
        rows |= _verified(connection, source, destination, CHANGING)
    with writing(destination) as connection:
        for table in TABLES:
            # Both databases know this word. What was just filled would be searched by guesses otherwise.
            connection.exec_driver_sql(f"ANALYZE {table.name}")
    return Copied(rows, sent, time.perf_counter() - began)


def _claim(connection: sa.Connection, source: sa.Engine, destination: sa.Engine) -> None:
    """Note in an empty destination where its data come from; refuse one whose data come from elsewhere."""
    from_, to = place(source), place(destination)
    if from_ == to:
        raise CopyRefused(f"{to}: the source and the destination are the same database; name two")
    with reading(destination) as there:
        marked = there.scalar(sa.select(META.c.value).where(META.c.key == SOURCE_KEY))
        full = [table.name for table in (*UNCHANGING, *CHANGING) if there.execute(sa.select(table).limit(1)).first()]
        newest = there.execute(sa.select(REQUEST.c.span_id).order_by(REQUEST.c.ts.desc()).limit(1)).scalar()
    if marked != from_ and full:
        other = f"it was copied from {marked}" if marked else f"it holds data of its own (in {', '.join(full)})"
        raise CopyRefused(f"{to}: {other}; name an empty destination")
    if newest is not None and not bulk_of(connection).known(connection, REQUEST, [(newest,)]):
        raise CopyRefused(
            f"{to}: it has decisions that {from_} has not, made here or erased there since; name an empty destination"
        )
    if marked is None:
        _set_meta(destination, SOURCE_KEY, from_)


def _set_meta(destination: sa.Engine, key: str, value: str | None) -> None:
    with writing(destination) as connection:
        connection.execute(sa.delete(META).where(META.c.key == key))
        if value is not None:
            connection.execute(sa.insert(META).values(key=key, value=value))


def _send_missing(connection: sa.Connection, destination: sa.Engine, table: sa.Table, progress: Progress) -> int:
    with reading(destination) as there:
        empty = there.execute(sa.select(table).limit(1)).first() is None
    sent = 0
    for rows in _slices(connection, table, progress):
        sent += add(destination, partial(_insert_missing, table, rows, empty))
    return sent


def _insert_missing(table: sa.Table, rows: list[Row], empty: bool, there: sa.Connection) -> int:
    if not empty:
        keys = {_key(table, row): row for row in rows}
        for key in bulk_of(there).known(there, table, list(keys)):
            del keys[key]
        rows = list(keys.values())
    bulk_of(there).insert(there, table, rows)
    return len(rows)


def _send_all(connection: sa.Connection, destination: sa.Engine, table: sa.Table, progress: Progress) -> int:
    with writing(destination) as there:
        there.execute(sa.delete(table))
    sent = 0
    for rows in _slices(connection, table, progress):
        with writing(destination) as there:
            bulk_of(there).insert(there, table, rows)
        sent += len(rows)
    return sent


def _slices(connection: sa.Connection, table: sa.Table, progress: Progress) -> Iterator[list[Row]]:
    """All rows as they lie, which for facts is about the order of time."""
    number = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
    done = 0
    progress(table.name, done, number)
    result = connection.execute(sa.select(table).execution_options(yield_per=SLICE))
    for some in result.mappings().partitions(SLICE):
        yield [dict(row) for row in some]
        done += len(some)
        progress(table.name, done, number)


def _key(table: sa.Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key)


def _verified(
    connection: sa.Connection, source: sa.Engine, destination: sa.Engine, tables: tuple[sa.Table, ...]
) -> dict[str, int]:
    """Rows by table, after all counts and sums were found to be the same."""
    counts: dict[str, int] = {}
    with reading(destination) as there:
        for table in tables:
            wanted, found = _sums(connection, table), _sums(there, table)
            if wanted != found:
                differing = (name for name in wanted if wanted[name] != found[name])
                different = ", ".join(f"{name}: {found[name]} for {wanted[name]}" for name in differing)
                raise CopyRefused(
                    f"{place(destination)}: table {table.name} is not that of {place(source)} ({different});"
                    " copy again into an empty destination"
                )
            counts[table.name] = wanted["rows"]
    return counts


def _sums(connection: sa.Connection, table: sa.Table) -> dict[str, int]:
    sums: list[sa.ColumnElement[Any]] = [sa.func.count().label("rows")]
    for column in table.columns:
        if isinstance(column.type, sa.Integer):
            whole = sa.cast(column, sa.BigInteger)
            parts = (("", whole // _PART), (" rest", whole % _PART))
            sums += [sa.func.coalesce(sa.func.sum(part), 0).label(f"{column.name}{name}") for name, part in parts]
        elif is_text(column):
            sums.append(sa.func.coalesce(sa.func.sum(sa.func.length(column)), 0).label(f"{column.name} length"))
        else:
            sums.append(sa.func.count(column).label(f"{column.name} known"))
    return dict(connection.execute(sa.select(*sums).select_from(table)).mappings().one())
