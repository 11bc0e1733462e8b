"""What alerts leave in the database: rules as they were evaluated last, states, history, messages, silences.

No prompt and no answer is in them, and no address or key of a channel: those are in the environment alone. Where a
rule looks at each tenant by itself, the tenant's name is the subject; `telemetry.alerts.erasure` takes it out.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, cast

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from telemetry.storage.types import UtcDateTime

READING_DAYS: Final = 30
"""How many whole days readings and attempts are kept, whatever the policy says of decisions."""


class AlertRule(SQLModel, table=True):
    """A rule as it was evaluated last. Replaced whole by each evaluation."""

    __tablename__ = "alert_rule"

    name: str = Field(primary_key=True)
    position: int
    """In the order of the policy, built-in rules last."""
    builtin: bool
    metric: str
    per: str | None = None
    """model, route or tenant when each is looked at by itself."""
    comparison: str
    """above or below."""
    threshold: float
    unit: str
    window_s: float
    short_window_s: float | None = None
    """Of a burn rate: the window that must exceed the threshold too."""
    for_s: float
    min_n: int
    severity: str
    """error, warning or info."""
    scope: str = Field(sa_type=sa.Text)
    """What it is narrowed to, a JSON object of lists of names."""
    channels: str = Field(sa_type=sa.Text)
    """Names of the channels that are told, a JSON list."""
    description: str = Field(sa_type=sa.Text)
    evaluated: datetime = Field(sa_type=UtcDateTime)
    fault: str | None = Field(default=None, sa_type=sa.Text)
    """Why it could not be measured, in one sentence; NULL while it can."""


class Alert(SQLModel, table=True):
    """Where one subject of one rule stands now."""

    __tablename__ = "alert"
    __table_args__ = (sa.Index("ix_alert_rule", "rule", "subject"),)

    alert_id: str = Field(primary_key=True)
    rule: str
    subject: str
    """The model, route or tenant, or whatever the metric tells apart; empty when the rule is about all at once."""
    per: str | None = None
    simulated: bool
    state: str
    """ok, pending, firing or resolved."""
    since: datetime = Field(sa_type=UtcDateTime)
    """When that state began."""
    evaluated: datetime = Field(sa_type=UtcDateTime)
    evidence: str
    """breached, clear, unsure or dark: what the last evaluation saw."""
    dark_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Since when there has not been enough data; NULL while there is."""
    breached_s: float
    """How long the threshold has been breached, without the time in which nobody could tell."""
    clear_s: float
    """The same for the time in which it has been met again while the alert fires."""
    resolved: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When it resolved last; NULL when it never did, or that no longer matters."""
    flaps: int
    """Times that it fired again soon after it had resolved."""
    episode: str | None = None
    """Names the present or the last time that it fired."""
    told: bool
    """Whether channels were told that it fires."""
    value: float | None = None
    low: float | None = None
    """The interval at 95 %, where there is one."""
    high: float | None = None
    n: int | None = None
    note: str = Field(sa_type=sa.Text)
    """What else is to be said of the value, or why there is none."""


class AlertEvent(SQLModel, table=True):
    """Something that became of an alert, written once."""

    __tablename__ = "alert_event"
    __table_args__ = (
        sa.Index("ix_alert_event_ts", "ts", "event_id"),
        sa.Index("ix_alert_event_alert", "alert_id", "ts"),
    )

    event_id: str = Field(primary_key=True)
    alert_id: str
    rule: str
    subject: str
    per: str | None = None
    simulated: bool
    ts: datetime = Field(sa_type=UtcDateTime)
    kind: str
    """fired, resolved, withdrawn, silenced or unsilenced."""
    episode: str | None = None
    severity: str
    metric: str
    comparison: str
    threshold: float
    unit: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    window_s: float
    started: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Of what resolved: when it had fired."""
    note: str = Field(sa_type=sa.Text)
    author: str | None = None
    """Who did it, where a person did."""


class AlertDelivery(SQLModel, table=True):
    """One event on its way to one channel."""

    __tablename__ = "alert_delivery"
    __table_args__ = (sa.Index("ix_alert_delivery_due", "status", "due"), {"sqlite_with_rowid": False})

    event_id: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    created: datetime = Field(sa_type=UtcDateTime)
    status: str
    """waiting, sent or given_up."""
    attempts: int
    due: datetime = Field(sa_type=UtcDateTime)
    """When it is tried again."""
    last_error: str | None = Field(default=None, sa_type=sa.Text)


class AlertAttempt(SQLModel, table=True):
    """One attempt to deliver one event to one channel."""

    __tablename__ = "alert_attempt"
    __table_args__ = (
        sa.Index("ix_alert_attempt_ts", "ts", "attempt_id"),
        sa.Index("ix_alert_attempt_event", "event_id"),
    )

    attempt_id: str = Field(primary_key=True)
    event_id: str
    channel: str
    number: int
    ts: datetime = Field(sa_type=UtcDateTime)
    outcome: str
    """sent or failed."""
    ms: float
    together: int
    """Events in the same message."""
    error: str | None = Field(default=None, sa_type=sa.Text)
    """In one sentence, without address and keys."""


class AlertSilence(SQLModel, table=True):
    """For how long nobody is told of a rule, or of one subject of it."""

    __tablename__ = "alert_silence"
    __table_args__ = (sa.Index("ix_alert_silence_until", "until"),)

    silence_id: str = Field(primary_key=True)
    rule: str
    subject: str | None = None
    """NULL: all of them."""
    author: str
    why: str = Field(sa_type=sa.Text)
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    ended: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When somebody took it back before its time."""
    ended_by: str | None = None


class AlertReading(SQLModel, table=True):
    """What an alert's value was, one of each quarter of an hour: the last."""

    __tablename__ = "alert_reading"
    __table_args__ = (sa.Index("ix_alert_reading_ts", "ts"), {"sqlite_with_rowid": False})

    alert_id: str = Field(primary_key=True)
    quarter: int = Field(primary_key=True)
    """Quarters of an hour since the epoch."""
    ts: datetime = Field(sa_type=UtcDateTime)
    evidence: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None


def _table(model: type[SQLModel]) -> sa.Table:
    return cast(sa.Table, model.__table__)  # type: ignore[attr-defined]


ALERT_RULE = _table(AlertRule)
ALERT = _table(Alert)
ALERT_EVENT = _table(AlertEvent)
ALERT_DELIVERY = _table(AlertDelivery)
ALERT_ATTEMPT = _table(AlertAttempt)
ALERT_SILENCE = _table(AlertSilence)
ALERT_READING = _table(AlertReading)

ALERTS = (ALERT_RULE, ALERT, ALERT_EVENT, ALERT_DELIVERY, ALERT_ATTEMPT, ALERT_SILENCE, ALERT_READING)
