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
