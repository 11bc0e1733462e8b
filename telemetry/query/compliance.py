"""Which data went where, and what the rules did about it; of our own decisions alone, unless others are asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemetry.levels import BRANCHES, REQUESTS, VERDICTS
from telemetry.query.cells import Step, cells, known, sums
from telemetry.query.filters import Filters, hour_start
from telemetry.storage.engine import reading

ROUTER = "router"
"""The source of decisions that RouteScope made itself: of others it cannot say what became of their data."""


@dataclass(frozen=True, slots=True)
class RuleVerdicts:
    """How often one rule did one thing to a request."""

    rule: str
    outcome: str
    """required, excluded, denied, raised, redacted or rerouted; see router_core.result.VerdictOutcome."""
    start: datetime | None
    """Of the step; None when all time was asked for at once."""
    requests: int
    models_removed: int
    """Models that it took out of these requests, added up."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What of one data class one model or tool has seen. Every branch counts: a rejected draft was sent the same."""

    data_class: str
    """Empty where it was not stated."""
    model: str
    kind: str
    location: str | None
    """local: it stayed on the machine or in its network. cloud: it left. None: nobody knows."""
    branches: int
    answers: int
    """Branches whose answer was given."""
    failed: int
    cost_nano: int | None
    cost_unknown: int


@dataclass(frozen=True, slots=True)
class DataClassTotals:
    """The requests of one data class, by how they ended."""

    data_class: str
    start: datetime | None
    """Of the step; None when all time was asked for at once."""
    requests: int
    ok: int
    denied: int
    failed: int
    cancelled: int


def rules(engine: sa.Engine, filters: Filters, step: Step | None = None) -> list[RuleVerdicts]:
    """What rules did, the most frequent first; with a step the oldest first.

    A rule that never did anything is in no row: which rules there are is said by the policies
    (`telemetry.query.policies`). A filter on models means those that answered in the end.
    """
    values = ("requests", "models_removed")
    source = cells(VERDICTS, _own(filters), keys=("rule", "outcome"), values=values, step=step)
    keys: list[sa.ColumnElement[Any]] = [source.c[name] for name in (*(("hour",) if step else ()), "rule", "outcome")]
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, VERDICTS, values)).group_by(*keys)
    statement = statement.order_by(*keys) if step else statement.order_by(sa.desc("requests"), *keys)
    with reading(engine) as connection:
        rows = connection.execute(statement).mappings().all()
    return [
        RuleVerdicts(
            rule=row["rule"],
            outcome=row["outcome"],
            start=hour_start(row["hour"]) if step else None,
            requests=row["requests"],
            models_removed=row["models_removed"],
        )
        for row in rows
    ]


def exposures(engine: sa.Engine, filters: Filters) -> list[Exposure]:
    """Which models and tools have seen which data, by data class and then the most used first."""
    values = ("branches", "accepted", "failed", "cost_nano", "cost_unknown")
    names = ("data_class", "model", "kind", "location")
    source = cells(BRANCHES, _own(filters), keys=names, values=values)
    keys = [source.c[name] for name in names]
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, BRANCHES, values)).group_by(*keys)
    statement = statement.order_by(source.c.data_class, sa.desc("branches"), *keys[1:])
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [
        Exposure(
            data_class=row.data_class,
            model=row.model,
            kind=row.kind,
            location=row.location or None,
            branches=row.branches,
            answers=row.accepted,
            failed=row.failed,
            cost_nano=known(row.cost_nano, row.branches - row.cost_unknown),
            cost_unknown=row.cost_unknown,
        )
        for row in rows
    ]


def data_classes(engine: sa.Engine, filters: Filters, step: Step | None = None) -> list[DataClassTotals]:
    """Requests by data class, the most frequent first; with a step the oldest first."""
    values = ("requests", "denied", "failed", "cancelled")
    source = cells(REQUESTS, _own(filters), keys=("data_class",), values=values, step=step)
    keys: list[sa.ColumnElement[Any]] = [source.c[name] for name in (*(("hour",) if step else ()), "data_class")]
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, REQUESTS, values)).group_by(*keys)
    statement = statement.order_by(*keys) if step else statement.order_by(sa.desc("requests"), *keys)
    with reading(engine) as connection:
        rows = connection.execute(statement).mappings().all()
    return [
        DataClassTotals(
            data_class=row["data_class"],
            start=hour_start(row["hour"]) if step else None,
            requests=row["requests"],
            ok=row["requests"] - row["denied"] - row["failed"] - row["cancelled"],
            denied=row["denied"],
            failed=row["failed"],
            cancelled=row["cancelled"],
        )
        for row in rows
    ]


def _own(filters: Filters) -> Filters:
    return replace(filters, source=ROUTER) if filters.source is None else filters
