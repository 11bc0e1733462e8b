"""What happened meanwhile: policies and prices that changed, and incidents, as marks on the axis of weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from app.dashboard import cache
from app.dashboard.charts.over_time import Mark
from app.dashboard.price_changes import changes
from telemetry.drift.weeks import WEEK, start_of
from telemetry.query import incidents, policies
from telemetry.query.filters import Filters
from telemetry.query.incidents import IncidentRow

KINDS: Final = ("breaker_opened", "deployment_ejected", "not_durable", "collector_away", "policy_refused")
"""Incidents that may have changed what a model's week was like."""
MOST: Final = 200


def marks(weeks: Sequence[date], *, simulated: bool, model: str | None = None) -> list[Mark]:
    """What happened from the first of these weeks to the end of the last, oldest first.

    Args:
        weeks: their Mondays.
        simulated: of which traffic.
        model: whose incidents; None for everybody's. Of one model's only the first of each day.
    """
    if not weeks:
        return []
    start, end = start_of(min(weeks)), start_of(max(weeks)) + WEEK
    found = [*_policies(simulated), *_incidents(start, end, simulated, model)]
    return sorted((mark for mark in found if start <= mark.at < end), key=lambda mark: mark.at)


def _policies(simulated: bool) -> list[Mark]:
    versions = [one for one in cache.ask(policies.versions) if one.simulated == simulated]
    reloads = cache.ask(
        incidents.timeline, Filters(purposes=(), simulated=simulated), kinds=("policy_reloaded",), limit=MOST
    )
    moments = [(row.ts, row.policy_version) for row in reloads.rows if row.policy_version]
    return [
        Mark(
            one.at,
            "; ".join(one.prices) or f"policy {one.now.name}, version {one.now.version[:12]}",
            "warn" if one.prices else "neutral",
        )
        for one in changes(versions, moments)
        if one.before is not None
    ]


def _incidents(start: datetime, end: datetime, simulated: bool, model: str | None) -> list[Mark]:
    asked = Filters(start=start, end=end, purposes=(), simulated=simulated)
    if model is not None:
        asked = replace(asked, models=(model,))
    rows = cache.ask(incidents.timeline, asked, kinds=KINDS, limit=MOST).rows
    first: dict[tuple[date, str, str], IncidentRow] = {}
    for row in sorted(rows, key=lambda row: row.ts):
        first.setdefault((row.ts.astimezone(UTC).date(), row.kind, row.subject), row)
    return [Mark(row.ts, f"{row.kind.replace('_', ' ')}: {row.detail}", "bad") for row in first.values()]
