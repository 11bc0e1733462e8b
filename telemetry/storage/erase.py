"""Takes rows out of the store, together with what was derived from them."""

from __future__ import annotations

import sqlalchemy as sa

from telemetry.drift.tables import DRIFT_METRIC
from telemetry.storage.models import BRANCH, BRANCH_HOUR, CONTENT, REQUEST, REQUEST_HOUR, SPAN


def delete_simulated(engine: sa.Engine) -> int:
    """Delete exactly the simulated decisions and all that belongs to them; returns how many decisions.

    One transaction. Real rows are untouched, and so are the policy versions, which are no traffic.
    """
    with engine.begin() as connection:
        traces = sa.union(
            sa.select(REQUEST.c.trace_id).where(REQUEST.c.simulated),
            sa.select(BRANCH.c.trace_id).where(BRANCH.c.simulated),
        )
        for table in (CONTENT, SPAN):
            connection.execute(sa.delete(table).where(table.c.trace_id.in_(traces)))
        for table in (BRANCH, REQUEST_HOUR, BRANCH_HOUR, DRIFT_METRIC):
            connection.execute(sa.delete(table).where(table.c.simulated))
        return connection.execute(sa.delete(REQUEST).where(REQUEST.c.simulated)).rowcount
