"""How one model fared over time: its calls, how many failed, how many were slow, and how long they took."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemetry import histogram
from telemetry.levels import BRANCHES
from telemetry.query.cells import Step, cells, sums
from telemetry.query.filters import Filters, hour_start
from telemetry.storage.engine import reading

SLOW = 0.95
"""A call is slow when it took longer than so many of the model's calls in the whole period."""


@dataclass(frozen=True, slots=True)
class CourseStep:
    """One hour or UTC day of one model. Calls are branches, probes and judges included."""

    start: datetime
    calls: int
    failed: int
    """Without a complete answer."""
    timed: int
    """Calls whose latency is known."""
    slow: int
    """Of these, those that took longer than `Course.slow_ms`."""
    p50_ms: float | None
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Course:
    """One model over a period."""

    slow_ms: float | None
    """The 95th percentile of the whole period; None where nothing was measured."""
    steps: list[CourseStep]
    """Oldest first; steps without a call are left out."""


def course(engine: sa.Engine, filters: Filters, model: str, step: Step) -> Course:
    """The calls of a model over time; ``filters.models`` does not matter."""
    values = ("branches", "failed", "latency_hist")
    source = cells(BRANCHES, replace(filters, models=(model,)), values=values, step=step)
    hour = source.c.hour
    statement: sa.Select[Any] = sa.select(hour, *sums(source, BRANCHES, values)).group_by(hour).order_by(hour)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    texts = [row.latency_hist for row in rows]
    (slow_ms,) = histogram.percentiles("".join(text or "" for text in texts), (SLOW,))
    last = None if slow_ms is None else histogram.bucket_of(slow_ms)
    told = histogram.summaries(texts, (0.5, 0.95), bucket=last)
    return Course(
        slow_ms,
        [
            CourseStep(hour_start(row.hour), row.branches, row.failed, one.n, one.beyond, *one.percentiles)
            for row, one in zip(rows, told, strict=True)
        ],
    )
