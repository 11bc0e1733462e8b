"""What the jobs worker has to judge, what became of it, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from telemetry.query.filters import Filters
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION_TASK


@dataclass(slots=True)
class Work:
    """One evaluator, or one model that shadow calls go to, on one route."""

    route: str
    kind: str
    """judge or shadow."""
    name: str
    states: dict[str, int] = field(default_factory=dict)
    """Tasks that are waiting, done, failed or left out."""
    cost_nano: int = 0
    """Nano-USD of what was done, as far as costs are known."""
    oldest_waiting: datetime | None = None
    """When the decision of the oldest waiting task was made."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why tasks were left out, failed, or still wait."""

    state: str
    why: str
    tasks: int
    newest: str
    """The id of the newest such decision."""


def work(engine: sa.Engine, filters: Filters | None = None) -> list[Work]:
    """By route, kind and name. Of filters only period, routes and tenants are looked at."""
    columns = EVALUATION_TASK.c
    keys = (columns.route, columns.kind, columns.name)
    statement = (
        sa.select(
            *(*keys, columns.state, sa.func.count().label("tasks")),
            *(
                sa.func.coalesce(sa.func.sum(columns.cost_nano), 0).label("nano"),
                sa.func.min(columns.ts).label("first"),
            ),
        )
        .where(*_where(filters))
        .group_by(*keys, columns.state)
        .order_by(*keys, columns.state)
    )
    found: dict[tuple[str, str, str], Work] = {}
    with reading(engine) as connection:
        for row in connection.execute(statement):
            one = found.setdefault((row.route, row.kind, row.name), Work(row.route, row.kind, row.name))
            one.states[row.state] = row.tasks
            one.cost_nano += int(row.nano)
            if row.state == "waiting":
                one.oldest_waiting = row.first
    return list(found.values())


def obstacles(engine: sa.Engine, filters: Filters | None = None, *, limit: int = 20) -> list[Obstacle]:
    """Why something was not judged, the most frequent first."""
    columns = EVALUATION_TASK.c
    tasks = sa.func.count()
    statement = (
        sa.select(columns.state, columns.why, tasks.label("tasks"), sa.func.max(columns.ts).label("last"))
        .where(*_where(filters), columns.why.is_not(None), columns.state != "done")
        .group_by(columns.state, columns.why)
        .order_by(tasks.desc(), columns.why, columns.state)
        .limit(limit)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
        found = []
        for row in rows:
            newest = sa.select(columns.decision_id).where(
                *_where(filters), columns.why == row.why, columns.state == row.state
            )
            newest = newest.order_by(columns.ts.desc(), columns.decision_id).limit(1)
            found.append(Obstacle(row.state, row.why, row.tasks, str(connection.scalar(newest))))
    return found


def _where(filters: Filters | None) -> list[sa.ColumnElement[bool]]:
    if filters is None:
        return []
    columns, conditions = EVALUATION_TASK.c, list[sa.ColumnElement[bool]]()
    if filters.start is not None:
        conditions.append(columns.ts >= filters.start)
    if filters.end is not None:
        conditions.append(columns.ts < filters.end)
    if filters.routes:
        conditions.append(columns.route.in_(filters.routes))
    if filters.tenants:
        conditions.append(columns.tenant.in_(filters.tenants))
    return conditions
