"""Pipeline: whether every decision is kept, and how gateways, storage and jobs fare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, cast

import streamlit as st

from app.dashboard import cache, cards, components, idle_filters
from app.dashboard.view import is_range
from app.panels.pipeline import gateway, jobs, numbers, storage, verdict
from telemetry.query import incidents
from telemetry.query import pipeline as query
from telemetry.query.filters import Filters

SPAN: Final = "span"
"""The query parameter, and the key of its widget."""
SPANS: Final = {
    "1h": (timedelta(hours=1), "in the last hour"),
    "24h": (timedelta(hours=24), "in the last 24 hours"),
    "7d": (timedelta(days=7), "in the last 7 days"),
    "30d": (timedelta(days=30), "in the last 30 days"),
}
DEFAULT_SPAN: Final = "24h"
LOOK_EVERY_S: Final = 15.0
SHOWN: Final = 12
"""Incidents that are listed."""


def show() -> None:
    """The page."""
    with st.container(key="toolbar", horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        with st.container(width="content"):
            components.page_header("Pipeline", "Whether every decision is kept, and how storage and jobs fare")
        span = _span()
    idle_filters.draw(
        "It tells of processes, storage and jobs, which have no such parts, over the period chosen above."
    )
    with cards.errors_shown("pipeline"), cards.loading(600):
        _now(span)
        state = cache.ask(query.jobs)
        with cards.errors_shown("storage"):
            storage.draw(state.jobs)
        jobs.jobs_card(state)
        _incidents(span)


def _span() -> str:
    asked = st.query_params.get(SPAN, DEFAULT_SPAN)
    st.session_state[SPAN] = asked if asked in SPANS else DEFAULT_SPAN
    return cast(
        str,
        st.segmented_control(
            "Period",
            list(SPANS),
            key=SPAN,
            required=True,
            on_change=_follow,
            help="Back from now. Processes report once a minute; what they reported is kept for 30 days.",
        ),
    )


def _follow() -> None:
    st.query_params[SPAN] = st.session_state[SPAN]


@st.fragment(run_every=LOOK_EVERY_S)
def _now(span: str) -> None:
    """What changes while one looks; it renews itself."""
    with cards.errors_shown("now"):
        length, told = SPANS[span]
        # To the minute, so that what is asked within one is answered once.
        end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        start = end - length
        processes = cache.ask(query.processes, since=start)
        points = cache.ask(query.series, start, end)
        verdict.draw(verdict.verdict(processes, told))
        numbers.numbers(processes, points, period=span if is_range(span) else DEFAULT_SPAN)
        live = gateway.asked()
        numbers.charts(points, start, end, beside=lambda: gateway.draw(live))
        numbers.each(processes)


def _incidents(span: str) -> None:
    end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    wanted = Filters(start=end - SPANS[span][0], end=end, simulated=False)
    found = cache.ask(incidents.timeline, wanted, kinds=jobs.KINDS, limit=SHOWN)
    jobs.incidents_card(found.rows)


if __name__ == "__main__":
    show()
