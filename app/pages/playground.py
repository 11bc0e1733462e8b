"""Playground: a prompt of one's own, and why it goes where it goes, while it goes."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app import plain
from app.dashboard import cache, cards, components, theme
from app.dashboard.charts import style
from app.dashboard.gateway_client import Catalogue, Gateway, ModelEntry, Question
from app.dashboard.gateway_error import GatewayError
from app.panels import playground_view
from app.panels.playground_run import Run
from app.panels.playground_state import PlaygroundState
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
DRAW_EVERY_S = 0.4
ASK_EVERY_S = 2.0
CHIP = 60
"""Characters of a reason that a chip holds; a longer one is a failure to be read whole."""
_RUN = "playground-run"
_CATALOGUE = "playground-catalogue"
_PROMPT = "ask-prompt"
_ROUTE = "ask-route"


def show() -> None:
    """The page."""
    st.html(playground_view.STYLE)
    components.page_header(
        "Playground", "Route a prompt of your own and see why it goes where it goes, and what it costs"
    )
    try:
        gateway = Gateway(cache.settings().gateway_url)
    except GatewayError as error:
        components.notice(f"Nothing can be routed: {error}.", tone="bad")
        return
    known = _ask_catalogue(gateway)
    st.session_state[_CATALOGUE] = known
    unsettled = isinstance(known, GatewayError) or bool(known.waiting)
    st.fragment(_readiness, run_every=ASK_EVERY_S if unsettled else None)(gateway)
    run: Run | None = st.session_state.get(_RUN)
    _compose(gateway, known, run)
    if run is not None:
        st.fragment(_follow, run_every=None if run.state.over else DRAW_EVERY_S)(run)


def _ask_catalogue(gateway: Gateway) -> Catalogue | GatewayError:
    try:
        return gateway.catalogue()
    except GatewayError as error:
        return error


def _readiness(gateway: Gateway) -> None:
    """Which models cannot answer yet and how far they are; the whole page runs again when that has changed."""
    # A run of the whole page has just asked; a run of this fragment alone asks itself.
    known = st.session_state.pop(_CATALOGUE, None)
    fresh = known is None
    now = known or _ask_catalogue(gateway)
    if fresh and _shape(now) != st.session_state.get("playground-shape"):
        st.rerun()
    st.session_state["playground-shape"] = _shape(now)
    if isinstance(now, GatewayError):
        components.notice(f"{str(now)[:1].upper()}{str(now)[1:]}.", tone="bad")
    elif now.waiting:
        reasons = {f"{model.name} ({model.tier})": _why_not_ready(model) for model in now.waiting}
        components.chips({f"{who} not ready": why for who, why in reasons.items() if len(why) <= CHIP})
        for who, why in reasons.items():
            if len(why) > CHIP:
                components.notice(f"{who} is not ready: {why}.")


def _why_not_ready(model: ModelEntry) -> str:
    if not model.reason:
        return "no reason given"
    if model.progress is None or "%" in model.reason:
        return model.reason
    return f"{model.reason} {model.progress:.0%}".replace("%", " %")


def _shape(known: Catalogue | GatewayError) -> tuple[str, ...]:
    """What of the catalogue the rest of the page depends on."""
    if isinstance(known, GatewayError):
        return ("unreachable",)
    return (*(route.name for route in known.routes), "|", *(model.name for model in known.waiting))


def _compose(gateway: Gateway, known: Catalogue | GatewayError, run: Run | None) -> None:
    running = run is not None and not run.state.over
    with st.container(border=True, key="card-ask", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="ask-examples"):
            st.html('<span class="rs-sub">Try</span>', width="content")
            for name, prompt in EXAMPLES.items():
                st.button(name, key=f"example-{name}", type="tertiary", on_click=_take, args=(prompt,))
        with st.form("ask", border=False):
            prompt = st.text_area(
                "Prompt",
                key=_PROMPT,
                height=104,
                placeholder="Ask anything. Ctrl+Enter sends.",
                label_visibility="collapsed",
            )
            with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="ask-row"):
                route = _choose_route(known)
                with st.popover("Context", icon=":material/tune:", width=220):
                    question = _context(prompt or "", route)
                if running:
                    stopped = st.form_submit_button("Stop", icon=":material/stop:", key="stop")
                    sent = False
                else:
                    stopped = False
                    sent = st.form_submit_button("Send", icon=":material/send:", type="primary", key="send")
    if stopped and run is not None:
        run.stop()
        st.rerun()
    if sent:
        if route:
            st.query_params["route"] = route
        else:
            st.query_params.pop("route", None)
        st.session_state[_RUN] = Run(gateway, question)
        st.rerun()


def _take(prompt: str) -> None:
    st.session_state[_PROMPT] = prompt


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
        key=_ROUTE,
        placeholder="the policy's default",
        help="\n\n".join(f"**{plain.markdown(r.name, 60)}**: {plain.markdown(r.description, 200)}" for r in routes)
        or None,
        width=260,
    )
    return chosen or None


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


def _follow(run: Run) -> None:
    """The run as it stands; the whole page runs again once it is over, so that one can send again."""
    state, elapsed = run.state, run.elapsed_ms
    colours = _colours(state)
    title, subtitle = playground_view.heading(state, elapsed)
    with cards.grid("run", narrowest="half"):
        with cards.card(title, subtitle, key="answer"):
            playground_view.answer(state)
            # A failure has said it already.
            if state.decision is not None and state.failure is None:
                components.untrusted(state.decision.reason, muted=True)
            playground_view.record(state)
        with cards.card("What was known", "Signals and guard, before any model is called", key="known"):
            playground_view.known(state)
            playground_view.guard(state)
    if state.decision is not None:
        playground_view.bill(state.decision)
    with cards.grid("how", narrowest="half"):
        with cards.card("Branches", "Every attempt, from the start of the request", key="branches"):
            playground_view.lanes(state, colours, elapsed)
            playground_view.moves(state)
            playground_view.scores(state)
            playground_view.drafts(state.discarded)
        with cards.card(
            "Candidates", f"Strategy {state.strategy}" if state.strategy else "Who could answer", key="candidates"
        ):
            playground_view.candidates(state, colours)
    if state.over and st.session_state.get("playground-over") != id(run):
        st.session_state["playground-over"] = id(run)
        st.rerun()


def _colours(state: PlaygroundState) -> dict[str, str]:
    """Of the models in the store and of this run; the store may not exist yet."""
    names = {branch.model for branch in state.branches} | {each.model for each in state.candidates or ()}
    try:
        known = cache.facets()
        names |= {*known.models, *known.tools}
    except TelemetryError:
        pass
    return style.model_colours(names, theme.mode())


if __name__ == "__main__":
    show()
