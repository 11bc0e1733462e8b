"""Takes decisions out of the store, each with all that belongs to it, and with what was derived from it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from telemetry.alerts.erasure import forget_simulated
from telemetry.drift.tables import DRIFT_DETAIL, DRIFT_METRIC, DRIFT_RUN, DRIFT_WEEK
from telemetry.storage import fulltext
from telemetry.storage.engine import reading, writing
from telemetry.storage.evaluation import EVALUATION, EVALUATION_TASK
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, ROLLUPS, SPAN
from telemetry.storage.operation import INCIDENT
from telemetry.storage.slices import REST_S, Counts, Slices

FOUND_AT_ONCE = 5_000
"""Rows of one look into the tables."""
PAGES_AT_ONCE = 16
"""Of the full-text index, in one transaction; some milliseconds."""

Condition: TypeAlias = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Found:
    """A decision, or a trace of which only other rows are left."""

    trace_id: str
    span_id: str | None = None
    """The key of its row in ``request``."""


def delete_traces(connection: sa.Connection, found: Sequence[Found]) -> Counts:
    """Delete all rows of these traces, rollups left alone. The caller commits."""
    traces = [one.trace_id for one in found]
    keys = [one.span_id for one in found if one.span_id is not None]
    counts: Counts = Counter()
    for table in (EVALUATION, EVALUATION_TASK, CONTENT, SPAN, BRANCH):
        counts[table.name] += connection.execute(sa.delete(table).where(table.c.trace_id.in_(traces))).rowcount
    counts[REQUEST.name] += connection.execute(sa.delete(REQUEST).where(REQUEST.c.span_id.in_(keys))).rowcount
    return counts


def delete_decisions(engine: sa.Engine, condition: Callable[[sa.Table], Condition], slices: Slices) -> Counts:
    """Delete every trace of which the decision or a branch fulfils a condition.

    Args:
        condition: given ``request`` or ``branch``, says which rows are meant.
        slices: how the work is cut.
    """
    counts: Counts = Counter()
    for some in _decisions(engine, condition(REQUEST)):
        counts.update(slices.work(some, delete_traces))
    # Branches whose decision is not there: it never came, or an earlier run was stopped.
    orphans = sa.select(BRANCH.c.trace_id).where(condition(BRANCH)).limit(FOUND_AT_ONCE)
    while left := _scalars(engine, orphans):
        counts.update(slices.work([Found(trace_id) for trace_id in dict.fromkeys(left)], delete_traces))
    return counts


def delete_simulated(engine: sa.Engine) -> int:
    """Delete exactly the simulated decisions and all that belongs to them; returns how many decisions.

    In many short transactions, so that real decisions can be written meanwhile. Real rows are untouched, and so are
    the policy versions, which are no traffic. Of the drift runs those go whose findings were all simulated.
    """
    slices = Slices(engine)
    counts = delete_decisions(engine, lambda table: table.c.simulated.is_(True), slices)
    with writing(engine) as connection:
        for table in (*ROLLUPS, INCIDENT):
            connection.execute(sa.delete(table).where(table.c.simulated.is_(True)))
        _delete_simulated_drift(connection)
        forget_simulated(connection)
    return counts[REQUEST.name]


def forget_deleted_content(engine: sa.Engine) -> None:
    """Take what was deleted from ``content`` out of the full-text index for good, in short transactions.

    The index only notes what is deleted; its pieces could be read out of the file until it is merged anew.
    """
    pages = -PAGES_AT_ONCE
    while True:
        with writing(engine) as connection:
            if not fulltext.merge(connection, pages):
                return
        # The first step gathers all parts of the index, the others go on with them.
        pages = PAGES_AT_ONCE
        time.sleep(REST_S)


def _delete_simulated_drift(connection: sa.Connection) -> None:
    simulated = DRIFT_METRIC.c.simulated.is_(True)
    runs = connection.scalars(sa.select(DRIFT_METRIC.c.run_id).where(simulated).distinct()).all()
    connection.execute(sa.delete(DRIFT_METRIC).where(simulated))
    connection.execute(sa.delete(DRIFT_DETAIL).where(DRIFT_DETAIL.c.simulated.is_(True)))
    connection.execute(sa.delete(DRIFT_WEEK).where(DRIFT_WEEK.c.week.not_in(sa.select(DRIFT_METRIC.c.week))))
    left = sa.select(DRIFT_METRIC.c.run_id)
    if not runs:
        return
    if connection.scalar(left.limit(1)) is None:
        # No run has ever compared anything real; of those that later ones replaced, nothing says more.
        connection.execute(sa.delete(DRIFT_RUN))
        return
    connection.execute(sa.delete(DRIFT_RUN).where(DRIFT_RUN.c.run_id.in_(runs), DRIFT_RUN.c.run_id.not_in(left)))


def _decisions(engine: sa.Engine, condition: Condition) -> Iterator[list[Found]]:
    """Decisions, oldest first, in lists. One way through the index: what was passed is not looked at again."""
    columns = (REQUEST.c.ts, REQUEST.c.span_id, REQUEST.c.trace_id)
    statement: sa.Select[Any] = sa.select(*columns).where(condition).order_by(REQUEST.c.ts, REQUEST.c.span_id)
    after: Condition = sa.true()
    while True:
        with reading(engine) as connection:
            rows = connection.execute(statement.where(after).limit(FOUND_AT_ONCE)).all()
        if not rows:
            return
        last = rows[-1]
        after = sa.tuple_(REQUEST.c.ts, REQUEST.c.span_id) > sa.tuple_(
            sa.literal(last.ts, REQUEST.c.ts.type), sa.literal(last.span_id)
        )
        yield [Found(row.trace_id, row.span_id) for row in rows]


def _scalars(engine: sa.Engine, statement: sa.Select[Any]) -> Sequence[str]:
    with reading(engine) as connection:
        return connection.scalars(statement).all()
