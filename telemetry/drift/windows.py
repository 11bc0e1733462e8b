"""One model's branches in one week, as columns; real and simulated traffic never in one window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from telemetry.drift.metrics import ANSWERS, METRICS, Metric
from telemetry.drift.weeks import WEEK, monday_of_number, start_of, week_number
from telemetry.levels import BRANCHES, HOURS_A_DAY
from telemetry.storage.models import BRANCH
from telemetry.storage.rollups import BRANCH_DAY

KINDS = ("model", "probe")
PURPOSE = "user"
ROWS_A_WEEK = 5_000
"""More say nothing new: with 5,000 rows a normed Wasserstein distance is known to about 0.01."""

Values: TypeAlias = NDArray[np.float64] | list[str]


@dataclass(frozen=True, slots=True)
class Subject:
    """What has a window in each week."""

    model: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Values by metric; missing ones are left out, so columns differ in length."""

    rows: int
    columns: dict[str, Values]

    @classmethod
    def of(cls, windows: Sequence[Window]) -> Window:
        """Several weeks as one."""
        columns: dict[str, Values] = {}
        for metric in METRICS:
            parts = [window.columns[metric.name] for window in windows]
            columns[metric.name] = _joined(metric, parts)
        return cls(sum(window.rows for window in windows), columns)


def subjects_by_week(connection: sa.Connection) -> dict[date, set[Subject]]:
    """Which models have rows in which weeks, by Monday; from the rollups."""
    columns = BRANCH_DAY.c
    statement = (
        sa.select(columns.day, columns.model, columns.simulated)
        .where(
            columns.level == BRANCHES.covering(("model", "kind")), columns.kind.in_(KINDS), columns.purpose == PURPOSE
        )
        .distinct()
    )
    found: dict[date, set[Subject]] = {}
    for day, model, simulated in connection.execute(statement):
        found.setdefault(monday_of_number(week_number(day * HOURS_A_DAY)), set()).add(Subject(model, simulated))
    return found


def read_window(connection: sa.Connection, subject: Subject, monday: date, *, limit: int = ROWS_A_WEEK) -> Window:
    """A model's week; of a busy one a random sample, always the same (span ids are random)."""
    columns = BRANCH.c
    names = ["outcome", *(metric.column for metric in METRICS if metric.name not in ("failed", "outcome"))]
    start = start_of(monday)
    statement: sa.Select[Any] = (
        sa.select(*(columns[name] for name in names))
        .where(
            columns.model == subject.model,
            columns.ts >= start,
            columns.ts < start + WEEK,
            columns.simulated == subject.simulated,
            columns.purpose == PURPOSE,
            columns.kind.in_(KINDS),
        )
        .order_by(columns.span_id)
        .limit(limit)
    )
    return window_of([row._asdict() for row in connection.execute(statement)])


def window_of(rows: Sequence[dict[str, Any]]) -> Window:
    """Columns from branch rows."""
    answers = [row for row in rows if row["outcome"] in ANSWERS]
    columns: dict[str, Values] = {}
    for metric in METRICS:
        source = answers if metric.answers_only else rows
        if metric.name == "failed":
            columns[metric.name] = ["failed" if row["outcome"] == "failed" else "not failed" for row in source]
            continue
        known = [row[metric.column] for row in source if row[metric.column] is not None]
        columns[metric.name] = _numbers(known) if metric.kind == "numeric" else [str(value) for value in known]
    return Window(len(rows), columns)


def _numbers(values: Sequence[Any]) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64)
    return numbers[np.isfinite(numbers)]


def _joined(metric: Metric, parts: Sequence[Values]) -> Values:
    if metric.kind == "categorical":
        return [str(value) for part in parts for value in part]
    arrays = [np.asarray(part, dtype=np.float64) for part in parts]
    return np.concatenate(arrays) if arrays else np.empty(0)
