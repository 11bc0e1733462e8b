"""Totals, series and breakdowns, all from the hourly rollups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

import sqlalchemy as sa

from telemetry.query.filters import Filters

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
    raise NotImplementedError


def series(engine: sa.Engine, filters: Filters, step: Step) -> list[Bucket]:
    """Requests over time, oldest first. A step without requests has no bucket: a gap is a gap."""
    raise NotImplementedError


def by_intent(engine: sa.Engine, filters: Filters) -> list[IntentTotals]:
    """Requests by intent, the most frequent first."""
    raise NotImplementedError


def by_model(engine: sa.Engine, filters: Filters) -> list[ModelTotals]:
    """Branches by model and tool, the most used first."""
    raise NotImplementedError


def model_series(engine: sa.Engine, filters: Filters, step: Step) -> list[ModelBucket]:
    """Branches by model and tool over time, oldest first; steps without any are left out."""
    raise NotImplementedError


def flows(engine: sa.Engine, filters: Filters) -> list[Flow]:
    """From intent by first to chosen, the widest first."""
    raise NotImplementedError
