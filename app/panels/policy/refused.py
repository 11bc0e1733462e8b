"""A policy that the gateway was given and did not take: every fault, with its place and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import streamlit as st

from app import units
from app.dashboard import cache, cards, components
from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError
from app.dashboard.policy_banner import refused_policy

LOOK_EVERY_S: Final = 3.0
_PATIENCE_S: Final = 1.0


def draw() -> None:
    """A card when there is one, nothing else; it comes and goes with the banner, which leaves the faults to it."""
    st.fragment(_draw, run_every=LOOK_EVERY_S)()


def _draw() -> None:
    health = _ask(cache.settings().gateway_url)
    refused = refused_policy(health)
    if refused is None:
        return
    # What happened stands on top of every page; here is what is to be done about it.
    with cards.card("A change is refused", "Every fault with its place, and what to do", key="policy-refused"):
        listed = rows(health)
        components.table(("Place", "Key", "What is wrong", "What to do"), listed)
        left_out = health["policy_refused"].get("more")
        if isinstance(left_out, int) and left_out:
            components.untrusted(f"And {units.plural(left_out, 'more fault')}; routescope policy check lists all.")


def rows(health: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Place, key, problem and remedy of every fault that the gateway tells."""
    refused = health.get("policy_refused")
    faults = refused.get("faults") if isinstance(refused, dict) else None
    listed = faults if isinstance(faults, list) else []
    told = [
        tuple(str(one.get(name, "")) for name in ("file", "key", "problem", "remedy"))
        for one in listed
        if isinstance(one, dict)
    ]
    return [(place, key, problem, remedy) for place, key, problem, remedy in told]


@st.cache_data(ttl=LOOK_EVERY_S * 0.9, max_entries=8, show_spinner=False)
def _ask(url: str) -> dict[str, Any]:
    try:
        return Gateway(url, patience_s=_PATIENCE_S).health()
    except GatewayError:
        return {}
