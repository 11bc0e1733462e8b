"""Silences: who does not want to be told of a rule, until when, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from telemetry.alerts.tables import ALERT, ALERT_EVENT, ALERT_RULE, ALERT_SILENCE
from telemetry.storage.engine import writing
from telemetry.storage.operation import row_id
from telemetry.text import clean

LONGEST: Final = timedelta(days=30)
"""Nobody silences a rule for ever: who wants that removes it from the policy."""
LONGEST_WHY: Final = 500


@dataclass(frozen=True, slots=True)
class Silence:
    """One silence that is in force or was."""

    silence_id: str
    rule: str
    subject: str | None
    """None: every subject of the rule."""
    author: str
    why: str
    since: datetime
    until: datetime
    ended: datetime | None = None
    """When it was taken back before its time."""

    def in_force(self, now: datetime) -> bool:
        """Whether it silences at a moment."""
        return self.since <= now < (self.until if self.ended is None else min(self.until, self.ended))

    def covers(self, rule: str, subject: str) -> bool:
        """Whether it is about an alert."""
        return self.rule == rule and self.subject in (None, subject)


def silenced(silences: Iterable[Silence], rule: str, subject: str, now: datetime) -> bool:
    """Whether any of them silences an alert at a moment."""
    return any(one.covers(rule, subject) and one.in_force(now) for one in silences)


def silence(
    engine: sa.Engine,
    rule: str,
    subject: str | None,
    *,
    until: datetime,
    author: str,
    why: str,
    now: datetime,
) -> Silence | None:
    """Silence a rule, or one subject of it.

    Returns:
        The silence; None when no rule has that name.

    Raises:
        StorageError: the database cannot be written.
    """
    made = Silence(
        silence_id=row_id("silence", rule, subject, author, now),
        rule=clean(rule),
        subject=None if subject is None else clean(subject),
        author=clean(author),
        why=clean(why.strip())[:LONGEST_WHY],
        since=now,
        until=min(until, now + LONGEST),
    )
    with writing(engine) as connection:
        if connection.scalar(sa.select(ALERT_RULE.c.name).where(ALERT_RULE.c.name == made.rule)) is None:
            return None
        row = {name: getattr(made, name) for name in Silence.__dataclass_fields__} | {"ended_by": None}
        connection.execute(sa.insert(ALERT_SILENCE), [row])
        _note(connection, made, "silenced", author, now, f"until {made.until:%Y-%m-%d %H:%M} UTC: {made.why}")
    return made


def unsilence(engine: sa.Engine, silence_id: str, *, author: str, now: datetime) -> bool:
    """Take a silence back; False when there is none such in force.

    Raises:
        StorageError: the database cannot be written.
    """
    with writing(engine) as connection:
        row = connection.execute(
            sa.select(ALERT_SILENCE).where(ALERT_SILENCE.c.silence_id == clean(silence_id))
        ).one_or_none()
        if row is None or not _of(row).in_force(now):
            return False
        here = ALERT_SILENCE.c.silence_id == row.silence_id
        connection.execute(sa.update(ALERT_SILENCE).where(here).values(ended=now, ended_by=clean(author)))
        _note(connection, _of(row), "unsilenced", author, now, "")
    return True


def in_force(connection: sa.Connection, now: datetime) -> list[Silence]:
    """All that silence now, the one that ends first first."""
    statement = sa.select(ALERT_SILENCE).where(ALERT_SILENCE.c.until > now).order_by(ALERT_SILENCE.c.until)
    return [found for row in connection.execute(statement) if (found := _of(row)).in_force(now)]


def _of(row: sa.Row[tuple[object, ...]]) -> Silence:
    return Silence(**{name: getattr(row, name) for name in Silence.__dataclass_fields__})


def _note(connection: sa.Connection, one: Silence, kind: str, author: str, now: datetime, note: str) -> None:
    rule = connection.execute(sa.select(ALERT_RULE).where(ALERT_RULE.c.name == one.rule)).one_or_none()
    if rule is None:
        return
    subject = one.subject or ""
    meant = sa.select(ALERT.c.alert_id).where(ALERT.c.rule == one.rule, ALERT.c.subject == subject)
    event = {
        "event_id": row_id(one.silence_id, kind, now),
        "alert_id": connection.scalar(meant.limit(1)) or row_id(one.rule, subject),
        "rule": one.rule,
        "subject": subject,
        "per": rule.per,
        "simulated": False,
        "ts": now,
        "kind": kind,
        "episode": None,
        "severity": rule.severity,
        "metric": rule.metric,
        "comparison": rule.comparison,
        "threshold": rule.threshold,
        "unit": rule.unit,
        "value": None,
        "low": None,
        "high": None,
        "n": None,
        "window_s": rule.window_s,
        "started": None,
        "note": note,
        "author": clean(author),
    }
    connection.execute(sa.insert(ALERT_EVENT), [event])
