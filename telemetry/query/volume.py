"""How many requests came when, and what they cost: counts alone, so that many hours are read at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemetry.levels import REQUESTS
from telemetry.query.cells import Step, cells, known, sums
from telemetry.query.filters import Filters, hour_start
from telemetry.storage.engine import reading


@dataclass(frozen=True, slots=True)
class Volume:
    """The requests of one hour or one UTC day."""

    start: datetime
    requests: int
    cost_nano: int | None
    """Of the requests whose cost is known; None when there is none such."""
    cost_unknown: int
    """How many requests have no known cost."""


def volumes(engine: sa.Engine, filters: Filters, step: Step) -> list[Volume]:
    """Requests over time, oldest first; a step without any is left out."""
    values = ("requests", "cost_nano", "cost_unknown")
    source = cells(REQUESTS, filters, values=values, step=step)
    hour = source.c.hour
    statement: sa.Select[Any] = sa.select(hour, *sums(source, REQUESTS, values)).group_by(hour).order_by(hour)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [
        Volume(
            hour_start(row.hour), row.requests, known(row.cost_nano, row.requests - row.cost_unknown), row.cost_unknown
        )
        for row in rows
    ]
