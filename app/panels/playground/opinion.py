"""What the reader thinks of an answer in the playground: one click, kept with its decision."""

from __future__ import annotations

from typing import Final, Literal

import streamlit as st

from app.dashboard import cache, components
from app.dashboard.gateway_error import GatewayError
from app.dashboard.visitor import acting_gateway
from app.panels.playground.state import PlaygroundState

Label = Literal["good", "bad"]

_SAID: Final = "playground-said"
"""In the session: what was said of which decision, or why it could not be kept."""
_LABELS: Final[tuple[tuple[Label, str], ...]] = (("good", ":material/thumb_up:"), ("bad", ":material/thumb_down:"))


def draw(state: PlaygroundState, *, key: str) -> None:
    """Two buttons below an answer that is complete and whose decision was kept; nothing below any other.

    ``key`` is unique among the answers on the page.
    """
    decision_id = state.decision_id
    if state.answer is None or not state.over or decision_id is None or state.commit not in ("committed", "queued"):
        return
    said: str | GatewayError | None = st.session_state.get(_SAID, {}).get(decision_id)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"opinion-{key}"):
        for label, icon in _LABELS:
            st.button(
                label.capitalize(),
                key=f"opinion-{label}-{key}",
                icon=icon,
                type="primary" if said == label else "secondary",
                on_click=_say,
                args=(decision_id, label),
                help="Kept with the decision as your opinion; said again, it takes the place of the first. "
                "A few words can be added on the decision's page.",
            )
        if isinstance(said, str):
            components.untrusted("Kept with the decision.", muted=True)
    if isinstance(said, GatewayError):
        components.notice(f"Not kept: {said}.", tone="bad")


def _say(decision_id: str, label: Label) -> None:
    """Through the gateway: the dashboard itself only reads."""
    told: str | GatewayError = label
    try:
        acting_gateway().feedback(decision_id, label)
    except GatewayError as error:
        told = error
    st.session_state.setdefault(_SAID, {})[decision_id] = told
    cache.forget()
