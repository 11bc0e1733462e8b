"""The gateway as it is now: whether it answers, under which policy, and how its telemetry and its collector fare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components
from app.dashboard.components import Cell
from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError

LOOK_EVERY_S: Final = 5.0
_PATIENCE_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Live:
    """What ``/healthz`` said, or why it said nothing."""

    url: str
    document: Mapping[str, Any] | None
    problem: str = ""


def asked() -> Live:
    """The gateway's health, a few seconds old at most."""
    return _ask(cache.settings().gateway_url)


@st.cache_data(ttl=LOOK_EVERY_S * 0.9, max_entries=8, show_spinner=False)
def _ask(url: str) -> Live:
    try:
        return Live(url, Gateway(url, patience_s=_PATIENCE_S).health())
    except GatewayError as error:
        return Live(url, None, str(error))


def draw(live: Live) -> None:
    """A card of what the gateway says."""
    with cards.card(
        "The gateway now",
        "What /healthz says, asked every few seconds",
        key="gateway",
        help="Of the one gateway process that this dashboard talks to, since its start. Others tell of themselves in "
        "their samples.",
    ):
        if live.document is None:
            components.notice(
                f"The gateway does not answer: {plain.visible(live.problem, 300)}",
                tone="bad",
                details=(
                    "Start one with `routescope up`, or `routescope serve` for the gateway alone.",
                    "If it runs elsewhere, set `ROUTESCOPE_GATEWAY_URL` for the dashboard.",
                    "What is stored is shown all the same.",
                ),
            )
            return
        components.definition_list(facts(live.document))
        _collector(live.document.get("collector"))


def facts(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Names and values of a health document; what an older gateway does not say is unknown."""
    kept = document.get("telemetry")
    telemetry: Mapping[str, Any] = kept if isinstance(kept, dict) else {}
    error = telemetry.get("last_error")
    lost = [_number(telemetry, name) for name in ("not_durable", "abandoned")]
    return [
        ("Answers", Cell("yes", "ok")),
        ("Policy", f"{plain.visible(document.get('policy', units.UNKNOWN), 60)}, {_version(document)}"),
        ("Loaded", _when(document.get("policy_loaded_at"))),
        ("Policy file", Cell("refused", "bad") if document.get("policy_refused") else Cell("in force", "ok")),
        ("In memory", units.count(_number(telemetry, "queued"))),
        ("Oldest in memory", _lag(telemetry)),
        ("Written at once", units.count(_number(telemetry, "committed"))),
        ("Spooled", units.count(_number(telemetry, "spooled"))),
        ("On the spool now", units.count(_number(telemetry, "spool_waiting"))),
        ("Dropped", _dropped(lost)),
        ("Database", Cell("takes all", "ok") if error is None else Cell(plain.visible(error, 200), "bad")),
    ]


def _collector(said: object) -> None:
    if said is None:
        components.untrusted("Copies of spans: none are sent.", muted=True)
        return
    copies: Mapping[str, Any] = said if isinstance(said, dict) else {}
    error = copies.get("last_error")
    components.subtitle("Copies to the collector")
    components.definition_list(
        [
            ("Sent", units.count(_number(copies, "sent"))),
            ("Waiting", units.count(_number(copies, "queued"))),
            ("On disk", units.count(_number(copies, "spooled"))),
            ("Refused", units.count(_number(copies, "refused"))),
            ("Left out", units.count(_number(copies, "dropped"))),
            ("State", Cell("takes all", "ok") if error is None else Cell(plain.visible(error, 200), "warn")),
        ]
    )
    components.untrusted("Spans, since the start. What a collector misses is in the database all the same.", muted=True)


def _number(said: Mapping[str, Any], name: str) -> float | None:
    value = said.get(name)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _lag(telemetry: Mapping[str, Any]) -> str:
    if _number(telemetry, "queued") == 0:
        return "nothing waits"
    return units.duration(_number(telemetry, "lag_ms"))


def _dropped(lost: list[float | None]) -> Cell:
    known = [one for one in lost if one is not None]
    if len(known) < len(lost):
        return Cell(units.UNKNOWN, "muted")
    return Cell(units.count(sum(known)), "bad" if sum(known) else "ok")


def _version(document: Mapping[str, Any]) -> str:
    return plain.visible(str(document.get("policy_version", units.UNKNOWN))[:12])


def _when(text: object) -> str:
    try:
        return f"{units.when(str(text))} UTC"
    except ValueError:
        return units.UNKNOWN
