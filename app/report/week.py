"""What the weekly report knows: everything is asked of telemetry.query, for one ISO week and the one before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias

import sqlalchemy as sa

from app.panels.overview.this_week import Week
from telemetry.drift.weeks import WEEK, label_of, start_of
from telemetry.errors import UnknownWeek
from telemetry.query import (
    alerts,
    costs,
    drift,
    escalations,
    failures,
    incidents,
    overview,
    policies,
    scorecard,
    volume,
)
from telemetry.query.alerts import AlertView, DeliveryView, EventView
from telemetry.query.drift import DriftFinding
from telemetry.query.failures import RequestFailures
from telemetry.query.filters import Filters
from telemetry.query.overview import Bucket
from telemetry.query.policies import PolicyText
from telemetry.query.proportion import Proportion
from telemetry.query.savings import Savings

Traffic: TypeAlias = Literal["real", "simulated"]

MOST_EVENTS: Final = 1_000
MOST_INCIDENTS: Final = 5_000
MOST_EVALUATORS: Final = 4
WEEK_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Half:
    """One week: what was asked, what it cost, what it saved."""

    week: Week
    days: Sequence[Bucket]
    by_model: Sequence[costs.Spend]
    """The dearest first; branches."""
    by_tenant: Sequence[costs.Spend]
    savings: Savings
    escalated: escalations.Escalations | None
    failures: Sequence[RequestFailures]


@dataclass(frozen=True, slots=True)
class Quality:
    """What one evaluator said of answers, by model: shares of good ones."""

    name: str
    method: str
    """human, judge, reference or rules."""
    now: Mapping[str, Proportion]
    before: Mapping[str, Proportion]


@dataclass(frozen=True, slots=True)
class Report:
    """All that a report says."""

    label: str
    start: datetime
    end: datetime
    """Exclusive; earlier than the week's when it is not over."""
    made: datetime
    traffic: Traffic
    now: Half
    before: Half
    findings: Sequence[DriftFinding]
    drift_computed: datetime | None
    events: Sequence[EventView]
    """Of the week, the oldest first."""
    firing: Sequence[AlertView]
    """At the moment when the report is made."""
    undelivered: Sequence[DeliveryView]
    incidents: Mapping[str, int]
    """By kind."""
    policies: Sequence[PolicyText]
    """First seen in the week."""
    quality: Sequence[Quality]
    """Of those who judged answers of the week."""

    @property
    def whole(self) -> bool:
        """Whether the week is over."""
        return self.end - self.start == WEEK


def gather(engine: sa.Engine, monday: date, *, made: datetime, traffic: Traffic | None = None) -> Report:
    """Read a week.

    Args:
        engine: see `telemetry.query`.
        monday: of the week.
        made: now.
        traffic: None: real traffic; simulated when the week has nothing else.

    Raises:
        UnknownWeek: it has not begun, or has no request.
        StorageError: the store cannot be read.
    """
    start, label = start_of(monday), label_of(monday)
    if start > made:
        raise UnknownWeek(f"{label} has not begun; name a week of the past")
    end = min(start + WEEK, made.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
    filters = Filters(start=start, end=end, simulated=traffic == "simulated")
    requests = overview.totals(engine, filters).requests
    if not requests and traffic is None:
        filters = replace(filters, simulated=True)
        requests = overview.totals(engine, filters).requests
    if not requests:
        raise UnknownWeek(f"{label} has no request to report on; name a week with traffic")
    simulated = bool(filters.simulated)
    last = drift.last_run(engine)
    return Report(
        label=label,
        start=start,
        end=end,
        made=made,
        traffic="simulated" if simulated else "real",
        now=_half(engine, filters),
        before=_half(engine, replace(filters, start=start - WEEK, end=end - WEEK)),
        findings=drift.findings(engine, weeks=(monday,), simulated=simulated),
        drift_computed=None if last is None else last.finished,
        events=list(
            reversed(alerts.history(engine, start=start, end=end, simulated=simulated, limit=MOST_EVENTS).rows)
        ),
        firing=[
            one
            for one in alerts.alerts(engine, now=made)
            if one.state == "firing" and one.simulated == simulated and one.since < end
        ],
        undelivered=[] if simulated else _undelivered(engine, start, end),
        incidents=_incidents(engine, filters),
        policies=[
            one for one in policies.versions(engine) if start <= one.first_seen < end and one.simulated == simulated
        ],
        quality=_quality(engine, filters),
    )


def _half(engine: sa.Engine, filters: Filters) -> Half:
    days = overview.series(engine, filters, "day")
    by_model = costs.spend(engine, filters, "model")
    rates = escalations.escalations(engine, filters)
    return Half(
        week=Week(
            totals=overview.totals(engine, filters),
            hours=volume.volumes(engine, filters, "hour"),
            by_model={one.value: one.cost_nano for one in by_model if one.cost_nano is not None},
        ),
        days=days,
        by_model=by_model,
        by_tenant=costs.spend(engine, filters, "tenant"),
        savings=Savings.of(days),
        escalated=rates[0] if rates else None,
        failures=failures.request_failures(engine, filters),
    )


def _quality(engine: sa.Engine, filters: Filters) -> list[Quality]:
    assert filters.start is not None and filters.end is not None
    before = replace(filters, start=filters.start - WEEK, end=filters.end - WEEK)
    judges = [one for one in scorecard.evaluators(engine, filters) if one.verdicts][:MOST_EVALUATORS]
    return [
        Quality(one.name, one.method, _by_model(engine, filters, one.name), _by_model(engine, before, one.name))
        for one in judges
    ]


def _by_model(engine: sa.Engine, filters: Filters, evaluator: str) -> dict[str, Proportion]:
    counts: dict[str, tuple[int, int]] = {}
    for one in scorecard.verdicts(engine, filters, evaluator):
        part, n = counts.get(one.model, (0, 0))
        counts[one.model] = (part + one.good.part, n + one.good.n)
    return {model: Proportion.of(part, n) for model, (part, n) in sorted(counts.items())}


def _undelivered(engine: sa.Engine, start: datetime, end: datetime) -> list[DeliveryView]:
    recent = alerts.deliveries(engine, limit=500)
    return [one for one in recent if one.status == "given_up" and start <= one.created < end]


def _incidents(engine: sa.Engine, filters: Filters) -> dict[str, int]:
    rows = incidents.timeline(engine, filters, limit=MOST_INCIDENTS).rows
    return dict(Counter(row.kind for row in rows).most_common())
