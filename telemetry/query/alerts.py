"""What fires now, what did, who was told and who does not want to be. Nothing is evaluated here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias, cast

import sqlalchemy as sa

from telemetry.alerts import silences as silencing
from telemetry.alerts.machine import Evidence, State
from telemetry.alerts.rule import Severity
from telemetry.alerts.silences import Silence
from telemetry.alerts.tables import (
    ALERT,
    ALERT_ATTEMPT,
    ALERT_DELIVERY,
    ALERT_EVENT,
    ALERT_READING,
    ALERT_RULE,
)
from telemetry.query.cursor import after, cursor_of
from telemetry.storage.engine import reading
from telemetry.text import from_json

EventKind: TypeAlias = Literal["fired", "resolved", "withdrawn", "silenced", "unsilenced"]

DAY: Final = timedelta(days=1)
MOST_READINGS: Final = 20_000
MOST_ALERTS: Final = 5_000
_RANK: Final = {"firing": 0, "pending": 1, "resolved": 2, "ok": 3}
_GRAVE: Final = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as it was evaluated last."""

    name: str
    builtin: bool
    metric: str
    per: str | None
    """What its subjects are: model, route, tenant, budget or job; None when it is about everything at once."""
    comparison: str
    threshold: float
    unit: str
    """share, ms, usd, count or times."""
    window: timedelta
    """Zero for a metric that is a state."""
    short_window: timedelta | None
    lasting: timedelta
    min_n: int
    severity: Severity
    scope: dict[str, list[str]] = field(hash=False)
    channels: list[str] = field(hash=False)
    description: str
    evaluated: datetime
    fault: str | None
    """Why it could not be measured."""


@dataclass(frozen=True, slots=True)
class AlertView:
    """One subject of a rule, as it stands. Names are hostile: escape them where they are shown."""

    alert_id: str
    rule: RuleView
    subject: str
    simulated: bool
    state: State
    since: datetime
    evaluated: datetime
    evidence: Evidence
    dark_since: datetime | None
    """Since when there has not been enough data; its state is that of before."""
    breached: timedelta
    flaps: int
    told: bool
    value: float | None
    low: float | None
    high: float | None
    n: int | None
    note: str
    silence: Silence | None
    """The one in force that lasts longest."""


@dataclass(frozen=True, slots=True)
class EventView:
    """Something that became of an alert."""

    event_id: str
    alert_id: str
    rule: str
    subject: str
    per: str | None
    simulated: bool
    ts: datetime
    kind: EventKind
    severity: Severity
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
    """Of what resolved: when it had fired."""
    note: str
    author: str | None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events and where to go on."""

    rows: list[EventView]
    next_cursor: str | None
    """Opaque; None at the end."""


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One attempt to tell a channel."""

    ts: datetime
    number: int
    outcome: Literal["sent", "failed"]
    ms: float
    together: int
    error: str | None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One event on its way to one channel, with its attempts, the newest first."""

    event_id: str
    rule: str
    subject: str
    kind: EventKind
    channel: str
    created: datetime
    status: Literal["waiting", "sent", "given_up"]
    attempts: int
    due: datetime
    last_error: str | None
    tried: list[AttemptView] = field(hash=False)


@dataclass(frozen=True, slots=True)
class ReadingPoint:
    """A rule's value at one moment."""

    ts: datetime
    evidence: Evidence
    value: float | None
    low: float | None
    high: float | None
    n: int | None


def rules(engine: sa.Engine) -> list[RuleView]:
    """All rules of the last evaluation, in their order; empty when there never was one."""
    with reading(engine) as connection:
        return _rules(connection)


def alerts(engine: sa.Engine, *, now: datetime | None = None) -> list[AlertView]:
    """Every subject of every rule: what fires first, then by severity, rule and subject."""
    now = now or datetime.now(UTC)
    with reading(engine) as connection:
        known = {rule.name: rule for rule in _rules(connection)}
        order = {name: place for place, name in enumerate(known)}
        quiet = silencing.in_force(connection, now)
        rows = connection.execute(sa.select(ALERT).limit(MOST_ALERTS)).all()
    found = [_alert(row, known[row.rule], quiet) for row in rows if row.rule in known]
    return sorted(
        found,
        key=lambda one: (
            _RANK[one.state],
            _GRAVE[one.rule.severity],
            order[one.rule.name],
            one.evidence == "dark",
            one.simulated,
            one.subject,
        ),
    )


def history(
    engine: sa.Engine,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    kinds: Sequence[str] = (),
    simulated: bool | None = None,
    cursor: str | None = None,
    limit: int = 100,
) -> EventPage:
    """What became of alerts, newest first, after ``cursor``; ``end`` is exclusive.

    Raises:
        ValueError: the cursor is none of ours.
    """
    columns = ALERT_EVENT.c
    conditions: list[sa.ColumnElement[bool]] = []
    if start is not None:
        conditions.append(columns.ts >= start)
    if end is not None:
        conditions.append(columns.ts < end)
    if kinds:
        conditions.append(columns.kind.in_(tuple(kinds)))
    if simulated is not None:
        conditions.append(columns.simulated.is_(simulated))
    if cursor is not None:
        conditions.append(after(cursor, columns.ts, columns.event_id, of="alerts"))
    names = [columns[name] for name in EventView.__dataclass_fields__]
    statement = sa.select(*names).where(*conditions).order_by(columns.ts.desc(), columns.event_id.desc())
    with reading(engine) as connection:
        rows = connection.execute(statement.limit(limit + 1)).all()
    shown = [EventView(**row._mapping) for row in rows[:limit]]
    more = len(rows) > limit and bool(shown)
    return EventPage(shown, cursor_of(shown[-1].ts, shown[-1].event_id) if more else None)


def deliveries(engine: sa.Engine, *, limit: int = 50) -> list[DeliveryView]:
    """The newest messages to channels, with what came of each."""
    columns = ALERT_DELIVERY.c
    statement: sa.Select[Any] = (
        sa.select(ALERT_DELIVERY, ALERT_EVENT.c.rule, ALERT_EVENT.c.subject, ALERT_EVENT.c.kind)
        .join(ALERT_EVENT, ALERT_EVENT.c.event_id == columns.event_id)
        .order_by(columns.created.desc(), columns.event_id, columns.channel)
        .limit(limit)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).mappings().all()
        ids = sorted({row["event_id"] for row in rows})
        tried = sa.select(ALERT_ATTEMPT).where(ALERT_ATTEMPT.c.event_id.in_(ids))
        attempts = connection.execute(tried.order_by(ALERT_ATTEMPT.c.number.desc())).all()
    by_delivery: dict[tuple[str, str], list[AttemptView]] = {}
    for one in attempts:
        view = AttemptView(one.ts, one.number, one.outcome, one.ms, one.together, one.error)
        by_delivery.setdefault((one.event_id, one.channel), []).append(view)
    names = [name for name in DeliveryView.__dataclass_fields__ if name != "tried"]
    return [
        DeliveryView(
            **{name: row[name] for name in names}, tried=by_delivery.get((row["event_id"], row["channel"]), [])
        )
        for row in rows
    ]


def silences(engine: sa.Engine, *, now: datetime | None = None) -> list[Silence]:
    """What is silenced now, the one that ends first first."""
    with reading(engine) as connection:
        return silencing.in_force(connection, now or datetime.now(UTC))


def readings(engine: sa.Engine, *, since: datetime | None = None) -> dict[str, list[ReadingPoint]]:
    """Values of every alert since then (default: a day before the last evaluation), by its id, oldest first."""
    columns = ALERT_READING.c
    with reading(engine) as connection:
        if since is None:
            last = connection.scalar(sa.select(sa.func.max(ALERT_RULE.c.evaluated)))
            if last is None:
                return {}
            since = last - DAY
        statement = sa.select(ALERT_READING).where(columns.ts >= since).order_by(columns.ts.desc(), columns.alert_id)
        rows = connection.execute(statement.limit(MOST_READINGS)).all()
    found: dict[str, list[ReadingPoint]] = {}
    for row in reversed(rows):
        point = ReadingPoint(row.ts, row.evidence, row.value, row.low, row.high, row.n)
        found.setdefault(row.alert_id, []).append(point)
    return dict(sorted(found.items()))


def _rules(connection: sa.Connection) -> list[RuleView]:
    rows = connection.execute(sa.select(ALERT_RULE).order_by(ALERT_RULE.c.position))
    return [
        RuleView(
            name=row.name,
            builtin=row.builtin,
            metric=row.metric,
            per=row.per,
            comparison=row.comparison,
            threshold=row.threshold,
            unit=row.unit,
            window=timedelta(seconds=row.window_s),
            short_window=None if row.short_window_s is None else timedelta(seconds=row.short_window_s),
            lasting=timedelta(seconds=row.for_s),
            min_n=row.min_n,
            severity=cast(Severity, row.severity),
            scope=from_json(row.scope, {}),
            channels=from_json(row.channels, []),
            description=row.description,
            evaluated=row.evaluated,
            fault=row.fault,
        )
        for row in rows
    ]


def _alert(row: sa.Row[Any], rule: RuleView, quiet: Sequence[Silence]) -> AlertView:
    covering = [one for one in quiet if one.covers(row.rule, row.subject)]
    return AlertView(
        alert_id=row.alert_id,
        rule=rule,
        subject=row.subject,
        simulated=row.simulated,
        state=row.state,
        since=row.since,
        evaluated=row.evaluated,
        evidence=row.evidence,
        dark_since=row.dark_since,
        breached=timedelta(seconds=row.breached_s),
        flaps=row.flaps,
        told=row.told,
        value=row.value,
        low=row.low,
        high=row.high,
        n=row.n,
        note=row.note,
        # Real alerts alone are told, so they alone are silenced.
        silence=None if row.simulated or not covering else max(covering, key=lambda one: one.until),
    )
