"""What went wrong, by type: of branches by model, and of whole requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemetry.levels import BRANCHES, REQUESTS
from telemetry.query.cells import Step, cells, sums
from telemetry.query.filters import Filters, hour_start
from telemetry.query.proportion import Proportion
from telemetry.storage.engine import reading

TIMEOUTS = ("timeout", "first_token_timeout")
"""Types of errors of branches that took too long."""


@dataclass(frozen=True, slots=True)
class BranchFailures:
    """Branches of one model that ended with one type of error."""

    model: str
    kind: str
    error_type: str
    branches: Proportion
    """Of all branches of that model and kind in the filter."""


@dataclass(frozen=True, slots=True)
class RequestFailures:
    """Requests that ended in one way other than ok, in all or in one step."""

    start: datetime | None
    status: str
    """failed, denied or cancelled."""
    error_type: str
    """Empty where none was given."""
    requests: Proportion
    """Of all requests of the filter, or of the step."""


@dataclass(frozen=True, slots=True)
class DeadlineMisses:
    """Requests of one step that were not answered in the time they had, and calls that were not."""

    start: datetime
    missed: Proportion
    """Of all requests of the step: those that failed because their total deadline came."""
    timeouts: Proportion
    """Of all branches of the step: those that timed out, at first or at all. Another may have answered in time."""


def branch_failures(engine: sa.Engine, filters: Filters) -> list[BranchFailures]:
    """Types of errors by model, the most frequent first."""
    source = cells(BRANCHES, filters, keys=("model", "kind", "error_type"), values=("branches",))
    keys = (source.c.model, source.c.kind, source.c.error_type)
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, BRANCHES, ("branches",))).group_by(*keys)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    all_of: dict[tuple[str, str], int] = {}
    for row in rows:
        all_of[row.model, row.kind] = all_of.get((row.model, row.kind), 0) + row.branches
    found = [
        BranchFailures(row.model, row.kind, row.error_type, Proportion.of(row.branches, all_of[row.model, row.kind]))
        for row in rows
        if row.error_type
    ]
    return sorted(found, key=lambda one: (-one.branches.part, one.model, one.kind, one.error_type))


def deadline_misses(engine: sa.Engine, filters: Filters, step: Step) -> list[DeadlineMisses]:
    """Missed deadlines and timeouts over time, oldest first; steps without requests are left out.

    A filter on models means the one that answered where requests are counted, and the one that was asked for branches.
    """
    asked = ((REQUESTS, "requests", ("deadline_exceeded",)), (BRANCHES, "branches", TIMEOUTS))
    counts: list[dict[int, tuple[int, int]]] = []
    with reading(engine) as connection:
        for family, value, types in asked:
            source = cells(family, filters, keys=("error_type",), values=(value,), step=step)
            late = sa.func.sum(sa.case((source.c.error_type.in_(types), source.c[value]), else_=0))
            statement = sa.select(source.c.hour, late, sa.func.sum(source.c[value])).group_by(source.c.hour)
            counts.append({hour: (part, n) for hour, part, n in connection.execute(statement)})
    requests, branches = counts
    return [
        DeadlineMisses(hour_start(hour), Proportion.of(*requests[hour]), Proportion.of(*branches.get(hour, (0, 0))))
        for hour in sorted(requests)
    ]


def request_failures(engine: sa.Engine, filters: Filters, step: Step | None = None) -> list[RequestFailures]:
    """How requests ended that did not end well, the most frequent first; with a step the oldest first."""
    names = ("status", "error_type")
    source = cells(REQUESTS, filters, keys=names, values=("requests",), step=step)
    keys: list[sa.ColumnElement[Any]] = [source.c[name] for name in (*(("hour",) if step else ()), *names)]
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, REQUESTS, ("requests",))).group_by(*keys)
    with reading(engine) as connection:
        rows = connection.execute(statement).mappings().all()
    all_of: dict[int | None, int] = {}
    for row in rows:
        all_of[row.get("hour")] = all_of.get(row.get("hour"), 0) + row["requests"]
    found = [
        RequestFailures(
            start=hour_start(row["hour"]) if step else None,
            status=row["status"],
            error_type=row["error_type"],
            requests=Proportion.of(row["requests"], all_of[row.get("hour")]),
        )
        for row in rows
        if row["status"] != "ok"
    ]

    def order(one: RequestFailures) -> tuple[float, int, str, str]:
        return one.start.timestamp() if one.start else 0.0, -one.requests.part, one.status, one.error_type

    return sorted(found, key=order)
