"""What people said of an answer, and a place to say it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation
from app.dashboard.components import Cell, Tone
from app.dashboard.gateway_error import GatewayError
from app.dashboard.visitor import acting_gateway, visitor
from telemetry.evaluation import FEEDBACK, LONGEST
from telemetry.query import evaluations
from telemetry.query.evaluations import EvaluationView

_TOLD: Final = "feedback-told"
_KEPT_WITHOUT_WORDS: Final = (
    "Your opinion is kept, your words are not: the policy's content setting keeps no text that people write."
)
_TONES: Final[dict[str | None, Tone]] = {"good": "ok", "bad": "bad"}


def draw(decision_id: str) -> None:
    """The card."""
    with cards.card(
        "Was it good?",
        "What people and evaluators said of this answer",
        key="feedback",
        help="One opinion a person and decision; said again, it takes the place of the first. Scores go from -1 to 1: "
        "good is 1, bad is -1; evaluators score from 0 to 1, and one without a verdict gives none. What is written is "
        "kept as far as the policy keeps content.",
    ):
        said = cache.ask(evaluations.of_decision, decision_id)
        if said:
            components.table(("When (UTC)", "Who", "Said", "Score", "In words"), map(_row, said), numbers=(3,))
        else:
            components.untrusted("Nobody has said anything yet.", muted=True)
        _judges(said)
        if visitor().operates:
            _form(decision_id)
        told = st.session_state.pop(_TOLD, None)
        if told is not None:
            tone, sentence = told
            components.notice(sentence, tone=tone)


def _row(one: EvaluationView) -> tuple[Cell | object, ...]:
    who = one.author if one.name == FEEDBACK else f"{one.author} ({one.name})"
    if one.answer == "rejected":
        who += ", of the first answer"
    word = "no verdict" if one.score is None else one.label or "neither"
    score = "" if one.score is None else f"{one.score:g}"
    # Who explains a verdict quotes the answer.
    words = one.explanation or "" if visitor().operates else ""
    return units.when(one.given), who, Cell(word, tone=_TONES.get(one.label, "muted")), score, words


def _judges(said: Sequence[EvaluationView]) -> None:
    """The way to the decisions in which models judged."""
    found = {one.judge_decision_id: one.name for one in said if one.judge_decision_id is not None}
    if found:
        with st.container(horizontal=True):
            for judge, name in list(found.items())[:4]:
                navigation.decision_link(judge, label=f"How {plain.markdown(name, 40)} came to it")


def _form(decision_id: str) -> None:
    words = f"feedback-words-{decision_id}"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="feedback-form"):
        st.text_input("Why, in a few words (optional)", key=words, max_chars=LONGEST)
        for label, icon in (("good", ":material/thumb_up:"), ("bad", ":material/thumb_down:")):
            st.button(
                label.capitalize(), key=f"feedback-{label}", icon=icon, on_click=_say, args=(decision_id, label, words)
            )


def _say(decision_id: str, label: Literal["good", "bad"], words: str) -> None:
    """Through the gateway: the dashboard itself only reads."""
    try:
        answer = acting_gateway().feedback(decision_id, label, str(st.session_state.get(words, "")))
    except GatewayError as error:
        st.session_state[_TOLD] = ("bad", f"Not kept: {error}.")
        return
    st.session_state[words] = ""
    if answer.get("comment") == "left out":
        st.session_state[_TOLD] = ("warn", _KEPT_WITHOUT_WORDS)
    cache.forget()
