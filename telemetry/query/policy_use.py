"""How much each version of the policy decided, and when: from the rollups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from telemetry.levels import REQUESTS
from telemetry.query.cells import cells, hour_start, total
from telemetry.query.filters import Filters
from telemetry.storage.engine import reading


@dataclass(frozen=True, slots=True)
class PolicyUse:
    """What one version decided."""

    version: str
    """Empty for requests that no policy of ours decided."""
    requests: int
    first_day: date
    """UTC days of its first and its last request."""
    last_day: date


def uses(engine: sa.Engine, filters: Filters) -> list[PolicyUse]:
    """The versions that decided requests of the filter, the one that was used last first."""
    source = cells(REQUESTS, filters, keys=("policy_version",), values=("requests",), step="day")
    version, hour = source.c.policy_version, source.c.hour
    statement: sa.Select[Any] = (
        sa.select(version, total(source.c.requests), sa.func.min(hour).label("first"), sa.func.max(hour).label("last"))
        .group_by(version)
        .order_by(sa.desc("last"), sa.desc("requests"), version)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [
        PolicyUse(row.policy_version, row.requests, hour_start(row.first).date(), hour_start(row.last).date())
        for row in rows
        if row.requests
    ]
