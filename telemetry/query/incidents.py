"""What happened to upstreams, telemetry and policies: a list by time, and the times in which breakers were open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.levels import REQUESTS
from telemetry.query.cells import Step, cells, sums
from telemetry.query.cursor import after, cursor_of
from telemetry.query.filters import Filters, hour_start
from telemetry.storage.engine import reading
from telemetry.storage.operation import INCIDENT, PIPELINE_SAMPLE
from telemetry.text import clean, from_json

BrokenState: TypeAlias = Literal["open", "half_open", "ejected"]

BEGINS: Final[dict[str, BrokenState]] = {
    "breaker_opened": "open",
    "breaker_half_open": "half_open",
    "deployment_ejected": "ejected",
}
"""Events that begin a state of a deployment, which lasts until its next event."""
ENDS: Final = ("breaker_closed", "deployment_readmitted")
LOOK_BACK: Final = timedelta(days=7)
"""How long before a period an incident may lie that still lasted when the period began."""
MOST: Final = 5_000
"""Incidents that `breaker_intervals` looks at, the newest."""
SILENT: Final = timedelta(seconds=150)
"""A process that has given no sample for so long is taken for dead."""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """One incident."""

    incident_id: str
    ts: datetime
    kind: str
    """An event of docs/operations.md, as breaker_opened."""
    severity: str
    """info, warning or error."""
    subject: str
    """Whom it happened to: a model, a model at a deployment, telemetry, policy, collector or gateway."""
    detail: str
    """A sentence for a person. It may quote an upstream: escape it where it is shown."""
    model: str | None
    deployment: str | None
    policy_version: str | None
    process: str
    simulated: bool
    fields: dict[str, Any] = field(hash=False)
    """What else is known of it."""


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Some incidents and where to go on."""

    rows: list[IncidentRow]
    next_cursor: str | None
    """Opaque; None at the end."""


@dataclass(frozen=True, slots=True)
class BreakerInterval:
    """A time in which a process did not call a deployment as usual."""

    model: str
    deployment: str | None
    process: str
    state: BrokenState
    start: datetime
    """May lie before the period that was asked for."""
    end: datetime | None
    """None: it still lasts."""
    why: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class FallbackBucket:
    """Requests of one step that first asked one model."""

    start: datetime
    model: str
    requests: int
    fell_back: int
    """Of these, those that needed another branch because one failed."""
    escalated: int
    """Of these, those that needed another branch because a score was low."""


def timeline(
    engine: sa.Engine, filters: Filters, *, kinds: Sequence[str] = (), cursor: str | None = None, limit: int = 100
) -> IncidentPage:
    """Incidents, newest first, after ``cursor``.

    Of the filters it is the period, the models, the policy version and ``simulated`` that count; the others are about
    requests.

    Raises:
        ValueError: the cursor is none of ours.
    """
    conditions = _conditions(filters)
    if kinds:
        conditions.append(INCIDENT.c.kind.in_(tuple(map(clean, kinds))))
    if cursor is not None:
        conditions.append(after(cursor, INCIDENT.c.ts, INCIDENT.c.incident_id, of="incidents"))
    statement = (
        sa.select(INCIDENT)
        .where(*conditions)
        .order_by(INCIDENT.c.ts.desc(), INCIDENT.c.incident_id.desc())
        .limit(limit + 1)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    more = len(rows) > limit
    shown = [_incident(row) for row in rows[:limit]]
    return IncidentPage(shown, cursor_of(shown[-1].ts, shown[-1].incident_id) if more and shown else None)


def breaker_intervals(engine: sa.Engine, filters: Filters, *, now: datetime | None = None) -> list[BreakerInterval]:
    """When breakers were open or half open and outliers called less, by model, deployment and process, oldest first.

    An interval ends with the deployment's next incident, or with its process. Filters as in `timeline`.
    """
    now = now or datetime.now(UTC)
    wide = filters if filters.start is None else replace(filters, start=filters.start - LOOK_BACK)
    kinds = (*BEGINS, *ENDS)
    statement = (
        sa.select(INCIDENT)
        .where(*_conditions(wide), INCIDENT.c.kind.in_(kinds), INCIDENT.c.model.is_not(None))
        .order_by(INCIDENT.c.ts.desc(), INCIDENT.c.incident_id.desc())
        .limit(MOST)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
        ends = _process_ends(connection, {row.process for row in rows}, now)
    by_place: dict[tuple[str, str, str | None], list[sa.Row[Any]]] = {}
    for row in reversed(rows):
        by_place.setdefault((row.process, row.model, row.deployment), []).append(row)
    found = [interval for (process, _, _), some in by_place.items() for interval in _intervals(some, ends.get(process))]
    start = filters.start
    if start is not None:
        start = start if start.tzinfo else start.replace(tzinfo=UTC)
        found = [one for one in found if one.end is None or one.end > start]
    return sorted(found, key=lambda one: (one.start, one.model, one.deployment or "", one.process))


def fallbacks(engine: sa.Engine, filters: Filters, step: Step = "hour") -> list[FallbackBucket]:
    """Fallbacks and escalations over time by the model that was asked first; a filter on models means that one."""
    values = ("requests", "fell_back", "escalated")
    source = cells(REQUESTS, replace(filters, models=()), keys=("first",), values=values, step=step)
    keys = (source.c.hour, source.c.first)
    statement: sa.Select[Any] = sa.select(*keys, *sums(source, REQUESTS, values)).where(source.c.first != "")
    if filters.models:
        statement = statement.where(source.c.first.in_(tuple(map(clean, filters.models))))
    with reading(engine) as connection:
        rows = connection.execute(statement.group_by(*keys).order_by(*keys)).all()
    return [FallbackBucket(hour_start(row.hour), row.first, row.requests, row.fell_back, row.escalated) for row in rows]


def _conditions(filters: Filters) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if filters.start is not None:
        conditions.append(INCIDENT.c.ts >= filters.start)
    if filters.end is not None:
        conditions.append(INCIDENT.c.ts < filters.end)
    if filters.models:
        conditions.append(INCIDENT.c.model.in_(tuple(map(clean, filters.models))))
    if filters.policy_version is not None:
        conditions.append(INCIDENT.c.policy_version == clean(filters.policy_version))
    if filters.simulated is not None:
        conditions.append(INCIDENT.c.simulated.is_(filters.simulated))
    return conditions


def _incident(row: sa.Row[Any]) -> IncidentRow:
    return IncidentRow(
        incident_id=row.incident_id,
        ts=row.ts,
        kind=row.kind,
        severity=row.severity,
        subject=_subject(row),
        detail=row.detail,
        model=row.model,
        deployment=row.deployment,
        policy_version=row.policy_version,
        process=row.process,
        simulated=row.simulated,
        fields=from_json(row.fields, {}),
    )


def _subject(row: sa.Row[Any]) -> str:
    if row.model is not None:
        return row.model if row.deployment in (None, "only") else f"{row.model} at {row.deployment}"
    kind = row.kind.partition("_")[0]
    return kind if kind in ("policy", "collector", "gateway") else "telemetry"


def _intervals(rows: Iterable[sa.Row[Any]], process_end: datetime | None) -> Iterable[BreakerInterval]:
    """Of one deployment in one process, whose incidents come oldest first."""
    begun: sa.Row[Any] | None = None
    for row in rows:
        if begun is not None:
            yield _interval(begun, row.ts)
        begun = row if row.kind in BEGINS else None
    if begun is not None:
        yield _interval(begun, None if process_end is None else max(process_end, begun.ts))


def _interval(begun: sa.Row[Any], end: datetime | None) -> BreakerInterval:
    why = from_json(begun.fields, {}).get("why")
    return BreakerInterval(
        model=begun.model,
        deployment=begun.deployment,
        process=begun.process,
        state=BEGINS[begun.kind],
        start=begun.ts,
        end=end,
        why=why if isinstance(why, str) else begun.detail,
        simulated=begun.simulated,
    )


def _process_ends(connection: sa.Connection, processes: Iterable[str], now: datetime) -> dict[str, datetime]:
    """When processes ended that have ended, by the samples that they gave."""
    columns = PIPELINE_SAMPLE.c
    ended: dict[str, datetime] = {}
    for process in sorted(processes):
        # One by one: the index leads to the last sample of a process, but not to those of several.
        newest = sa.select(columns.ts, columns.last).where(columns.process == process)
        row = connection.execute(newest.order_by(columns.ts.desc()).limit(1)).first()
        if row is not None and (row.last or row.ts < now - SILENT):
            ended[process] = row.ts
    return ended
