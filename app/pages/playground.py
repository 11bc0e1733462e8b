"""Playground: a prompt of one's own, and why it goes where it goes, while it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from app.dashboard import cache, cards, components, door, theme
from app.dashboard.charts import style
from app.dashboard.gateway_client import Catalogue, Gateway, ModelEntry
from app.dashboard.gateway_error import GatewayError
from app.dashboard.visitor import acting_gateway, visitor
from app.panels.playground import asked_before, compare, opinion, preview, stopped, view
from app.panels.playground.compose import Composed, compose
from app.panels.playground.run import Run, conversation
from telemetry.errors import TelemetryError

DRAW_EVERY_S = 0.4
ASK_EVERY_S = 2.0
CHIP = 60
"""Characters of a reason that a chip holds; a longer one is a failure to be read whole."""
_RUNS = "playground-runs"
_PREVIEW = "playground-preview"
_CATALOGUE = "playground-catalogue"


def show() -> None:
    """The page."""
    if not visitor().operates:
        door.operators_only("Playground")
        return
    st.html(view.STYLE)
    components.page_header(
        "Playground", "Route a prompt of your own and see why it goes where it goes, and what it costs"
    )
    try:
        gateway = acting_gateway()
    except GatewayError as error:
        components.notice(f"Nothing can be routed: {error}.", tone="bad")
        return
    known = _ask_catalogue(gateway)
    st.session_state[_CATALOGUE] = known
    unsettled = isinstance(known, GatewayError) or bool(known.waiting)
    st.fragment(_readiness, run_every=ASK_EVERY_S if unsettled else None)(gateway)
    runs: tuple[Run, ...] = st.session_state.get(_RUNS, ())
    running = any(not run.state.over for run in runs)
    composed = compose(known, running=running, answered=len(runs) == 1 and bool(conversation(runs[0])))
    if composed.order is not None:
        _obey(gateway, composed, runs)
    planned: dict[str | None, dict[str, Any]] | None = st.session_state.get(_PREVIEW)
    if planned is not None:
        _preview(planned)
    elif runs:
        if not running:
            asked_before.draw(composed, runs)
        st.fragment(_follow, run_every=DRAW_EVERY_S if running else None)(runs)


def _obey(gateway: Gateway, composed: Composed, runs: tuple[Run, ...]) -> None:
    """Do what the form's buttons ask for, and draw the page anew."""
    question = composed.question
    if composed.order == "stop":
        for run in runs:
            run.stop()
    elif composed.order == "look":
        try:
            st.session_state[_PREVIEW] = {
                model: gateway.explain(replace(question, route=model or question.route))
                for model in composed.models or (None,)
            }
        except GatewayError as error:
            cards.error_card(str(error), key="look")
            return
    else:
        st.session_state.pop(_PREVIEW, None)
        if question.route:
            st.query_params["route"] = question.route
        else:
            st.query_params.pop("route", None)
        if composed.keep and runs:
            question = replace(question, turns=conversation(runs[0]))
        asked = [replace(question, route=model) for model in composed.models] or [question]
        st.session_state[_RUNS] = tuple(Run(gateway, one) for one in asked)
    st.rerun()


def _preview(planned: Mapping[str | None, dict[str, Any]]) -> None:
    """The decisions that were only explained: one of a route, or one of each model that is named."""
    colours = _colours({each["model"] for one in planned.values() for each in one["candidates"]})
    compared = {model: one for model, one in planned.items() if model is not None}
    if compared:
        preview.draw_each(compared, colours)
    else:
        preview.draw(planned[None], colours)


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


def _follow(runs: tuple[Run, ...]) -> None:
    """The runs as they stand; the whole page runs again once they are over, so that one can send again."""
    if len(runs) > 1:
        compare.draw(runs, _colours({run.question.route or "" for run in runs}))
    else:
        _one(runs[0])
    stopped.draw(runs)
    if all(run.state.over for run in runs) and st.session_state.get("playground-over") != id(runs):
        st.session_state["playground-over"] = id(runs)
        st.rerun()


def _one(run: Run) -> None:
    """A request from its signals to its bill."""
    state, elapsed = run.state, run.elapsed_ms
    names = {branch.model for branch in state.branches} | {each.model for each in state.candidates or ()}
    colours = _colours(names)
    title, subtitle = view.heading(state, elapsed)
    if run.question.turns:
        with st.expander(f"Said before ({len(run.question.turns)})", icon=":material/forum:", key="turns"):
            for role, text in run.question.turns:
                components.said(role, text)
    with cards.grid("run", narrowest="half"):
        with cards.card(title, subtitle, key="answer"):
            view.answer(state)
            # A failure has said it already.
            if state.decision is not None and state.failure is None:
                components.untrusted(state.decision.reason, muted=True)
            opinion.draw(state, key="one")
            view.record(state)
        with cards.card(
            "What was known",
            "Signals and guard, before any model is called",
            key="known",
            help="Signals are computed from the prompt and the conversation alone. A share is how sure the "
            "classifier is; tokens are estimated.",
        ):
            view.known(state)
            view.guard(state)
    if state.decision is not None:
        view.bill(state.decision)
    with cards.grid("how", narrowest="half"):
        with cards.card(
            "Branches",
            "Every attempt, from the start of the request",
            key="branches",
            help="One bar a call, from its start to its end, on the clock of the request; the stroke is the "
            "first token. Pale: not used.",
        ):
            view.lanes(state, colours, elapsed)
            view.moves(state)
            view.scores(state)
            view.drafts(state.discarded)
        with cards.card(
            "Candidates",
            f"Strategy {state.strategy}" if state.strategy else "Who could answer",
            key="candidates",
            help="In the order in which they would be asked. Expected cost: this prompt's tokens and the "
            "longest answer that is allowed, at the model's prices; most answers cost less.",
        ):
            view.candidates(state, colours)


def _colours(names: set[str]) -> dict[str, str]:
    """Of the models in the store and of these; the store may not exist yet."""
    try:
        known = cache.facets()
        names = names | {*known.models, *known.tools}
    except TelemetryError:
        pass
    return style.model_colours(names, theme.mode())


if __name__ == "__main__":
    show()
