"""On the overview: what needs attention, the first three of it, and what changed this week in one sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from app import units
from app.dashboard import cache, cards, components, navigation
from app.dashboard.view import View
from app.panels.alerts import lookout
from app.panels.overview import this_week
from app.panels.overview.this_week import Week
from telemetry.query import costs, overview, volume
from telemetry.query.filters import Filters

SHOWN: Final = 3


def draw(view: View) -> None:
    """Two cards side by side."""
    with cards.grid("glance", narrowest="half"):
        _attention()
        _week(view)


def _attention() -> None:
    with cards.card(
        "Needs attention",
        "Now, whatever the period and the filters",
        key="glance-attention",
        help="What the alert rules and a look at the pipeline, the jobs, upstreams, budgets and drift "
        "have found. It does not follow the period or the filters.",
    ):
        found = lookout.look()
        if found.open:
            lookout.rows(found.open[:SHOWN], key="glance")
        else:
            cards.empty(
                "Nothing needs attention",
                f"{len(found.checks)} things were looked at, {units.when(datetime.now(UTC))} UTC.",
            )
        left = len(found.open) - SHOWN
        label = f"{units.plural(left, 'more finding')}" if left > 0 else "All that was looked at"
        if navigation.ALERTS in navigation.PLACES:
            navigation.link_to(navigation.ALERTS, label=label)


def _week(view: View) -> None:
    with cards.card(
        "This week",
        "Since Monday, against the week before up to the same hour; the filters count, the period does not",
        key="glance-week",
        help="Spend per request and the rates of escalations, fallbacks and failures. Changes are told only when "
        "chance would make any like them in fewer than 1 of 20 weeks; the intervals shown are at 95 %.",
    ):
        now, before = weeks(view.filters, datetime.now(UTC))
        components.paragraphs([this_week.sentence(_read(now), _read(before))])


def weeks(filters: Filters, now: datetime) -> tuple[Filters, Filters]:
    """The filters over this ISO week up to now, by full hours, and over the same stretch of the week before."""
    now = now.astimezone(UTC)
    monday = (now - timedelta(days=now.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    end = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    week = timedelta(weeks=1)
    return replace(filters, start=monday, end=end), replace(filters, start=monday - week, end=end - week)


def _read(filters: Filters) -> Week:
    spent = cache.ask(costs.spend, filters, "model")
    return Week(
        totals=cache.ask(overview.totals, filters),
        hours=cache.ask(volume.volumes, filters, "hour"),
        by_model={one.value: one.cost_nano for one in spent if one.cost_nano is not None},
    )
