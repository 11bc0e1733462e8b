"""Messages on their way: written in the transaction of what they tell, sent until they arrive or are given up.

A message is claimed before it is sent: its next attempt is put off in the same transaction, so that two workers never
send it at once and a worker that dies in the middle has it sent again. So a message is sent at least once, with the
event's id in it by which a receiver can tell a second one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from telemetry.alerts.tables import ALERT_ATTEMPT, ALERT_DELIVERY, ALERT_EVENT
from telemetry.storage.engine import reading, writing
from telemetry.storage.operation import row_id
from telemetry.text import clean

MOST_TOGETHER: Final = 20
"""Events in one message."""
MOST_ATTEMPTS: Final = 8
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(hours=1)
TOO_LATE: Final = timedelta(days=1)
"""What could not be sent for so long is given up: old news misleads."""
LONGEST_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Event:
    """What became of an alert, as a message tells it."""

    event_id: str
    rule: str
    subject: str
    per: str | None
    kind: str
    """fired, resolved or withdrawn."""
    ts: datetime
    severity: str
    metric: str
    comparison: str
    threshold: float
    unit: str
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    window_s: float
    started: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """The events of one message to one channel, claimed by whoever holds it."""

    channel: str
    events: tuple[Event, ...]
    attempts: tuple[int, ...]
    """The number of this attempt, of each event."""


def enqueue(connection: sa.Connection, event_id: str, channels: Iterable[str], now: datetime) -> None:
    """Have an event sent to these channels, in the caller's transaction."""
    rows = [
        {
            "event_id": event_id,
            "channel": channel,
            "created": now,
            "status": "waiting",
            "attempts": 0,
            "due": now,
            "last_error": None,
        }
        for channel in dict.fromkeys(channels)
    ]
    if rows:
        connection.execute(sa.insert(ALERT_DELIVERY), rows)


def waiting(engine: sa.Engine, now: datetime) -> list[str]:
    """Channels that something is due for."""
    columns = ALERT_DELIVERY.c
    statement = sa.select(columns.channel).where(columns.status == "waiting", columns.due <= now).distinct()
    with reading(engine) as connection:
        return sorted(connection.scalars(statement))


def claim(engine: sa.Engine, channel: str, now: datetime) -> Parcel | None:
    """Take what is due for a channel, the oldest first; None when nothing is.

    What was claimed is due again after a while, unless `settle` says that it has arrived.
    """
    columns = ALERT_DELIVERY.c
    due = (
        sa.select(columns.event_id, columns.attempts, columns.created)
        .where(columns.channel == channel, columns.status == "waiting", columns.due <= now)
        .order_by(columns.created, columns.event_id)
        .limit(MOST_TOGETHER)
    )
    with writing(engine) as connection:
        rows = connection.execute(due).all()
        stale = [row for row in rows if row.created < now - TOO_LATE]
        for row in stale:
            _update(connection, row.event_id, channel, status="given_up")
        taken = [row for row in rows if row not in stale]
        for row in taken:
            number = row.attempts + 1
            _update(connection, row.event_id, channel, attempts=number, due=now + wait_after(number))
        events = {event.event_id: event for event in _events(connection, [row.event_id for row in taken])}
        for row in taken:
            if row.event_id not in events:
                _update(connection, row.event_id, channel, status="given_up", last_error="its event was pruned")
    kept = [row for row in taken if row.event_id in events]
    if not kept:
        return None
    return Parcel(channel, tuple(events[row.event_id] for row in kept), tuple(row.attempts + 1 for row in kept))


def settle(engine: sa.Engine, parcel: Parcel, now: datetime, *, error: str | None, ms: float) -> None:
    """Note how an attempt went; ``error`` is None when the channel took the message."""
    told = None if error is None else clean(error)[:LONGEST_ERROR]
    with writing(engine) as connection:
        for event, number in zip(parcel.events, parcel.attempts, strict=True):
            attempt = {
                "attempt_id": row_id(event.event_id, parcel.channel, number),
                "event_id": event.event_id,
                "channel": parcel.channel,
                "number": number,
                "ts": now,
                "outcome": "sent" if error is None else "failed",
                "ms": ms,
                "together": len(parcel.events),
                "error": told,
            }
            # Whoever erased the tenant meanwhile has erased this too.
            if not _known(connection, event.event_id, parcel.channel):
                continue
            connection.execute(sa.insert(ALERT_ATTEMPT), [attempt])
            if error is None:
                _update(connection, event.event_id, parcel.channel, status="sent", last_error=None)
            else:
                status = "given_up" if number >= MOST_ATTEMPTS else "waiting"
                _update(connection, event.event_id, parcel.channel, status=status, last_error=told)


def give_up(engine: sa.Engine, channel: str, why: str) -> int:
    """Give up all that waits for a channel that is no more; how many messages."""
    columns = ALERT_DELIVERY.c
    with writing(engine) as connection:
        gone = sa.update(ALERT_DELIVERY).where(columns.channel == channel, columns.status == "waiting")
        return connection.execute(gone.values(status="given_up", last_error=clean(why)[:LONGEST_ERROR])).rowcount


def wait_after(attempt: int) -> timedelta:
    """How long to wait after the attempt of this number, from 1: 30 s, 2 min, 8 min, 32 min, then an hour each."""
    return min(FIRST_WAIT * (1 << min(2 * (attempt - 1), 20)), LONGEST_WAIT)


def _known(connection: sa.Connection, event_id: str, channel: str) -> bool:
    columns = ALERT_DELIVERY.c
    place = sa.select(columns.event_id).where(columns.event_id == event_id, columns.channel == channel)
    return connection.scalar(place) is not None


def _update(connection: sa.Connection, event_id: str, channel: str, **values: Any) -> None:
    columns = ALERT_DELIVERY.c
    place = sa.and_(columns.event_id == event_id, columns.channel == channel)
    connection.execute(sa.update(ALERT_DELIVERY).where(place).values(**values))


def _events(connection: sa.Connection, ids: Sequence[str]) -> list[Event]:
    columns = [ALERT_EVENT.c[name] for name in Event.__dataclass_fields__]
    rows = connection.execute(sa.select(*columns).where(ALERT_EVENT.c.event_id.in_(ids)))
    return [Event(**row._mapping) for row in rows]
