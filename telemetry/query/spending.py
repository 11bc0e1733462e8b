"""What was spent, by whom or what spent it, and what a million tokens came to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.levels import BRANCHES, REQUESTS, Family
from telemetry.query.cells import Step, cells, known, sums
from telemetry.query.filters import Filters, hour_start
from telemetry.storage.engine import reading

SpendDimension: TypeAlias = Literal["model", "tenant", "route", "intent", "tool"]
"""Models are counted by their branches, the others by requests; a tool, and the cache, count the requests that they
answered."""
NO_MODEL: Final = ("tool", "cache")
"""Kinds of branches that call no model."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What a value of a dimension has cost, in all or in one step."""

    value: str
    """Empty where a request has none."""
    start: datetime | None
    """Of the step; None when all time was asked for at once."""
    n: int
    """Branches (probes and judges among them) by model, requests otherwise."""
    cost_nano: int | None
    """Of those whose cost is known; None when there is none such."""
    cost_unknown: int
    discarded_nano: int | None
    """What of it went to answers that were not used, probes and judges included."""
    baseline_nano: int | None
    """Of the ``savings_n`` requests; this and the next are None for models, whose branches have no baseline."""
    savings_nano: int | None
    savings_n: int

    @property
    def each_nano(self) -> float | None:
        """Per branch or request whose cost is known."""
        return None if self.cost_nano is None else self.cost_nano / (self.n - self.cost_unknown)


@dataclass(frozen=True, slots=True)
class SpendStep:
    """What the requests of one hour or UTC day have cost."""

    start: datetime
    n: int
    cost_nano: int | None
    """Of those whose cost is known; None when there is none such."""
    cost_unknown: int


@dataclass(frozen=True, slots=True)
class ModelTokens:
    """What one model has read and written, in all its branches."""

    model: str
    branches: int
    input_tokens: int
    """Those from the provider's cache among them."""
    output_tokens: int
    cached_tokens: int
    tokens_unknown: int
    """Branches that did not say their tokens."""
    cost_nano: int | None
    cost_unknown: int

    @property
    def usd_per_million(self) -> float | None:
        """The known cost by the known tokens, input and output together; None when either is missing."""
        tokens = self.input_tokens + self.output_tokens
        return None if self.cost_nano is None or not tokens else self.cost_nano / 1000 / tokens


def spending(engine: sa.Engine, filters: Filters, by: SpendDimension, step: Step | None = None) -> list[Spending]:
    """Costs by a dimension, the dearest first; with a step the oldest first, then by value."""
    family, column, kind, kind_column = _where(by)
    values = _VALUES[family]
    source = cells(family, filters, keys=(column, kind_column), values=values, step=step)
    keys: list[sa.ColumnElement[Any]] = [*([] if step is None else [source.c.hour]), source.c[column]]
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, family, values)).group_by(*keys)
    if kind is not None:
        statement = statement.where(kind(source.c[kind_column]))
    statement = statement.order_by(*keys) if step else statement.order_by(sa.desc("cost_nano"), *keys)
    with reading(engine) as connection:
        rows = connection.execute(statement).mappings().all()
    return [_spending(row, column, values[0], step) for row in rows]


def course(engine: sa.Engine, filters: Filters, step: Step) -> list[SpendStep]:
    """All that the filter lets through over time, oldest first; steps without requests are left out."""
    values = ("requests", *_COSTS)
    with reading(engine) as connection:
        source = cells(REQUESTS, _without_idle_source(connection, filters), values=values, step=step)
        hour = source.c.hour
        statement: sa.Select[Any] = sa.select(hour, *sums(source, REQUESTS, values)).group_by(hour).order_by(hour)
        rows = connection.execute(statement).all()
    return [
        SpendStep(
            start=hour_start(row.hour),
            n=row.requests,
            cost_nano=known(row.cost_nano, row.requests - row.cost_unknown),
            cost_unknown=row.cost_unknown,
        )
        for row in rows
    ]


def tokens(engine: sa.Engine, filters: Filters) -> list[ModelTokens]:
    """Tokens by model, the most first; tools and the cache take none and are left out."""
    values = ("branches", "input_tokens", "output_tokens", "cache_read_tokens", "tokens_unknown", *_COSTS)
    source = cells(BRANCHES, filters, keys=("model", "kind"), values=values)
    model, in_all = source.c.model, sa.func.sum(source.c.input_tokens + source.c.output_tokens)
    statement: sa.Select[Any] = (
        sa.select(model, *sums(source, BRANCHES, values))
        .where(source.c.kind.not_in(NO_MODEL))
        .group_by(model)
        .order_by(in_all.desc(), model)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [
        ModelTokens(
            model=row.model,
            branches=row.branches,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cached_tokens=row.cache_read_tokens,
            tokens_unknown=row.tokens_unknown,
            cost_nano=known(row.cost_nano, row.branches - row.cost_unknown),
            cost_unknown=row.cost_unknown,
        )
        for row in rows
    ]


def _without_idle_source(connection: sa.Connection, filters: Filters) -> Filters:
    """Without the filter on the source where there is no other: coarse rollups do not know the source."""
    if filters.source is None:
        return filters
    known = cells(REQUESTS, Filters(purposes=()), keys=("source",))
    found = set(connection.scalars(sa.select(known.c.source).distinct()))
    return replace(filters, source=None) if found == {filters.source} else filters


_COSTS = ("cost_nano", "cost_unknown")
_VALUES: dict[Family, tuple[str, ...]] = {
    BRANCHES: ("branches", *_COSTS, "discarded_nano"),
    REQUESTS: ("requests", *_COSTS, "discarded_nano", "baseline_nano", "savings_nano", "savings_n"),
}


def _where(by: SpendDimension) -> tuple[Family, str, Any, str]:
    """The facts that answer, the column of the value, and which kinds of it count, by which column."""
    match by:
        case "model":
            return BRANCHES, "model", lambda kind: kind.not_in(NO_MODEL), "kind"
        case "tool":
            return REQUESTS, "chosen", lambda kind: kind.in_(NO_MODEL), "chosen_kind"
        case _:
            return REQUESTS, by, None, by


def _spending(row: sa.RowMapping, column: str, counted: str, step: Step | None) -> Spending:
    n, unknown = row[counted], row["cost_unknown"]
    compared = row.get("savings_n", 0)
    return Spending(
        value=row[column],
        start=None if step is None else hour_start(row["hour"]),
        n=n,
        cost_nano=known(row["cost_nano"], n - unknown),
        cost_unknown=unknown,
        discarded_nano=known(row["discarded_nano"], n - unknown),
        baseline_nano=known(row["baseline_nano"], compared) if compared else None,
        savings_nano=known(row["savings_nano"], compared) if compared else None,
        savings_n=compared,
    )
