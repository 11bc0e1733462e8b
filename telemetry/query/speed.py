"""How long things took: percentiles, heat maps of latency and time to first token, tokens a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from telemetry import histogram
from telemetry.levels import BRANCHES, REQUESTS
from telemetry.query.cells import Step, cells, sums
from telemetry.query.filters import Filters, hour_start
from telemetry.storage.engine import reading

Measure: TypeAlias = Literal["latency", "ttft"]
SpeedDimension: TypeAlias = Literal["route", "tenant", "intent", "risk", "policy_version", "chosen", "model", "tier"]
SHARES = (0.5, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of latencies or times to first token, in milliseconds, each within 1.1 %; None where nothing was measured."""

    value: str
    """Of the dimension that was asked for; empty when none was."""
    start: datetime | None
    n: int
    """What was measured: requests, or branches when models or tiers are asked for."""
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class HeatCell:
    """How many requests of a step took between ``low_ms`` and ``high_ms``."""

    start: datetime
    low_ms: float
    high_ms: float
    n: int


@dataclass(frozen=True, slots=True)
class TokenSpeed:
    """Output tokens a second of one model: its tokens over the whole time of its calls, first token included."""

    model: str
    kind: str
    n: int
    """Branches with known tokens and a duration."""
    tokens: int
    seconds: float
    mean: float | None
    """All tokens over all seconds."""
    p50: float | None
    """Of the branches' own speeds."""
    p5: float | None
    """Nineteen of twenty branches were faster."""


def percentiles(
    engine: sa.Engine,
    filters: Filters,
    *,
    measure: Measure = "latency",
    by: SpeedDimension | None = None,
    step: Step | None = None,
) -> list[Percentiles]:
    """In all, by a dimension, over time, or both; ordered by time, then by value."""
    family = BRANCHES if by in ("model", "tier") else REQUESTS
    names = () if by is None else (by,)
    text = f"{measure}_hist"
    source = cells(family, filters, keys=names, values=(text,), step=step)
    keys: list[sa.ColumnElement[Any]] = [source.c[name] for name in (*(("hour",) if step else ()), *names)]
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, family, (text,))).group_by(*keys).order_by(*keys)
    with reading(engine) as connection:
        found = connection.execute(statement).mappings().all()
    rows = [row for row in found if row[text] is not None]
    told = histogram.summaries([row[text] for row in rows], SHARES)
    return [
        Percentiles(row[by] if by else "", hour_start(row["hour"]) if step else None, one.n, *one.percentiles)
        for row, one in zip(rows, told, strict=True)
    ]


def heat_map(engine: sa.Engine, filters: Filters, *, step: Step, measure: Measure = "latency") -> list[HeatCell]:
    """Requests by step and by half-octave of their duration: a band's end is 1.41 times its start. No empty ones."""
    text = f"{measure}_hist"
    source = cells(REQUESTS, filters, values=(text,), step=step)
    hour = source.c.hour
    statement: sa.Select[Any] = sa.select(hour, *sums(source, REQUESTS, (text,))).group_by(hour).order_by(hour)
    with reading(engine) as connection:
        rows: Sequence[Any] = connection.execute(statement).all()
    return [
        HeatCell(hour_start(begins), low, high, n)
        for begins, joined in rows
        for low, high, n in histogram.bands(joined or "")
    ]


def token_speeds(engine: sa.Engine, filters: Filters) -> list[TokenSpeed]:
    """Tokens a second by model, the fastest first; models without any known speed are left out."""
    values = ("timed_tokens", "timed_us", "speed_hist")
    source = cells(BRANCHES, filters, keys=("model", "kind"), values=values)
    keys = (source.c.model, source.c.kind)
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, BRANCHES, values)).group_by(*keys)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    speeds = [_speed(row) for row in rows if row.timed_tokens]
    return sorted(speeds, key=lambda speed: (-(speed.mean or 0.0), speed.model, speed.kind))


def _speed(row: sa.Row[Any]) -> TokenSpeed:
    seconds = row.timed_us / 1e6
    median, slow = histogram.percentiles(row.speed_hist, (0.5, 0.05))
    return TokenSpeed(
        model=row.model,
        kind=row.kind,
        n=histogram.total(row.speed_hist),
        tokens=row.timed_tokens,
        seconds=seconds,
        mean=row.timed_tokens / seconds if seconds else None,
        p50=median,
        p5=slow,
    )
