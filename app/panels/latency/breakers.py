"""When breakers were open and outliers called less, over the fallbacks of that time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation, plot, theme
from app.dashboard.charts import timeline
from app.dashboard.charts.over_time import Series
from app.dashboard.charts.timeline import Lasting, Panel, Tone
from app.dashboard.components import Cell
from app.dashboard.theme import Mode
from app.dashboard.view import View
from telemetry.query import incidents
from telemetry.query.filters import Filters
from telemetry.query.incidents import BreakerInterval, BrokenState, FallbackBucket, IncidentRow
from telemetry.query.overview import Step

LANES: Final = 12
"""Deployments with a lane; those with fewer intervals are told in words."""
LISTED: Final = 8
KINDS: Final = (
    *("breaker_opened", "breaker_half_open", "breaker_closed"),
    *("deployment_ejected", "deployment_readmitted"),
)
"""What happens to upstreams."""
ONLY: Final = "only"
"""What the one deployment of a model that runs in one place is called."""

_SAID: Final[Mapping[BrokenState, str]] = {"open": "open", "half_open": "half open", "ejected": "called less"}
_TONE: Final[Mapping[BrokenState, Tone]] = {"open": "bad", "half_open": "warn", "ejected": "neutral"}
_SEVERITY: Final[Mapping[str, components.Tone]] = {"error": "bad", "warning": "warn", "info": "muted"}


def over_fallbacks(view: View) -> None:
    """A card of bars from open to closed, a lane each deployment, over the requests that fell back."""
    step = view.period.step
    with cards.card(
        "Breakers and fallbacks",
        "When a deployment was not called as usual, and how many requests fell back meanwhile",
        key="breakers",
        help="A breaker opens when calls of a deployment keep failing: it is not called until a probe succeeds. An "
        "outlier among several deployments is called less. Each gateway process has breakers of its own. A "
        "fallback is a further branch because one failed; it counts for the model that was asked first.",
    ):
        intervals = cache.ask(incidents.breaker_intervals, view.filters)
        buckets = cache.ask(incidents.fallbacks, view.filters, step)
        components.untrusted(in_words(intervals, buckets), muted=True)
        if view.span is None:
            return
        mode = theme.mode()
        plot.draw(
            timeline.timeline(
                lasting(intervals),
                [fallback_panel(buckets, mode, cache.colours(mode))],
                mode,
                step=step,
                span=view.span,
            ),
            key="breakers-chart",
            alt=in_words(intervals, buckets),
            zoom=view,
        )
        if any(one.fell_back for one in buckets):
            navigation.decisions_link("Decisions that fell back", path="fell_back")
        _list(view.filters)


def lasting(intervals: Sequence[BreakerInterval]) -> list[Lasting]:
    """Bars for the deployments with the most intervals."""
    busiest: dict[str, int] = {}
    for one in intervals:
        busiest[place_of(one)] = busiest.get(place_of(one), 0) + 1
    lanes = sorted(busiest, key=lambda lane: (-busiest[lane], lane))[:LANES]
    return [
        Lasting(place_of(one), one.start, one.end, _SAID[one.state], _TONE[one.state], f"{one.why} ({one.process})")
        for one in intervals
        if place_of(one) in lanes
    ]


def place_of(one: BreakerInterval) -> str:
    """``large``, or ``large at east`` where a model has several deployments."""
    return one.model if one.deployment in (None, ONLY) else f"{one.model} at {one.deployment}"


def fallback_panel(buckets: Sequence[FallbackBucket], mode: Mode, colours: Mapping[str, str]) -> Panel:
    """Requests that fell back, a stack each model that was asked first."""
    by_model: dict[str, dict[datetime, int]] = {}
    for one in buckets:
        if one.fell_back:
            by_model.setdefault(one.model, {})[one.start] = one.fell_back
    neutral = theme.palette(mode).neutral
    stacks = [
        Series(model, sorted(steps.items()), colours.get(model, neutral)) for model, steps in sorted(by_model.items())
    ]
    return Panel("fell back", stacks, units.count, "bars")


def in_words(intervals: Sequence[BreakerInterval], buckets: Sequence[FallbackBucket]) -> str:
    """How often breakers opened, what is still open, and how many requests fell back."""
    opened = sum(one.state == "open" for one in intervals)
    ejected = sum(one.state == "ejected" for one in intervals)
    still = list(dict.fromkeys(place_of(one) for one in intervals if one.end is None))
    fell_back, requests = sum(one.fell_back for one in buckets), sum(one.requests for one in buckets)
    parts = [
        f"breakers opened {units.plural(opened, 'time')}" if opened else "no breaker opened",
        f"deployments were called less {units.plural(ejected, 'time')}" if ejected else "",
        f"{units.count(fell_back)} of {units.plural(requests, 'request')} that asked a model or tool fell back",
    ]
    text = "; ".join(part for part in parts if part)
    lasts = f" Not closed again: {', '.join(still[:4])}{' and more' if len(still) > 4 else ''}." if still else ""
    return f"{text[0].upper()}{text[1:]}.{lasts}"


def _list(filters: Filters) -> None:
    page = cache.ask(incidents.timeline, filters, kinds=KINDS, limit=LISTED)
    if not page.rows:
        return
    with st.expander(f"The latest {len(page.rows)} incidents of upstreams"):
        table(page.rows)


def table(rows: Sequence[IncidentRow]) -> None:
    """Incidents, a line each."""
    components.table(
        ("When (UTC)", "What", "Whom", "In words"),
        [
            (
                units.when(row.ts),
                Cell(row.kind.replace("_", " "), _SEVERITY.get(row.severity)),
                plain.visible(row.subject, 60),
                plain.visible(row.detail, 200),
            )
            for row in rows
        ],
    )


def of_model(filters: Filters, step: Step) -> tuple[list[BreakerInterval], list[FallbackBucket]]:
    """The same, of the models of the filters alone."""
    return cache.ask(incidents.breaker_intervals, filters), cache.ask(incidents.fallbacks, filters, step)
