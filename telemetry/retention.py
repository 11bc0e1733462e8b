"""How long raw rows are kept: decisions and incidents N days, prompts and answers M days, rollups and drift findings
for ever.

Days are whole days of UTC, so that a pruned day is gone and a kept one is whole: what is computed from raw rows can
tell which days it may compute anew (`telemetry.storage.coverage`). All rows of a decision go together, by the day on
which it began.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telemetry.alerts.erasure import forget_events_before
from telemetry.alerts.tables import ALERT_ATTEMPT, ALERT_READING
from telemetry.drift.tables import DRIFT_METRIC, DRIFT_RUN
from telemetry.storage.coverage import give_up_before
from telemetry.storage.engine import reading, writing
from telemetry.storage.erase import FOUND_AT_ONCE, Found, delete_traces, forget_deleted_content
from telemetry.storage.evaluation import EVALUATION, EVALUATION_TASK
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN
from telemetry.storage.operation import INCIDENT, JOB_RUN, PIPELINE_HOUR, PIPELINE_SAMPLE, SAMPLE_DAYS, TABLE_SIZE
from telemetry.storage.slices import Counts, Slices

_PRUNED = tuple(
    table.name for table in (REQUEST, BRANCH, SPAN, CONTENT, EVALUATION, EVALUATION_TASK, DRIFT_RUN, INCIDENT)
)
_SAMPLES = (
    *(PIPELINE_SAMPLE.c.ts, PIPELINE_HOUR.c.seen, JOB_RUN.c.started, TABLE_SIZE.c.taken),
    *(ALERT_READING.c.ts, ALERT_ATTEMPT.c.ts),
)
_PIECE = timedelta(hours=6)
"""What is removed at once of rows that come by the minute, whoever gives them."""
GRACE = timedelta(days=1)
"""Rows without a decision go this much later: they may belong to one that began before midnight, by another clock."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or would be."""

    rows_before: datetime | None
    """Decisions from before this moment are gone; None: all are kept."""
    content_before: datetime | None
    """Prompts and answers of decisions from before this moment are gone."""
    removed: dict[str, int]
    """Rows by table."""
    seconds: float
    longest_hold_ms: float
    """The longest that one transaction has held the database; 0 when nothing was written."""

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to remove."""
        return not any(self.removed.values())


def start_of_kept(days: int, now: datetime) -> datetime:
    """The midnight, UTC, from which on rows are kept when ``days`` whole days before today are."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=days)


def prune(
    engine: sa.Engine,
    *,
    keep_days: int | None,
    keep_content_days: int | None,
    now: datetime | None = None,
    slices: Slices | None = None,
) -> Pruned:
    """Remove what is older than it may get, in short transactions: decisions are written meanwhile as usual.

    It can be stopped at any time; every decision is then there or gone, and the next run goes on. Doing it twice
    removes nothing more.

    Args:
        keep_days: of decisions with all that belongs to them; None keeps them for ever.
        keep_content_days: of prompts and answers; None keeps them as long as their decisions.
        now: tells which day is today.

    Raises:
        StorageError: the database cannot be used.
    """
    began = time.perf_counter()
    slices = slices or Slices(engine)
    rows_before, content_before = _cutoffs(keep_days, keep_content_days, now)
    counts: Counts = Counter(dict.fromkeys(_PRUNED, 0))
    if rows_before is not None:
        with writing(engine) as connection:
            give_up_before(connection, rows_before)
        counts.update(_prune_decisions(engine, rows_before, slices))
        counts.update(_prune_orphans(engine, rows_before - GRACE, slices))
        counts.update(_prune_drift_runs(engine, rows_before))
        counts.update(_prune_by_time(engine, INCIDENT.c.ts, rows_before))
        with writing(engine) as connection:
            forget_events_before(connection, rows_before)
    if content_before is not None:
        counts.update(_prune_content(engine, content_before, slices))
        _forget_explanations(engine, content_before, slices)
    if counts[CONTENT.name]:
        forget_deleted_content(engine)
    return Pruned(
        rows_before=rows_before,
        content_before=content_before,
        removed=dict(counts),
        seconds=time.perf_counter() - began,
        longest_hold_ms=slices.longest_s * 1e3,
    )


def preview(
    engine: sa.Engine, *, keep_days: int | None, keep_content_days: int | None, now: datetime | None = None
) -> Pruned:
    """What `prune` would remove now; nothing is changed. Rows without a decision are not counted.

    Raises:
        StorageError: the database cannot be used.
    """
    began = time.perf_counter()
    rows_before, content_before = _cutoffs(keep_days, keep_content_days, now)
    counts: Counts = Counter(dict.fromkeys(_PRUNED, 0))
    with reading(engine) as connection:
        if rows_before is not None:
            old = sa.select(REQUEST.c.trace_id).where(REQUEST.c.ts < rows_before)
            counts[REQUEST.name] = _count(connection, REQUEST, REQUEST.c.ts < rows_before)
            for table in (BRANCH, SPAN, EVALUATION, EVALUATION_TASK):
                counts[table.name] = _count(connection, table, table.c.trace_id.in_(old))
            counts[DRIFT_RUN.name] = _count(connection, DRIFT_RUN, _stale_run(rows_before))
            counts[INCIDENT.name] = _count(connection, INCIDENT, INCIDENT.c.ts < rows_before)
        if content_before is not None:
            old = sa.select(CONTENT.c.trace_id).where(CONTENT.c.ts < content_before)
            counts[CONTENT.name] = _count(connection, CONTENT, CONTENT.c.trace_id.in_(old))
    return Pruned(rows_before, content_before, dict(counts), time.perf_counter() - began, 0.0)


def prune_samples(engine: sa.Engine, *, now: datetime | None = None) -> Counts:
    """Remove old samples of the pipeline, runs of jobs, sizes of tables and readings of alerts.

    Old is what is older than `SAMPLE_DAYS` whole days.

    Returns:
        How many rows of each table.

    Raises:
        StorageError: the database cannot be used.
    """
    before = start_of_kept(SAMPLE_DAYS, now or datetime.now(UTC))
    counts: Counts = Counter()
    for moment in _SAMPLES:
        counts.update(_prune_by_time(engine, moment, before))
    return counts


def _prune_by_time(engine: sa.Engine, moment: sa.Column[Any], before: datetime) -> Counts:
    """A few hours a transaction, oldest first."""
    table, counts = moment.table, Counter[str]()
    while True:
        with reading(engine) as connection:
            oldest = connection.scalar(sa.select(sa.func.min(moment)))
        if oldest is None or oldest >= before:
            return counts
        with writing(engine) as connection:
            deleted = connection.execute(sa.delete(table).where(moment < min(oldest + _PIECE, before)))
        counts[table.name] += deleted.rowcount


def _cutoffs(
    keep_days: int | None, keep_content_days: int | None, now: datetime | None
) -> tuple[datetime | None, datetime | None]:
    now = now or datetime.now(UTC)
    shortest = min((days for days in (keep_days, keep_content_days) if days is not None), default=None)
    return (
        None if keep_days is None else start_of_kept(keep_days, now),
        None if shortest is None else start_of_kept(shortest, now),
    )


def _prune_decisions(engine: sa.Engine, before: datetime, slices: Slices) -> Counts:
    oldest: sa.Select[Any] = (
        sa.select(REQUEST.c.trace_id, REQUEST.c.span_id)
        .where(REQUEST.c.ts < before)
        .order_by(REQUEST.c.ts, REQUEST.c.span_id)
    )
    counts: Counts = Counter()
    while rows := _some(engine, oldest):
        counts.update(slices.work([Found(row.trace_id, row.span_id) for row in rows], delete_traces))
    return counts


def _prune_content(engine: sa.Engine, before: datetime, slices: Slices) -> Counts:
    """By trace: an answer from after midnight goes with the prompt from before it."""
    old = sa.select(CONTENT.c.trace_id).where(CONTENT.c.ts < before)
    counts: Counts = Counter()
    while rows := _some(engine, old):
        traces = list(dict.fromkeys(row.trace_id for row in rows))
        counts.update(slices.work(traces, _delete_content))
    return counts


def _delete_content(connection: sa.Connection, traces: Sequence[str]) -> Counts:
    deleted = connection.execute(sa.delete(CONTENT).where(CONTENT.c.trace_id.in_(traces)))
    return Counter({CONTENT.name: deleted.rowcount})


def _forget_explanations(engine: sa.Engine, before: datetime, slices: Slices) -> None:
    """What people wrote of answers is content too; their opinion itself stays."""
    old = sa.select(EVALUATION.c.trace_id).where(EVALUATION.c.ts < before, EVALUATION.c.explanation.is_not(None))
    while rows := _some(engine, old):
        slices.work(list(dict.fromkeys(row.trace_id for row in rows)), _forget_explanation)


def _forget_explanation(connection: sa.Connection, traces: Sequence[str]) -> Counts:
    connection.execute(sa.update(EVALUATION).where(EVALUATION.c.trace_id.in_(traces)).values(explanation=None))
    return Counter()


def _prune_orphans(engine: sa.Engine, before: datetime, slices: Slices) -> Counts:
    """Spans and branches whose decision never came."""
    counts: Counts = Counter()
    for table in (SPAN, BRANCH):
        old = sa.select(table.c.trace_id).where(table.c.ts < before)
        while rows := _some(engine, old):
            traces = dict.fromkeys(row.trace_id for row in rows)
            counts.update(slices.work([Found(trace_id) for trace_id in traces], delete_traces))
    return counts


def _prune_drift_runs(engine: sa.Engine, before: datetime) -> Counts:
    with writing(engine) as connection:
        deleted = connection.execute(sa.delete(DRIFT_RUN).where(_stale_run(before)))
    return Counter({DRIFT_RUN.name: deleted.rowcount})


def _stale_run(before: datetime) -> sa.ColumnElement[bool]:
    """An old run of which no finding is left, since later ones have replaced all of them."""
    return sa.and_(DRIFT_RUN.c.finished < before, DRIFT_RUN.c.run_id.not_in(sa.select(DRIFT_METRIC.c.run_id)))


def _some(engine: sa.Engine, statement: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    with reading(engine) as connection:
        return connection.execute(statement.limit(FOUND_AT_ONCE)).all()


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition)) or 0
