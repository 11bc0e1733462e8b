"""Totals, series and breakdowns, all from the hourly rollups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from telemetry import histogram
from telemetry.query.filters import Filters, hour_start, on_branch_hours, on_request_hours
from telemetry.storage.engine import reading
from telemetry.storage.models import BRANCH_HOUR, REQUEST_HOUR

Step: TypeAlias = Literal["hour", "day"]


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
    with reading(engine) as connection:
        row = connection.execute(_request_sums(filters)).one()
    return Totals(**_totals_of(row))


def series(engine: sa.Engine, filters: Filters, step: Step) -> list[Bucket]:
    """Requests over time, oldest first. A step without requests has no bucket: a gap is a gap."""
    hours = _HOURS[step]
    number = _step_number(REQUEST_HOUR, hours)
    statement = _request_sums(filters, number.label("step")).group_by(number).order_by(number)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [Bucket(start=hour_start(row.step * hours), **_totals_of(row)) for row in rows]


def by_intent(engine: sa.Engine, filters: Filters) -> list[IntentTotals]:
    """Requests by intent, the most frequent first."""
    intent = REQUEST_HOUR.c.intent
    statement = _request_sums(filters, intent).group_by(intent).order_by(sa.desc("requests"), intent)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [IntentTotals(intent=row.intent, **_totals_of(row)) for row in rows]


def by_model(engine: sa.Engine, filters: Filters) -> list[ModelTotals]:
    """Branches by model and tool, the most used first."""
    columns = BRANCH_HOUR.c
    statement: sa.Select[Any] = (
        sa.select(
            columns.model,
            columns.kind,
            *_branch_counts(),
            _sum(columns.input_tokens),
            _sum(columns.output_tokens),
            _sum(columns.tokens_unknown),
            *_histograms(BRANCH_HOUR),
        )
        .where(*on_branch_hours(filters))
        .group_by(columns.model, columns.kind)
        .order_by(sa.desc("branches"), columns.model, columns.kind)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [
        ModelTotals(
            model=row.model,
            kind=row.kind,
            branches=row.branches,
            accepted=row.accepted,
            failed=row.failed,
            cost_nano=_known(row.cost_nano, row.branches - row.cost_unknown),
            cost_unknown=row.cost_unknown,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            tokens_unknown=row.tokens_unknown,
            **_percentiles(row),
        )
        for row in rows
    ]


def model_series(engine: sa.Engine, filters: Filters, step: Step) -> list[ModelBucket]:
    """Branches by model and tool over time, oldest first; steps without any are left out."""
    columns = BRANCH_HOUR.c
    hours = _HOURS[step]
    number = _step_number(BRANCH_HOUR, hours)
    statement = (
        sa.select(number.label("step"), columns.model, columns.kind, *_branch_counts())
        .where(*on_branch_hours(filters))
        .group_by(number, columns.model, columns.kind)
        .order_by(number, columns.model, columns.kind)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [
        ModelBucket(
            start=hour_start(row.step * hours),
            model=row.model,
            kind=row.kind,
            branches=row.branches,
            accepted=row.accepted,
            failed=row.failed,
            cost_nano=_known(row.cost_nano, row.branches - row.cost_unknown),
            cost_unknown=row.cost_unknown,
        )
        for row in rows
    ]


def flows(engine: sa.Engine, filters: Filters) -> list[Flow]:
    """From intent by first to chosen, the widest first."""
    columns = REQUEST_HOUR.c
    keys = (columns.intent, columns.first, columns.chosen)
    statement = (
        sa.select(*keys, _sum(columns.requests))
        .where(*on_request_hours(filters))
        .group_by(*keys)
        .order_by(sa.desc("requests"), *keys)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [Flow(row.intent, row.first or None, row.chosen or None, row.requests) for row in rows]


_HOURS: dict[Step, int] = {"hour": 1, "day": 24}

_SUMMED = (
    *("requests", "cost_nano", "cost_unknown", "baseline_nano", "savings_nano", "savings_n"),
    *("discarded_nano", "discarded_unknown", "escalated", "fell_back", "branches"),
    *("input_tokens", "output_tokens", "tokens_unknown"),
)


def _request_sums(filters: Filters, *keys: sa.ColumnElement[Any]) -> sa.Select[Any]:
    columns = REQUEST_HOUR.c
    by_status = [
        _sum(sa.case((columns.status == status, columns.requests), else_=0), status)
        for status in ("failed", "denied", "cancelled")
    ]
    by_tool = _sum(sa.case((columns.chosen_kind == "tool", columns.requests), else_=0), "by_tool")
    return sa.select(
        *keys, *(_sum(columns[name]) for name in _SUMMED), *by_status, by_tool, *_histograms(REQUEST_HOUR)
    ).where(*on_request_hours(filters))


def _totals_of(row: sa.Row[Any]) -> dict[str, Any]:
    """The fields of `Totals`."""
    values = {name: getattr(row, name) for name in (*_SUMMED, "failed", "denied", "cancelled", "by_tool")}
    values["cost_nano"] = _known(row.cost_nano, row.requests - row.cost_unknown)
    values["discarded_nano"] = _known(row.discarded_nano, row.requests - row.discarded_unknown)
    values["baseline_nano"] = _known(row.baseline_nano, row.savings_n)
    values["savings_nano"] = _known(row.savings_nano, row.savings_n)
    return values | _percentiles(row)


def _branch_counts() -> list[sa.ColumnElement[Any]]:
    columns = BRANCH_HOUR.c
    return [
        _sum(columns.branches),
        *(
            _sum(sa.case((columns.outcome == outcome, columns.branches), else_=0), outcome)
            for outcome in ("accepted", "failed")
        ),
        _sum(columns.cost_nano),
        _sum(columns.cost_unknown),
    ]


def _sum(column: sa.ColumnElement[Any], name: str | None = None) -> sa.Label[Any]:
    """A sum that is 0 over no rows, under the column's own name."""
    return sa.func.coalesce(sa.func.sum(column), 0).label(name or str(column.key))


def _histograms(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    """All histograms of a group, joined: see telemetry.histogram."""
    return [sa.func.aggregate_strings(table.c[name], "").label(name) for name in ("latency_hist", "ttft_hist")]


def _percentiles(row: sa.Row[Any]) -> dict[str, float | None]:
    latency = histogram.percentiles(row.latency_hist, (0.5, 0.95))
    ttft = histogram.percentiles(row.ttft_hist, (0.5, 0.95))
    return {
        "latency_p50_ms": latency[0],
        "latency_p95_ms": latency[1],
        "ttft_p50_ms": ttft[0],
        "ttft_p95_ms": ttft[1],
    }


def _known(amount: int, n: int) -> int | None:
    """A sum over no known amounts is unknown, not 0."""
    return amount if n else None


def _step_number(table: sa.Table, hours: int) -> sa.ColumnElement[int]:
    # An inlined number: a bound one would be another expression to the database in GROUP BY.
    return table.c.hour if hours == 1 else table.c.hour // sa.literal_column(str(hours), sa.Integer())
