"""Totals, series and breakdowns, all from the rollups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.levels import BRANCHES, REQUESTS
from telemetry.query.cells import Step, cells, known, percentiles_of, sums
from telemetry.query.filters import Filters, hour_start
from telemetry.storage.engine import reading

Dimension: TypeAlias = Literal["route", "tenant", "intent", "risk", "policy_version", "status", "chosen"]
"""What requests can be broken down by."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The requests of a filter, added up."""

    requests: int
    cost_nano: int | None
    """Of the requests whose cost is known; None when there is none such."""
    cost_unknown: int
    """How many requests have no known cost."""
    baseline_nano: int | None
    """Of the ``savings_n`` requests alone, so that savings / baseline is a fair share."""
    savings_nano: int | None
    savings_n: int
    """How many requests have both a known cost and a known baseline."""
    discarded_nano: int | None
    """Spent on rejected, failed and compared branches."""
    discarded_unknown: int
    escalated: int
    fell_back: int
    failed: int
    denied: int
    cancelled: int
    by_tool: int
    """Answered by a tool, with no model's answer."""
    branches: int
    input_tokens: int
    output_tokens: int
    tokens_unknown: int
    """How many requests did not say their tokens."""
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    ttft_p50_ms: float | None
    ttft_p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Bucket(Totals):
    """The requests of one hour or one UTC day."""

    start: datetime


@dataclass(frozen=True, slots=True)
class IntentTotals(Totals):
    """The requests of one intent."""

    intent: str


@dataclass(frozen=True, slots=True)
class GroupTotals(Totals):
    """The requests that share a value of a dimension."""

    value: str
    """Empty where it is absent, as the chosen model of a request that was denied."""


@dataclass(frozen=True, slots=True)
class ModelTotals:
    """The branches of one model or tool, of one kind (a model that also serves as a probe has two entries)."""

    model: str
    kind: str
    branches: int
    accepted: int
    failed: int
    cost_nano: int | None
    cost_unknown: int
    input_tokens: int
    output_tokens: int
    tokens_unknown: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    ttft_p50_ms: float | None
    ttft_p95_ms: float | None


@dataclass(frozen=True, slots=True)
class ModelBucket:
    """The branches of one model or tool in one hour or UTC day."""

    start: datetime
    model: str
    kind: str
    branches: int
    accepted: int
    failed: int
    cost_nano: int | None
    cost_unknown: int


@dataclass(frozen=True, slots=True)
class Flow:
    """How many requests of an intent went from a first model or tool to the one that answered."""

    intent: str
    first: str | None
    """None: nothing ran, as when a rule denied the request."""
    chosen: str | None
    """None: no answer."""
    requests: int


def totals(engine: sa.Engine, filters: Filters) -> Totals:
    """All requests of the filter, added up; zeros and None for an empty store."""
    source = cells(REQUESTS, filters, values=_TOTALS)
    with reading(engine) as connection:
        row = connection.execute(sa.select(*sums(source, REQUESTS, _TOTALS))).one()
    return Totals(**_totals_of(row))


def series(engine: sa.Engine, filters: Filters, step: Step) -> list[Bucket]:
    """Requests over time, oldest first. A step without requests has no bucket: a gap is a gap."""
    source = cells(REQUESTS, filters, values=_TOTALS, step=step)
    hour = source.c.hour
    statement: sa.Select[Any] = sa.select(hour, *sums(source, REQUESTS, _TOTALS)).group_by(hour).order_by(hour)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [Bucket(start=hour_start(row.hour), **_totals_of(row)) for row in rows]


def breakdown(engine: sa.Engine, filters: Filters, by: Dimension) -> list[GroupTotals]:
    """Requests by a dimension, the most frequent value first."""
    source = cells(REQUESTS, filters, keys=(by,), values=_TOTALS)
    value = source.c[by]
    statement: sa.Select[Any] = (
        sa.select(value.label("value"), *sums(source, REQUESTS, _TOTALS))
        .group_by(value)
        .order_by(sa.desc("requests"), value)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [GroupTotals(value=row.value, **_totals_of(row)) for row in rows]


def by_intent(engine: sa.Engine, filters: Filters) -> list[IntentTotals]:
    """Requests by intent, the most frequent first."""
    return [
        IntentTotals(intent=group.value, **{name: getattr(group, name) for name in Totals.__dataclass_fields__})
        for group in breakdown(engine, filters, "intent")
    ]


def by_model(engine: sa.Engine, filters: Filters) -> list[ModelTotals]:
    """Branches by model and tool, the most used first."""
    values = (*_COUNTS, "input_tokens", "output_tokens", "tokens_unknown", "latency_hist", "ttft_hist")
    source = cells(BRANCHES, filters, keys=("model", "kind"), values=values)
    keys = (source.c.model, source.c.kind)
    statement: sa.Select[Any] = (
        sa.select(*keys, *sums(source, BRANCHES, values)).group_by(*keys).order_by(sa.desc("branches"), *keys)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [
        ModelTotals(
            model=row.model,
            kind=row.kind,
            **_counts_of(row),
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            tokens_unknown=row.tokens_unknown,
            **percentiles_of(row),
        )
        for row in rows
    ]


def model_series(engine: sa.Engine, filters: Filters, step: Step) -> list[ModelBucket]:
    """Branches by model and tool over time, oldest first; steps without any are left out."""
    source = cells(BRANCHES, filters, keys=("model", "kind"), values=_COUNTS, step=step)
    keys = (source.c.hour, source.c.model, source.c.kind)
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, BRANCHES, _COUNTS)).group_by(*keys).order_by(*keys)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [ModelBucket(start=hour_start(row.hour), model=row.model, kind=row.kind, **_counts_of(row)) for row in rows]


def flows(engine: sa.Engine, filters: Filters) -> list[Flow]:
    """From intent by first to chosen, the widest first."""
    names = ("intent", "first", "chosen")
    source = cells(REQUESTS, filters, keys=names, values=("requests",))
    keys = [source.c[name] for name in names]
    statement: sa.Select[Any] = (
        sa.select(*keys, *sums(source, REQUESTS, ("requests",))).group_by(*keys).order_by(sa.desc("requests"), *keys)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [Flow(row.intent, row.first or None, row.chosen or None, row.requests) for row in rows]


_SUMMED = (
    *("requests", "cost_nano", "cost_unknown", "baseline_nano", "savings_nano", "savings_n"),
    *("discarded_nano", "discarded_unknown", "escalated", "fell_back", "failed", "denied", "cancelled", "by_tool"),
    *("branches", "input_tokens", "output_tokens", "tokens_unknown"),
)
_TOTALS = (*_SUMMED, "latency_hist", "ttft_hist")
_COUNTS = ("branches", "accepted", "failed", "cost_nano", "cost_unknown")


def _totals_of(row: sa.Row[Any]) -> dict[str, Any]:
    """The fields of `Totals`."""
    values = {name: getattr(row, name) for name in _SUMMED}
    values["cost_nano"] = known(row.cost_nano, row.requests - row.cost_unknown)
    values["discarded_nano"] = known(row.discarded_nano, row.requests - row.discarded_unknown)
    values["baseline_nano"] = known(row.baseline_nano, row.savings_n)
    values["savings_nano"] = known(row.savings_nano, row.savings_n)
    return values | percentiles_of(row)


def _counts_of(row: sa.Row[Any]) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _COUNTS}
    return values | {"cost_nano": known(row.cost_nano, row.branches - row.cost_unknown)}


__all__ = [
    "Bucket",
    "Dimension",
    "Flow",
    "GroupTotals",
    "IntentTotals",
    "ModelBucket",
    "ModelTotals",
    "Step",
    "Totals",
    "breakdown",
    "by_intent",
    "by_model",
    "flows",
    "model_series",
    "series",
    "totals",
]
