"""Latency & reliability: how fast models answer, what fails, and what was done about it."""

from __future__ import annotations

import streamlit as st

from app.dashboard import cache, cards, navigation, page, tables
from app.dashboard.view import View
from app.panels.latency import breakers, failing, provider, service, speed
from app.panels.latency.service import Percentile
from telemetry.query import incidents, slowest
from telemetry.query.overview import Totals

SLOWEST = 10


def show() -> None:
    """The page."""
    page.counted(
        "Latency & reliability", "How fast models answer, what fails, and what was done about it", _body, key="latency"
    )


def _body(view: View, now: Totals) -> None:
    cache.ahead(incidents.fallbacks, view.filters, view.period.step)
    cache.ahead(incidents.breaker_intervals, view.filters)
    cache.ahead(slowest.slowest, view.filters, limit=SLOWEST)
    percentile = _percentile()
    service.draw(view, now, percentile)
    with cards.grid("by-model", narrowest="half"):
        speed.by_model(view, "latency", percentile)
        speed.by_model(view, "ttft", percentile)
    speed.crowding(view)
    with cards.grid("failing", narrowest="half"):
        failing.by_type(view)
        failing.over_the_period(view)
    failing.decisions_of_one(view)
    provider.trouble(view)
    breakers.over_fallbacks(view)
    with cards.grid("output", narrowest="half"):
        failing.unanswered(view, now)
        speed.output(view)
    _slowest(view)


def _percentile() -> Percentile:
    """Which percentile the page is about; in the address."""
    held = st.segmented_control(
        "Percentile",
        list(service.SHARE),
        default="p95",
        required=True,
        key="percentile",
        bind="query-params",
        label_visibility="collapsed",
        help="Half, 90, 95 or 99 of 100 took at most that long.",
    )
    return held or "p95"


def _slowest(view: View) -> None:
    with cards.card(
        "Slowest decisions",
        "Request in to decision settled. Click a row to see where the time went",
        key="slowest",
        help="Request in to decision settled, the router's own time and all branches included, those "
        "answered by a tool as well.",
    ):
        chosen = tables.decisions(cache.ask(slowest.slowest, view.filters, limit=SLOWEST), key="slowest")
        if chosen is not None:
            navigation.open_decision(chosen)


if __name__ == "__main__":
    show()
