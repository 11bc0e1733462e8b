"""What was spent on what: by any dimension, over time, and against the baseline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.levels import BRANCHES, REQUESTS
from telemetry.query.cells import Step, cells, known, sums
from telemetry.query.filters import Filters, hour_start
from telemetry.storage.engine import reading

CostDimension: TypeAlias = Literal["model", "tier", "tenant", "intent", "route", "risk", "policy_version"]


@dataclass(frozen=True, slots=True)
class Spend:
    """What a value of a dimension has cost, in all or in one step."""

    value: str
    """The model, tenant, ...; empty where it is absent, as the tier of a tool."""
    start: datetime | None
    """Of the step; None when all time was asked for at once."""
    n: int
    """Branches, when models or tiers are asked for; requests otherwise."""
    cost_nano: int | None
    """Of those whose cost is known; None when there is none such."""
    cost_unknown: int
    discarded_nano: int | None
    """What of it went to answers that were not used, probes and judges included."""


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From what the baseline would have cost down to what was saved, all of it for the same ``n`` requests.

    baseline = answers + dropped + probes + judges + retries + savings, to the nano-USD.
    """

    n: int
    """Requests with a known cost and a known baseline."""
    requests: int
    """All requests of the filter."""
    baseline_nano: int | None
    """This and the rest are None when n is 0."""
    answers_nano: int | None
    """The answers that were given."""
    dropped_nano: int | None
    """First attempts that were rejected or failed."""
    probes_nano: int | None
    judges_nano: int | None
    retries_nano: int | None
    """Second and later attempts that were rejected or failed."""
    savings_nano: int | None
    """Negative when routing has cost more than the baseline would have."""
    undivided: int
    """How many of the n count in full as answers, because older versions did not keep their parts."""


def spend(engine: sa.Engine, filters: Filters, by: CostDimension, step: Step | None = None) -> list[Spend]:
    """Costs by a dimension, the dearest first; with a step the oldest first, then by value."""
    of_branches = by in ("model", "tier")
    family = BRANCHES if of_branches else REQUESTS
    counted = "branches" if of_branches else "requests"
    values = (counted, "cost_nano", "cost_unknown", "discarded_nano")
    source = cells(family, filters, keys=(by,), values=values, step=step)
    keys: list[sa.ColumnElement[Any]] = [source.c[by]] if step is None else [source.c.hour, source.c[by]]
    order = [sa.desc("cost_nano"), *keys] if step is None else keys
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, family, values)).group_by(*keys).order_by(*order)
    with reading(engine) as connection:
        rows = connection.execute(statement).mappings().all()
    return [
        Spend(
            value=row[by],
            start=None if step is None else hour_start(row["hour"]),
            n=row[counted],
            cost_nano=known(row["cost_nano"], row[counted] - row["cost_unknown"]),
            cost_unknown=row["cost_unknown"],
            discarded_nano=known(row["discarded_nano"], row[counted] - row["cost_unknown"]),
        )
        for row in rows
    ]


def waterfall(engine: sa.Engine, filters: Filters) -> Waterfall:
    """Where the difference between baseline and cost has gone."""
    values = (
        *("requests", "savings_n", "baseline_nano", "savings_nano"),
        *("probe_nano", "judge_nano", "retry_nano", "dropped_nano", "parts_unknown"),
    )
    source = cells(REQUESTS, filters, values=values)
    with reading(engine) as connection:
        row = connection.execute(sa.select(*sums(source, REQUESTS, values))).one()
    n = row.savings_n
    beside = row.dropped_nano + row.probe_nano + row.judge_nano + row.retry_nano
    return Waterfall(
        n=n,
        requests=row.requests,
        baseline_nano=known(row.baseline_nano, n),
        answers_nano=known(row.baseline_nano - row.savings_nano - beside, n),
        dropped_nano=known(row.dropped_nano, n),
        probes_nano=known(row.probe_nano, n),
        judges_nano=known(row.judge_nano, n),
        retries_nano=known(row.retry_nano, n),
        savings_nano=known(row.savings_nano, n),
        undivided=row.parts_unknown,
    )
