"""Which errors models had when, and in which decisions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from telemetry.levels import BRANCHES
from telemetry.query.cells import HOURS, Step, cells, sums
from telemetry.query.decisions import DecisionRow
from telemetry.query.filters import Filters, hour_start, narrowed, on_facts
from telemetry.storage.engine import reading
from telemetry.storage.models import BRANCH, REQUEST
from telemetry.text import clean

_COLUMNS: Final[list[sa.ColumnElement[Any]]] = [REQUEST.c[field.name] for field in fields(DecisionRow)]


@dataclass(frozen=True, slots=True)
class ErrorStep:
    """Branches of one model that ended with one type of error in one hour or UTC day."""

    start: datetime
    model: str
    error_type: str
    branches: int


def error_series(engine: sa.Engine, filters: Filters, step: Step) -> list[ErrorStep]:
    """Errors of branches over time, oldest first, then by model and type; steps without any are left out."""
    source = cells(BRANCHES, filters, keys=("model", "error_type"), values=("branches",), step=step)
    keys = (source.c.hour, source.c.model, source.c.error_type)
    statement: sa.Select[Any] = (
        sa.select(*keys, *sums(source, BRANCHES, ("branches",)))
        .where(source.c.error_type != "")
        .group_by(*keys)
        .order_by(*keys)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    return [ErrorStep(hour_start(row.hour), row.model, row.error_type, row.branches) for row in rows]


def decisions_with_error(
    engine: sa.Engine, filters: Filters, model: str, error_type: str, *, limit: int = 10
) -> list[DecisionRow]:
    """The newest decisions in which a branch of this model ended with this type of error, whatever came of them.

    Only the hours in which the rollups count such a branch are read. ``filters.models`` does not matter.
    """
    filters = replace(filters, models=(model,))
    found: dict[str, DecisionRow] = {}
    with reading(engine) as connection:
        for hour in _hours_with(connection, filters, clean(error_type)):
            statement = (
                sa.select(*_COLUMNS)
                .join(BRANCH, BRANCH.c.decision_id == REQUEST.c.decision_id)
                .where(*on_facts(BRANCH, "model", hour), BRANCH.c.error_type == clean(error_type))
                .order_by(BRANCH.c.ts.desc(), BRANCH.c.span_id)
                # One decision can have several such branches.
                .limit(limit * 4)
            )
            for row in connection.execute(statement):
                found.setdefault(row.decision_id, DecisionRow(*row))
            if len(found) >= limit:
                break
    newest = sorted(found.values(), key=lambda row: (-row.ts.timestamp(), row.decision_id))
    return newest[:limit]


def _hours_with(connection: sa.Connection, filters: Filters, error_type: str) -> Iterator[Filters]:
    """The filters, narrowed to each hour with such a branch, the newest first."""
    for day in _steps_with(connection, filters, error_type, "day"):
        for hour in _steps_with(connection, narrowed(filters, day, HOURS["day"]), error_type, "hour"):
            yield narrowed(filters, hour, HOURS["hour"])


def _steps_with(connection: sa.Connection, filters: Filters, error_type: str, step: Step) -> list[int]:
    source = cells(BRANCHES, filters, keys=("model", "error_type"), values=("branches",), step=step)
    hour = source.c.hour
    statement = sa.select(hour).where(source.c.error_type == error_type).group_by(hour).order_by(hour.desc())
    return list(connection.scalars(statement))
