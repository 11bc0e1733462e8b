"""Reads what `attention` judges, from the store and the gateway, and shows what it found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation
from app.dashboard.budgets import Budget
from app.dashboard.components import Cell
from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError
from app.dashboard.navigation import Place
from app.panels.alerts.attention import DAYS, Attention, Check, Finding, Seen, Severity, Target, attention
from app.panels.alerts.silence import WEEKS
from telemetry.query import alerts, drift, incidents, pipeline, volume
from telemetry.query.filters import Filters

KINDS: Final = (
    *("spool_in_use", "spool_empty", "not_durable", "rows_refused", "database_put_aside"),
    *("policy_refused", "policy_mended", "policy_reloaded", "collector_away", "collector_back", "gateway_stopped"),
)
"""Incidents that are judged one by one; those of upstreams are judged by their intervals."""
MOST: Final = 500
_PATIENCE_S: Final = 1.0
_GIVEN_UP: Final = "could not be asked: {}"

_SEVERITY: Final[dict[Severity, tuple[str, components.Tone]]] = {
    "error": ("▲ error", "bad"),
    "warning": ("◆ warning", "warn"),
}
_PLACES: Final[dict[Target, tuple[Place, str]]] = {
    "latency": (navigation.LATENCY, "Its course"),
    "pipeline": (navigation.PIPELINE, "The pipeline"),
    "policy": (navigation.POLICY, "The policy"),
    "drift": (navigation.DRIFT, "Its metrics"),
    "cost": (navigation.COST, "Budgets"),
    "decisions": (navigation.DECISIONS, "Decisions"),
    "alerts": (navigation.ALERTS, "The alert"),
}


def look() -> Attention:
    """What needs attention at this moment, at most `cache.TTL_S` seconds old.

    Raises:
        TelemetryError: the store cannot be read.
    """
    now = datetime.now(UTC)
    # To the full hour, so that the pages of one hour ask the same and share the answer.
    hour = now.replace(minute=0, second=0, microsecond=0)
    lately = Filters(start=hour - timedelta(days=DAYS), purposes=())
    weeks = Filters(start=hour - timedelta(weeks=WEEKS + 1), purposes=(), simulated=False)
    budgets, unasked = _budgets(cache.settings().gateway_url)
    return attention(
        Seen(
            now=now,
            intervals=cache.ask(incidents.breaker_intervals, lately),
            incidents=cache.ask(incidents.timeline, lately, kinds=KINDS, limit=MOST).rows,
            processes=cache.ask(pipeline.processes),
            jobs=cache.ask(pipeline.jobs),
            cells=cache.ask(drift.heatmap),
            last_drift=cache.ask(drift.last_run),
            hours=cache.ask(volume.volumes, weeks, "hour"),
            budgets=budgets,
            unasked=unasked,
            alerts=cache.ask(alerts.alerts),
            rules=len(cache.ask(alerts.rules)),
        )
    )


@st.cache_data(ttl=cache.TTL_S, max_entries=8, show_spinner=False)
def _budgets(url: str) -> tuple[tuple[Budget, ...] | None, str]:
    try:
        return Gateway(url, patience_s=_PATIENCE_S).budgets(), ""
    except GatewayError as error:
        return None, _GIVEN_UP.format(str(error).replace("`", ""))


def rows(findings: Sequence[Finding], *, key: str) -> None:
    """Findings, one below the other: how grave, what and why, since when, and the page that tells more."""
    for number, one in enumerate(findings):
        with st.container(
            horizontal=True,
            horizontal_alignment="distribute",
            vertical_alignment="center",
            key=f"finding-{key}-{number}",
        ):
            with st.container(width="stretch"):
                _told(one)
            _link(one)


def _told(one: Finding) -> None:
    word, tone = _SEVERITY[one.severity]
    made_up = " Simulated." if one.simulated else ""
    more = f"{one.more}{'' if one.more.endswith(('.', '?', '!')) else '.'} " if one.more else ""
    st.html(
        f'<div><span class="rs-{tone if one.lasts else "muted"}">{word}</span> &nbsp;'
        f"<b>{plain.html(one.what, 240)}</b></div>"
        f'<div class="rs-sub">{plain.html(more, 400)}{plain.html(when_said(one))}.{made_up}</div>'
    )


def when_said(one: Finding) -> str:
    """``Since 2026-11-23 14:05:00 UTC``; ``From ... to ...`` for what is over."""
    if one.since is None:
        return "Now"
    if one.until is None:
        return f"Since {units.when(one.since)} UTC"
    if one.until == one.since:
        return f"At {units.when(one.since)} UTC"
    return f"From {units.when(one.since)} to {units.when(one.until)} UTC"


def _link(one: Finding) -> None:
    place, label = _PLACES[one.target]
    # A page that is not there yet is not linked to.
    if place in navigation.PLACES:
        navigation.link_to(place, label=label, **dict(one.params))


def looked_at(checks: Sequence[Check], now: datetime) -> None:
    """A card of everything that was looked at, and what was found: what a quiet page rests on."""
    with cards.card(
        "What was looked at",
        f"{units.when(now)} UTC; stored answers are at most {cache.TTL_S:.0f} s old",
        key="looked-at",
    ):
        components.table(
            ("Looked at", "Found"),
            [(check.name, Cell(check.told, None if check.known else "warn")) for check in checks],
        )
