"""A decision's prompt once more: in the playground, on the command line, and as it would be decided now."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast, get_args

import streamlit as st

from app import plain
from app.dashboard import cache, cards, components, navigation
from app.dashboard.gateway_client import Question
from app.dashboard.gateway_error import GatewayError
from app.dashboard.visitor import acting_gateway
from app.panels.decision.plan_now import differences
from router_core.request import DATA_CLASSES, RISKS, DataClass, Risk, Role
from telemetry.query.decision import DecisionContent, DecisionDetail, Turn

LONGEST_COMMAND: Final = 20_000
"""Characters of a prompt up to which a command is shown."""
DIRECT: Final = "model/"
"""How the route of a request begins that asked for a model by its name."""
FOREIGN: Final = "Another system routed this request; RouteScope has no route for it."
NOT_KEPT: Final = "Its prompt was not kept (the policy's content setting), so it cannot be asked again from here."
PLACE: Final = "YOUR PROMPT"
_PLANNED: Final = "planned-now"


def draw(detail: DecisionDetail) -> None:
    """The card."""
    document, content = detail.document, detail.content
    with cards.card(
        "Ask again",
        "The same prompt, now",
        key="again",
        help="What if: the request is planned by the gateway under its present policy: signals, rules and plan, "
        "with no model called. Tenant, deadline and caps are those of the dashboard, the rest is as it was.",
    ):
        question = question_of(document, content)
        if isinstance(question, str):
            components.untrusted(question, muted=True)
        else:
            _links(document, content, question)
            _what_if(document, question)
        if not is_foreign(document):
            _curl(document, content)


def is_foreign(document: Mapping[str, Any]) -> bool:
    """Whether another system made the decision, and told us of it over OTLP."""
    return not document.get("policy_version") and str(document.get("route")).startswith("otlp/")


def question_of(document: Mapping[str, Any], content: DecisionContent | None) -> Question | str:
    """The request as it can be made again, or why it cannot, in a sentence."""
    if is_foreign(document):
        return FOREIGN
    if content is None or not content.prompt:
        return NOT_KEPT
    *before, last = content.prompt
    if last.role != "user" or any(turn.role not in get_args(Role) for turn in before):
        return "Its conversation does not end with a user's turn, so it cannot be asked again from here."
    risk, data_class = document.get("risk"), document.get("data_class")
    return Question(
        last.text,
        route=asked_for(document).removeprefix("route/"),
        risk=cast(Risk, risk) if risk in RISKS else "low",
        data_class=cast(DataClass, data_class) if data_class in DATA_CLASSES else "internal",
        turns=tuple((turn.role, turn.text) for turn in before),
    )


def asked_for(document: Mapping[str, Any]) -> str:
    """What a client puts into ``model`` to be routed the same way."""
    route = str(document.get("route"))
    return route.removeprefix(DIRECT) if route.startswith(DIRECT) else f"route/{route}"


def curl(document: Mapping[str, Any], turns: Sequence[Turn], gateway_url: str) -> str:
    """The request as a command for a POSIX shell. It holds no key, and no character that a terminal would obey."""
    messages = [{"role": turn.role or "user", "content": turn.text} for turn in turns]
    body = {"model": asked_for(document), "messages": messages or [{"role": "user", "content": PLACE}]}
    stated = {"risk": ("low", document.get("risk")), "data_class": ("internal", document.get("data_class"))}
    context = {name: value for name, (usual, value) in stated.items() if value not in (None, "", usual)}
    parts = [
        ["curl", f"{gateway_url.rstrip('/')}/v1/chat/completions"],
        ["-H", "Content-Type: application/json"],
        *([["-H", f"x-routescope-context: {json.dumps(context)}"]] if context else []),
        # Escapes in place of all that is not ASCII: what is seen is what is sent.
        ["--data-raw", json.dumps(body)],
    ]
    return " \\\n  ".join(shlex.join(part) for part in parts)


def _links(document: Mapping[str, Any], content: DecisionContent | None, question: Question) -> None:
    with st.container(horizontal=True, gap="small", key="again-links", vertical_alignment="center"):
        route = {} if str(document.get("route")).startswith(DIRECT) else {"route": str(question.route)}
        navigation.link_to(
            navigation.PLAYGROUND,
            label="Open in the playground",
            **{"from": str(document["decision_id"]), **route},
        )
        st.button(
            "What if it came now?",
            key="plan-now",
            icon=":material/help_center:",
            on_click=_plan,
            args=(str(document["decision_id"]), question),
        )
    if content is not None and content.mode == "redacted":
        components.untrusted("What was kept of the prompt is redacted, so it may be read differently.", muted=True)


def _plan(decision_id: str, question: Question) -> None:
    try:
        planned: dict[str, Any] | str = acting_gateway().explain(question)
    except GatewayError as error:
        planned = str(error)
    st.session_state[_PLANNED] = (decision_id, planned)


def _what_if(document: Mapping[str, Any], question: Question) -> None:
    asked, planned = st.session_state.get(_PLANNED, (None, None))
    if asked != document["decision_id"]:
        return
    if isinstance(planned, str):
        components.notice(f"It could not be planned: {planned}.", tone="bad")
    else:
        components.paragraphs(differences(document, planned))


def _curl(document: Mapping[str, Any], content: DecisionContent | None) -> None:
    turns = () if content is None else content.prompt
    components.subtitle("As a command")
    if sum(len(turn.text) for turn in turns) > LONGEST_COMMAND:
        components.untrusted("The prompt is too long for a command line.", muted=True)
        return
    st.code(plain.visible(curl(document, turns, cache.settings().gateway_url)), language="bash", wrap_lines=True)
    if not turns:
        components.untrusted(f"Put your own text in the place of {PLACE}: the prompt was not kept.", muted=True)
