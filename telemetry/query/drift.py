"""Which models changed in which week, in what and why: what drift runs have stored. Nothing is computed here."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal, TypeAlias, cast

import sqlalchemy as sa

from telemetry.drift.distribution import Distribution
from telemetry.drift.tables import DRIFT_BASELINE, DRIFT_DETAIL, DRIFT_METRIC, DRIFT_RUN, KEY
from telemetry.drift.weeks import label_of
from telemetry.storage.engine import reading

DriftState: TypeAlias = Literal["ok", "drift", "not_enough_data"]
Against: TypeAlias = Literal["trailing", "previous", "baseline"]
"""Up to four weeks before, the week before alone, or the pinned week."""
Cause: TypeAlias = Literal["input", "model", "price", "mixed", "unclear"]
"""Other prompts; another model on the same prompts; another price alone; both; it cannot be told apart."""
Purpose: TypeAlias = Literal["user", "canary"]

MOST_FINDINGS: Final = 2_000


@dataclass(frozen=True, slots=True)
class DriftCell:
    """One model in one ISO week; real and simulated traffic, users and canaries apart."""

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
    causes: tuple[Cause, ...] = ()
    """Of its drifts, the most frequent first."""


@dataclass(frozen=True, slots=True)
class DriftFinding:
    """One metric that drifted, as a list needs it."""

    week: date
    week_label: str
    model: str
    simulated: bool
    purpose: Purpose
    against: Against
    scope: Literal["model", "route", "intent"]
    part: str
    """The route or intent; empty for all of the model's traffic."""
    metric: str
    unit: str
    cause: Cause | None
    """None of what an older RouteScope found."""
    ratio: float
    """Effect by threshold: how much more than what matters."""
    q: float | None
    n: int
    n_reference: int
    before: float | None
    """The median, or the share of ``category``; None of what an older RouteScope found."""
    after: float | None
    category: str | None
    changed: datetime | None
    """The most likely moment; None where there is none."""
    changed_from: datetime | None
    changed_to: datetime | None
    """Both ends of its 95 % interval."""


@dataclass(frozen=True, slots=True)
class MetricDrift:
    """One metric of a cell."""

    metric: str
    unit: str
    """ms, tokens, nano-USD, characters, score, share, or place: a text's among those of the reference, 0 to 1."""
    state: DriftState
    effect: float | None
    effect_name: str | None
    """wasserstein_log (of the logarithms), wasserstein, jensen_shannon or told_apart; None without enough data."""
    threshold: float | None
    p: float | None
    q: float | None
    """The p-value after Benjamini-Hochberg over the week's tests."""
    n: int
    n_reference: int
    reference: Distribution
    """Same edges or labels as ``current``."""
    current: Distribution
    statistics: dict[str, float]
    """Everything that was computed, by name."""
    side: Literal["input", "model"] = "model"
    """What the metric describes: what was asked, or what the model made of it."""
    cause: Cause | None = None
    like_effect: float | None = None
    """The effect on the same prompts: the reference weighted to the week's intents, languages and lengths."""
    like_q: float | None = None
    like_share: float | None = None
    """Of the week, prompts that have their like in the reference."""
    mix_effect: float | None = None
    """What the prompts alone would have changed."""
    before: float | None = None
    after: float | None = None
    category: str | None = None
    changed: datetime | None = None
    changed_from: datetime | None = None
    changed_to: datetime | None = None
    examples: tuple[str, ...] = ()
    """Ids of decisions of the week that show the change."""


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


@dataclass(frozen=True, slots=True)
class MetricWeek:
    """One week of one metric of a model."""

    week: date
    value: float | None
    """The median, or the share of the category that was asked for; None without data."""
    state: DriftState
    n: int


def heatmap(
    engine: sa.Engine,
    *,
    simulated: bool | None = None,
    models: tuple[str, ...] = (),
    against: Against = "trailing",
    purpose: Purpose = "user",
) -> list[DriftCell]:
    """All cells, ordered by week, model and real before simulated; an empty ``models`` means all of them."""
    columns = DRIFT_METRIC.c
    keys = (columns.week, columns.model, columns.simulated)
    values = (columns.metric, columns.state, columns.cause, columns.effect, columns.like_effect, columns.threshold)
    statement: sa.Select[Any] = (
        sa.select(*keys, *values, columns.n)
        .where(columns.purpose == purpose, columns.against == against, columns.scope == "model")
        .order_by(*keys, columns.metric)
    )
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


def cell(
    engine: sa.Engine,
    model: str,
    week: date,
    simulated: bool,
    *,
    against: Against = "trailing",
    purpose: Purpose = "user",
    scope: Literal["model", "route", "intent"] = "model",
    part: str = "",
) -> list[MetricDrift]:
    """The metrics of one cell, those that drifted first, then by effect; empty for a cell that nobody computed.

    Args:
        engine: see `telemetry.query`.
        model: the model's name.
        week: the Monday.
        simulated: which of the two kinds of traffic.
        against: what the week is compared with.
        purpose: what users asked, or canaries.
        scope: all of it, or only a route or intent, of which only what drifted is kept.
        part: the route or intent.
    """
    columns, detail = DRIFT_METRIC.c, DRIFT_DETAIL.c
    heavy = (detail.statistics, detail.reference, detail.current, detail.examples)
    statement = (
        sa.select(DRIFT_METRIC, *heavy)
        .join(DRIFT_DETAIL, sa.and_(*(columns[name] == detail[name] for name in KEY)))
        .where(
            columns.week == week,
            columns.purpose == purpose,
            columns.model == model,
            columns.simulated == simulated,
            columns.against == against,
            columns.scope == scope,
            columns.part == part,
        )
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    metrics = sorted(rows, key=lambda row: (_ORDER[row.state], -_ratio(row), row.metric))
    return [_metric(row) for row in metrics]


def findings(
    engine: sa.Engine,
    *,
    weeks: Collection[date] = (),
    models: Collection[str] = (),
    simulated: bool | None = None,
    purpose: Purpose | None = "user",
    against: Against | None = "trailing",
    scope: Literal["model", "route", "intent"] | None = "model",
) -> list[DriftFinding]:
    """What drifted, by week and then the largest first; empty collections and None mean all. At most MOST_FINDINGS."""
    columns = DRIFT_METRIC.c
    statement = sa.select(DRIFT_METRIC).where(columns.state == "drift")
    if weeks:
        statement = statement.where(columns.week.in_(sorted(weeks)))
    if models:
        statement = statement.where(columns.model.in_(sorted(models)))
    wanted = {"simulated": simulated, "purpose": purpose, "against": against, "scope": scope}
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(columns[name] == value)
    statement = statement.order_by(columns.week.desc(), *(columns[name] for name in KEY[1:])).limit(MOST_FINDINGS)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return sorted(map(_finding, rows), key=lambda one: (one.week, -one.ratio, one.model, one.metric))


def course(
    engine: sa.Engine,
    model: str,
    metric: str,
    simulated: bool,
    *,
    category: str | None = None,
    purpose: Purpose = "user",
) -> list[MetricWeek]:
    """One metric of a model, week by week, oldest first: its median, or the share of a category."""
    columns, detail = DRIFT_METRIC.c, DRIFT_DETAIL.c
    values = (columns.week, columns.after, columns.kind, columns.state, columns.n, detail.current)
    statement = (
        sa.select(*values)
        .join(DRIFT_DETAIL, sa.and_(*(columns[name] == detail[name] for name in KEY)))
        .where(
            columns.purpose == purpose,
            columns.model == model,
            columns.simulated == simulated,
            columns.against == "trailing",
            columns.scope == "model",
            columns.metric == metric,
        )
        .order_by(columns.week)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [MetricWeek(row.week, _value(row, category), cast(DriftState, row.state), row.n) for row in rows]


def baselines(engine: sa.Engine) -> dict[str, date]:
    """The Monday of each model's pinned week; under the empty name that of all others."""
    with reading(engine) as connection:
        rows = connection.execute(sa.select(DRIFT_BASELINE.c.model, DRIFT_BASELINE.c.week)).all()
    return {row.model: row.week for row in rows}


def last_run(engine: sa.Engine) -> DriftRunRecord | None:
    """The run that ended last; None when there was none."""
    columns = [DRIFT_RUN.c[name] for name in DriftRunRecord.__dataclass_fields__]
    statement = sa.select(*columns).order_by(DRIFT_RUN.c.finished.desc()).limit(1)
    with reading(engine) as connection:
        row = connection.execute(statement).first()
    return None if row is None else DriftRunRecord(**row._mapping)


_ORDER = {"drift": 0, "ok": 1, "not_enough_data": 2}


def _value(row: Any, category: str | None) -> float | None:
    shape = Distribution.from_json(row.current)
    if row.kind != "categorical":
        return row.after if shape.median is None else shape.median
    shares = dict(zip(shape.labels, shape.shares, strict=False))
    return shares.get(category or "", 0.0) if shares else None


def _ratio(row: sa.Row[Any]) -> float:
    effects = [effect for effect in (row.effect, row.like_effect) if effect is not None]
    return float(max(effects) / row.threshold) if effects and row.threshold else 0.0


def _cell(week: date, model: str, simulated: bool, metrics: list[sa.Row[Any]]) -> DriftCell:
    tested = [row for row in metrics if row.state != "not_enough_data"]
    drifted = [row for row in tested if row.state == "drift"]
    worst = max(drifted or tested, key=_ratio, default=None)
    state: DriftState = "drift" if drifted else "ok" if tested else "not_enough_data"
    causes = [row.cause for row in drifted if row.cause is not None]
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
        causes=tuple(sorted(set(causes), key=lambda cause: (-causes.count(cause), cause))),
    )


def _finding(row: sa.Row[Any]) -> DriftFinding:
    return DriftFinding(
        week=row.week,
        week_label=label_of(row.week),
        model=row.model,
        simulated=row.simulated,
        purpose=row.purpose,
        against=row.against,
        scope=row.scope,
        part=row.part,
        metric=row.metric,
        unit=row.unit,
        cause=row.cause,
        ratio=_ratio(row),
        q=row.q,
        n=row.n,
        n_reference=row.n_reference,
        before=row.before,
        after=row.after,
        category=row.category,
        changed=row.change_at,
        changed_from=row.change_low,
        changed_to=row.change_high,
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
        side=row.side,
        cause=row.cause,
        like_effect=row.like_effect,
        like_q=row.like_q,
        like_share=row.like_share,
        mix_effect=row.mix_effect,
        before=row.before,
        after=row.after,
        category=row.category,
        changed=row.change_at,
        changed_from=row.change_low,
        changed_to=row.change_high,
        examples=tuple(json.loads(row.examples)),
    )
