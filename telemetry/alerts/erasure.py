"""Takes alerts out of the database: those of a tenant, those of simulated traffic, and old ones."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from telemetry.alerts.tables import (
    ALERT,
    ALERT_ATTEMPT,
    ALERT_DELIVERY,
    ALERT_EVENT,
    ALERT_READING,
    ALERT_SILENCE,
)
from telemetry.text import clean

TENANT: Final = "tenant"


def count_of_tenant(connection: sa.Connection, tenant: str) -> int:
    """How many alerts and events of theirs `forget_tenant` would delete."""
    name = clean(tenant)
    return sum(
        connection.scalar(
            sa.select(sa.func.count()).select_from(table).where(table.c.per == TENANT, table.c.subject == name)
        )
        or 0
        for table in (ALERT, ALERT_EVENT)
    )


def forget_tenant(connection: sa.Connection, tenant: str) -> int:
    """Delete alerts that look at this tenant by itself, with their history; the caller commits.

    Sums over several tenants stay: no name is in them.

    Returns:
        How many rows.
    """
    name = clean(tenant)
    removed = _forget(
        connection,
        sa.and_(ALERT.c.per == TENANT, ALERT.c.subject == name),
        sa.and_(ALERT_EVENT.c.per == TENANT, ALERT_EVENT.c.subject == name),
    )
    return removed + connection.execute(sa.delete(ALERT_SILENCE).where(ALERT_SILENCE.c.subject == name)).rowcount


def forget_simulated(connection: sa.Connection) -> int:
    """Delete alerts about simulated traffic, with their history; the caller commits. Returns how many rows."""
    return _forget(connection, ALERT.c.simulated.is_(True), ALERT_EVENT.c.simulated.is_(True))


def forget_events_before(connection: sa.Connection, before: datetime) -> int:
    """Delete what became of alerts before a moment, with its messages; the caller commits. Returns how many events."""
    old = sa.select(ALERT_EVENT.c.event_id).where(ALERT_EVENT.c.ts < before)
    for table in (ALERT_ATTEMPT, ALERT_DELIVERY):
        connection.execute(sa.delete(table).where(table.c.event_id.in_(old)))
    connection.execute(sa.delete(ALERT_SILENCE).where(ALERT_SILENCE.c.until < before))
    return connection.execute(sa.delete(ALERT_EVENT).where(ALERT_EVENT.c.ts < before)).rowcount


def _forget(connection: sa.Connection, alerts: sa.ColumnElement[bool], events: sa.ColumnElement[bool]) -> int:
    of_alert, of_event = sa.select(ALERT.c.alert_id).where(alerts), sa.select(ALERT_EVENT.c.event_id).where(events)
    removed = 0
    for table in (ALERT_ATTEMPT, ALERT_DELIVERY):
        removed += connection.execute(sa.delete(table).where(table.c.event_id.in_(of_event))).rowcount
    removed += connection.execute(sa.delete(ALERT_READING).where(ALERT_READING.c.alert_id.in_(of_alert))).rowcount
    removed += connection.execute(sa.delete(ALERT_EVENT).where(events)).rowcount
    return removed + connection.execute(sa.delete(ALERT).where(alerts)).rowcount
