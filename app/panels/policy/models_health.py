"""How the models stand now, as the gateway sees them: ready or why not, breakers, recent failures, latencies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import streamlit as st

from app import units
from app.dashboard import cache, cards, components, theme
from app.dashboard.components import Cell, Tone
from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError
from app.panels.policy.words import ago

LOOK_EVERY_S: Final = 5.0
"""How old the card may be. Ten open pages ask once."""
_PATIENCE_S: Final = 1.0
_STATES: Final[dict[str, tuple[str, Tone]]] = {
    "closed": ("closed", "ok"),
    "half_open": ("half open", "warn"),
    "open": ("open", "bad"),
    "ejected": ("ejected", "warn"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the gateway said, or why it said nothing."""

    document: Mapping[str, Any] | None
    problem: str = ""


def asked() -> Asked:
    """What the gateway says of its models, a few seconds old at most."""
    return _ask(cache.settings().gateway_url)


@st.cache_data(ttl=LOOK_EVERY_S * 0.9, max_entries=8, show_spinner=False)
def _ask(url: str) -> Asked:
    try:
        return Asked(Gateway(url, patience_s=_PATIENCE_S).models_health())
    except GatewayError as error:
        return Asked(None, str(error))


def ready(document: Mapping[str, Any] | None) -> dict[str, bool]:
    """Whether each model may be called now; empty when nobody knows."""
    return {str(model.get("model")): model.get("ready") is True for model in _models(document)}


def draw() -> None:
    """The card; it renews itself."""
    st.fragment(_draw, run_every=LOOK_EVERY_S)()


def _draw() -> None:
    said = asked()
    window = (said.document or {}).get("window_s")
    recent = f"the last {window:g} s" if isinstance(window, (int, float)) else "the outlier window"
    with cards.card(
        "Models now",
        "As the gateway sees them, renewed every 5 s",
        key="models-now",
        help=f"Failed: share of the calls within {recent} that failed by the model's fault, with Wilson's 95 % "
        "interval. p95: of recent answered calls, older ones count less. A breaker that is open keeps calls away; "
        "ejected: far worse than its siblings, and called only when they cannot be.",
    ):
        if said.document is None:
            cards.empty("The gateway does not answer", said.problem)
            return
        now = datetime.now(UTC)
        components.table(
            ("Model", "Ready", "Breaker", "For", "In flight", "Calls", "Failed", "p50", "p95", "First token p95"),
            rows(said.document, cache.colours(theme.mode()), now),
            numbers=(4, 5, 6, 7, 8, 9),
            notes=notes(said.document),
        )


def rows(document: Mapping[str, Any], colours: Mapping[str, str], now: datetime) -> list[tuple[Cell | object, ...]]:
    """A row a deployment, in the policy's order."""
    return [_row(model, place, colours, now) for model, place in _places(document)]


def notes(document: Mapping[str, Any]) -> list[str]:
    """Below each row: why its model is not ready, or why its breaker opened and when it is tried again."""
    told = []
    for model, place in _places(document):
        why = [str(model.get("reason") or "")] if model.get("ready") is not True else []
        if place.get("state") != "closed" and place.get("why"):
            why.append(str(place["why"]))
        wait = _number(place, "retry_in_s")
        if wait:
            why.append(f"tried again in {ago(wait)}")
        told.append("; ".join(dict.fromkeys(one for one in why if one)))
    return told


def _row(
    model: Mapping[str, Any], place: Mapping[str, Any], colours: Mapping[str, str], now: datetime
) -> tuple[Cell | object, ...]:
    name, deployment = str(model.get("model")), place.get("deployment")
    state, tone = _STATES.get(str(place.get("state")), (str(place.get("state")), "muted"))
    is_ready = model.get("ready") is True
    progress = model.get("progress")
    waiting = f"{units.share(progress, 0)} here" if isinstance(progress, (int, float)) else "no"
    return (
        Cell(name if deployment is None else f"{name}, {deployment}", swatch=colours.get(name)),
        Cell("yes" if is_ready else waiting, "ok" if is_ready else "warn"),
        Cell(state, tone),
        _since(place.get("since"), now),
        units.count(_number(place, "in_flight")),
        units.count(_number(place, "calls")),
        _failed(place),
        *(units.duration(_number(place, name)) for name in ("p50_ms", "p95_ms", "ttft_p95_ms")),
    )


def _failed(place: Mapping[str, Any]) -> Cell:
    calls, failed = place.get("calls"), place.get("failed")
    if not isinstance(calls, int) or not isinstance(failed, int) or not calls:
        return Cell("no calls", "muted")
    low, high = units.wilson(failed, calls) or (0.0, 1.0)
    told = f"{units.share(failed / calls)} ({units.share(low, 0)} to {units.share(high, 0)})"
    return Cell(told, "bad" if failed else None)


def _number(place: Mapping[str, Any], name: str) -> float | None:
    value = place.get(name)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _since(written: object, now: datetime) -> str:
    try:
        return ago((now - datetime.fromisoformat(str(written))).total_seconds())
    except (ValueError, TypeError):
        return units.UNKNOWN


def _models(document: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    listed = (document or {}).get("models")
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _places(document: Mapping[str, Any]) -> Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    for model in _models(document):
        places = model.get("deployments")
        for place in places if isinstance(places, list) else []:
            if isinstance(place, dict):
                yield model, place
