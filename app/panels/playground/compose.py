"""What the reader asks: a prompt, the route or the models that shall answer it, and what is stated about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import streamlit as st

from app import plain
from app.dashboard import cache
from app.dashboard.gateway_client import Catalogue, ModelEntry, Question
from app.dashboard.gateway_error import GatewayError
from router_core.request import DATA_CLASSES, RISKS
from telemetry.errors import TelemetryError

EXAMPLES: Mapping[str, str] = {
    "A sum": "What is 17.5 % of 2,340, plus 12?",
    "About RouteScope": "How does RouteScope choose the model that answers?",
    "A summary": (
        "Summarise in one sentence: The lighthouse at the cape was built in 1871 after three ships were lost in a "
        "single winter. It was manned until 1984, when the light was made automatic. Since then volunteers have kept "
        "the keeper's house open as a small museum, which 9,000 people visit every summer."
    ),
    "Code": "Write a Python function that says whether a string reads the same backwards, ignoring case and spaces.",
}
MOST_MODELS: Final = 4
"""That many answers can be read beside each other."""
ROUTED: Final = "Route it"
COMPARED: Final = "Compare models"
Order: TypeAlias = Literal["send", "look", "stop"]

PROMPT: Final = "ask-prompt"
_TAKEN: Final = "playground-taken"


@dataclass(frozen=True, slots=True)
class Composed:
    """What stands in the form, and what the reader has just asked for."""

    question: Question
    models: tuple[str, ...]
    """Who shall answer side by side; empty when it shall be routed."""
    keep: bool
    """Whether what was said before goes along."""
    order: Order | None


def compose(known: Catalogue | GatewayError, *, running: bool, answered: bool) -> Composed:
    """Draw the form and read it.

    Args:
        known: what the gateway serves.
        running: whether an answer is under way, so that it can be stopped.
        answered: whether there is anything to go on from.
    """
    take_prompt_of_a_decision()
    with st.container(border=True, key="card-ask", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ask-examples"):
            st.html('<span class="rs-sub">Try</span>', width="content")
            for name, prompt in EXAMPLES.items():
                st.button(name, key=f"example-{name}", type="tertiary", on_click=_take, args=(prompt,))
        how = st.segmented_control(
            "Who answers",
            [ROUTED, COMPARED],
            default=COMPARED if st.query_params.get_all("answering") else ROUTED,
            required=True,
            key="ask-how",
            label_visibility="collapsed",
        )
        with st.form("ask", border=False):
            prompt = st.text_area(
                "Prompt",
                key=PROMPT,
                height=104,
                placeholder="Ask anything. Ctrl+Enter sends.",
                label_visibility="collapsed",
            )
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="ask-row"):
                models = _choose_models(known) if how == COMPARED else ()
                route = None if how == COMPARED else _choose_route(known)
                with st.popover("Context", icon=":material/tune:", width=220):
                    question = _context(prompt or "", route)
                order = _buttons(running=running, compared=how == COMPARED)
            keep = how == ROUTED and st.toggle(
                "Go on from what was said",
                key="ask-keep",
                disabled=not answered,
                help="The prompts and answers so far are sent along, as a conversation.",
            )
    _tell_address(models)
    return Composed(question, models, keep, order)


def take_prompt_of_a_decision() -> None:
    """Fill in the prompt of the decision that ``?from=ID`` names, once, as far as its text was kept."""
    wanted = st.query_params.get("from", "")
    if not wanted or st.session_state.get(_TAKEN) == wanted:
        return
    st.session_state[_TAKEN] = wanted
    try:
        detail = cache.decision(wanted)
    except TelemetryError:
        return
    turns = () if detail is None or detail.content is None else detail.content.prompt
    said = next((turn.text for turn in reversed(turns) if turn.role == "user"), None)
    if said is not None:
        st.session_state[PROMPT] = said


def _buttons(*, running: bool, compared: bool) -> Order | None:
    if running:
        return "stop" if st.form_submit_button("Stop", icon=":material/stop:", key="stop") else None
    sent = st.form_submit_button("Send", icon=":material/send:", type="primary", key="send")
    looked = st.form_submit_button(
        "Look first",
        icon=":material/visibility:",
        key="look",
        help="What each of them and all together would cost at most. No model is called."
        if compared
        else "What would be asked, in which order, and what it would cost at most. No model is called.",
    )
    return "send" if sent else "look" if looked else None


def _tell_address(models: Sequence[str]) -> None:
    """Keep who shall answer side by side in the address."""
    if not models:
        st.query_params.pop("answering", None)
    elif st.query_params.get_all("answering") != list(models):
        st.query_params["answering"] = list(models)


def _take(prompt: str) -> None:
    st.session_state[PROMPT] = prompt


def _choose_route(known: Catalogue | GatewayError) -> str | None:
    """The route's name; None leaves it to the policy."""
    wanted = st.query_params.get("route")
    routes = [] if isinstance(known, GatewayError) else [*known.routes]
    names = [route.name for route in routes]
    default = next((route.name for route in routes if route.default), None)
    if not names:
        names = [wanted] if wanted else []
    chosen = st.selectbox(
        "Route",
        names,
        index=names.index(wanted) if wanted in names else names.index(default) if default in names else None,
        key="ask-route",
        placeholder="the policy's default",
        help="\n\n".join(f"**{plain.markdown(r.name, 60)}**: {plain.markdown(r.description, 200)}" for r in routes)
        or None,
        width=260,
    )
    return chosen or None


def _choose_models(known: Catalogue | GatewayError) -> tuple[str, ...]:
    models: tuple[ModelEntry, ...] = () if isinstance(known, GatewayError) else known.models
    names = [model.name for model in models]
    asked = [name for name in st.query_params.get_all("answering") if name in names]
    ready = [model.name for model in models if model.ready]
    return tuple(
        st.multiselect(
            "Models, asked directly",
            names,
            default=(asked or ready)[:MOST_MODELS],
            max_selections=MOST_MODELS,
            key="ask-models",
            format_func=lambda name: plain.visible(name, 60),
            help="Each answers on its own, without routing: rules and budgets hold all the same, and each is a "
            "decision of its own.",
            width=480,
        )
    )


def _context(prompt: str, route: str | None) -> Question:
    """What the caller states about the request."""
    risk = st.selectbox("Risk", RISKS, key="ask-risk", help="May only raise what the policy assumes.")
    data_class = st.selectbox(
        "Data class", DATA_CLASSES, index=DATA_CLASSES.index("internal"), key="ask-data", help="How protected it is."
    )
    cap = st.number_input(
        "Cost cap (USD)",
        min_value=0.0,
        value=None,
        step=0.001,
        format="%.6f",
        key="ask-cap",
        placeholder="the policy's",
    )
    deadline = st.number_input(
        "Deadline (s)", min_value=0.1, value=None, step=1.0, key="ask-deadline", placeholder="the policy's"
    )
    longest = st.number_input(
        "Longest answer (tokens)", min_value=1, value=None, step=16, key="ask-tokens", placeholder="the policy's"
    )
    return Question(
        prompt,
        route=route,
        risk=risk or "low",
        data_class=data_class or "internal",
        cost_cap_usd=cap or None,
        deadline_ms=None if deadline is None else round(deadline * 1000),
        max_tokens=longest,
    )
