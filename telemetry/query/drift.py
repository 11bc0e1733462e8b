"""Which models changed in which week, and how: what drift runs have stored. Nothing is computed here."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, TypeAlias, cast

import sqlalchemy as sa

from telemetry.drift.distribution import Distribution
from telemetry.drift.tables import DRIFT_METRIC, DRIFT_RUN
from telemetry.drift.weeks import label_of
from telemetry.storage.engine import reading

DriftState: TypeAlias = Literal["ok", "drift", "not_enough_data"]


@dataclass(frozen=True, slots=True)
class DriftCell:
    """One model in one ISO week, real and simulated traffic apart."""

    week: date
    """Its Monday."""
    week_label: str
    model: str
    simulated: bool
    state: DriftState
    drifted: int
    tested: int
    """Metrics with enough data."""
    worst_metric: str | None
    """The metric with the largest ratio; among those that drifted, when there are any."""
    worst_ratio: float | None
    """Its effect / its threshold: above 1 is a change that matters, if it is no chance."""
    n: int
    """Branches that were compared (of a busy week, a random sample)."""


@dataclass(frozen=True, slots=True)
class MetricDrift:
    """One metric of a cell."""

    metric: str
    unit: str
    """ms, tokens, nano-USD, characters, score or share."""
    state: DriftState
    effect: float | None
    effect_name: str | None
    """wasserstein_log (of the logarithms), wasserstein or jensen_shannon; None without enough data."""
    threshold: float | None
    p: float | None
    q: float | None
    """The p-value after Benjamini-Hochberg over the week's tests."""
    n: int
    n_reference: int
    reference: Distribution
    """Of up to four weeks before. Same edges or labels as ``current``."""
    current: Distribution
    statistics: dict[str, float]
    """Everything that was computed, by name."""


@dataclass(frozen=True, slots=True)
class DriftRunRecord:
    """The latest run."""

    run_id: str
    started: datetime
    finished: datetime
    seconds: float
    weeks: int
    cells: int
    tested: int
    drifted: int


def heatmap(engine: sa.Engine, *, simulated: bool | None = None, models: tuple[str, ...] = ()) -> list[DriftCell]:
    """All cells, ordered by week, model and real before simulated; an empty ``models`` means all of them."""
    columns = DRIFT_METRIC.c
    keys = (columns.week, columns.model, columns.simulated)
    statement: sa.Select[Any] = sa.select(
        *keys, columns.metric, columns.state, columns.effect, columns.threshold, columns.n
    ).order_by(*keys, columns.metric)
    if simulated is not None:
        statement = statement.where(columns.simulated == simulated)
    if models:
        statement = statement.where(columns.model.in_(models))
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    by_cell: dict[tuple[date, str, bool], list[sa.Row[Any]]] = defaultdict(list)
    for row in rows:
        by_cell[row.week, row.model, row.simulated].append(row)
    return [_cell(*key, metrics) for key, metrics in by_cell.items()]


def cell(engine: sa.Engine, model: str, week: date, simulated: bool) -> list[MetricDrift]:
    """The metrics of one cell, those that drifted first, then by effect; empty for a cell that nobody computed.

    Args:
        engine: see `telemetry.query`.
        model: the model's name.
        week: the Monday.
        simulated: which of the two kinds of traffic.
    """
    columns = DRIFT_METRIC.c
    statement = sa.select(DRIFT_METRIC).where(
        columns.week == week, columns.model == model, columns.simulated == simulated
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    metrics = sorted(rows, key=lambda row: (_ORDER[row.state], -_ratio(row), row.metric))
    return [_metric(row) for row in metrics]


def last_run(engine: sa.Engine) -> DriftRunRecord | None:
    """The run that ended last; None when there was none."""
    columns = [DRIFT_RUN.c[name] for name in DriftRunRecord.__dataclass_fields__]
    statement = sa.select(*columns).order_by(DRIFT_RUN.c.finished.desc()).limit(1)
    with reading(engine) as connection:
        row = connection.execute(statement).first()
    return None if row is None else DriftRunRecord(**row._mapping)


_ORDER = {"drift": 0, "ok": 1, "not_enough_data": 2}


def _ratio(row: sa.Row[Any]) -> float:
    return float(row.effect / row.threshold) if row.effect is not None and row.threshold else 0.0


def _cell(week: date, model: str, simulated: bool, metrics: list[sa.Row[Any]]) -> DriftCell:
    tested = [row for row in metrics if row.state != "not_enough_data"]
    drifted = [row for row in tested if row.state == "drift"]
    worst = max(drifted or tested, key=_ratio, default=None)
    state: DriftState = "drift" if drifted else "ok" if tested else "not_enough_data"
    return DriftCell(
        week=week,
        week_label=label_of(week),
        model=model,
        simulated=simulated,
        state=state,
        drifted=len(drifted),
        tested=len(tested),
        worst_metric=None if worst is None else worst.metric,
        worst_ratio=None if worst is None else _ratio(worst),
        n=max(row.n for row in metrics),
    )


def _metric(row: sa.Row[Any]) -> MetricDrift:
    return MetricDrift(
        metric=row.metric,
        unit=row.unit,
        state=cast(DriftState, row.state),
        effect=row.effect,
        effect_name=row.effect_name,
        threshold=row.threshold,
        p=row.p,
        q=row.q,
        n=row.n,
        n_reference=row.n_reference,
        reference=Distribution.from_json(row.reference),
        current=Distribution.from_json(row.current),
        statistics=json.loads(row.statistics),
    )
