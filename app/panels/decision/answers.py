"""What was said: the prompt, the answer of each branch, and any two answers side by side, word by word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import streamlit as st

from app import plain, text_diff, units
from app.dashboard import cards, components
from app.dashboard.visitor import visitor
from app.text_diff import MOST_WORDS, Comparison, Piece
from telemetry.query.decision import Answer, DecisionContent

LEFT: Final = "left"
RIGHT: Final = "right"
"""Query parameters: the numbers of the branches whose answers are compared, from 1 on."""
ALIKE: Final = 0.2
"""The share of the longer text's words that two texts have in common at least when what differs is marked."""
NOT_KEPT: Final = "Not kept: the policy's content setting is off. What is known of the prompt is in the signals."
NOT_FOR_VIEWERS: Final = "Only operators see what was said. What is known of the prompt is in the signals."
STYLE: Final = """<style>
.rs-sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(300px, 100%), 1fr)); gap: .8rem; }
.rs-side { border: 1px solid var(--rs-grid); border-radius: .4rem; padding: .5rem .7rem; min-width: 0; }
.rs-side mark { color: inherit; border-radius: .15rem; text-decoration: underline; text-underline-offset: .16em;
  text-decoration-thickness: 1px; }
.rs-left mark { background: color-mix(in srgb, var(--rs-warn) 20%, transparent); text-decoration-style: dotted; }
.rs-right mark { background: color-mix(in srgb, var(--rs-ok) 20%, transparent); }
</style>"""


def draw(document: Mapping[str, Any], content: DecisionContent | None) -> None:
    """The card: prompt and answers, and the comparison when there are two answers or more."""
    with cards.card(
        "What was said",
        "Shown as plain text, exactly as it was kept",
        key="content",
        help="Kept as far as the policy's content setting says: off, hash, redacted or full.",
    ):
        if content is None:
            components.untrusted(NOT_KEPT if visitor().operates else NOT_FOR_VIEWERS, muted=True)
            return
        components.chips({"content": content.mode})
        for turn in content.prompt:
            components.said(turn.role or "prompt", turn.text)
        if not content.prompt:
            components.said("prompt", f"only its SHA-256 is kept: {content.sha256 or 'unknown'}")
        readable = [answer for answer in content.answers if answer.turns]
        outcomes = {branch["index"]: str(branch["outcome"]) for branch in document["branches"]}
        compared = _compared(readable, outcomes) if len(readable) > 1 else ()
        for answer in content.answers:
            if answer in compared:
                continue
            components.said(_who(answer, outcomes), text_of(answer) or f"only its SHA-256 is kept: {answer.sha256}")


def text_of(answer: Answer) -> str:
    """What a branch said, as one text."""
    return "\n\n".join(turn.text for turn in answer.turns)


def side_by_side(left: str, right: str) -> tuple[str, str, str]:
    """Both texts as HTML that holds nothing but escaped text and ``mark``, and in a sentence how alike they are.

    They are unmarked when marks would say nothing.
    """
    found = text_diff.compare(left, right)
    told = _told(left, right, found)
    if found is None or _unlike(found):
        return plain.html(left), plain.html(right), told
    return _marked(found.left), _marked(found.right), told


def _told(left: str, right: str, found: Comparison | None) -> str:
    if found is None:
        return f"They are shown without marks: one has more than {units.count(MOST_WORDS)} words."
    if left == right:
        return "They are the same, letter by letter."
    first, second = found.words
    if found.same == 0 < max(found.words):
        return "They have no word in common."
    if _unlike(found):
        return f"They have {units.plural(found.same, 'word')} in common, in this order: too few to mark what differs."
    if found.same == first == second:
        return "They have the same words; spaces or line breaks differ."
    return (
        f"{units.plural(found.same, 'word')} in common, in this order, of {units.count(first)} on the left and "
        f"{units.count(second)} on the right. What only one of them has is underlined."
    )


def _unlike(found: Comparison) -> bool:
    return found.same < ALIKE * max(found.words)


def pair(
    answers: Sequence[Answer], outcomes: Mapping[int, str], left: str | None, right: str | None
) -> tuple[int, int]:
    """Places of the two answers to compare: those that the address names, or the first that was not used and the one
    that was.
    """
    places = {str(answer.branch_index + 1): place for place, answer in enumerate(answers)}
    used = next(
        (place for place, one in enumerate(answers) if outcomes.get(one.branch_index) == "accepted"), len(answers) - 1
    )
    second = places.get(right or "", used)
    first = places.get(left or "", next(place for place in range(len(answers)) if place != second))
    return first, second


def _compared(answers: Sequence[Answer], outcomes: Mapping[int, str]) -> tuple[Answer, Answer]:
    """Draw two answers beside each other; which ones."""
    components.subtitle("Answers side by side")
    first, second = pair(answers, outcomes, st.query_params.get(LEFT), st.query_params.get(RIGHT))
    if len(answers) > 2:
        with st.container(horizontal=True, key="sides-chosen", gap="small"):
            _choose(LEFT, "Left", answers, outcomes, first)
            _choose(RIGHT, "Right", answers, outcomes, second)
    left, right = text_of(answers[first]), text_of(answers[second])
    first_html, second_html, told = side_by_side(left, right)
    columns = "".join(
        f'<div class="rs-side rs-{name}"><div class="rs-sub">{plain.html(_who(answers[place], outcomes))}</div>'
        f'<pre class="rs-plain">{body}</pre></div>'
        for name, place, body in ((LEFT, first, first_html), (RIGHT, second, second_html))
    )
    st.html(f'{STYLE}<div class="rs-sides">{columns}</div><div class="rs-sub rs-inner">{plain.html(told)}</div>')
    return answers[first], answers[second]


def _choose(name: str, label: str, answers: Sequence[Answer], outcomes: Mapping[int, str], held: int) -> None:
    """A list to choose from, which follows the address, as the address follows it."""
    key = f"compare-{name}"
    st.session_state[key] = held
    st.selectbox(
        label,
        range(len(answers)),
        key=key,
        format_func=lambda place: plain.visible(_who(answers[place], outcomes), 80),
        on_change=_tell_address,
        args=(name, key, tuple(one.branch_index for one in answers)),
    )


def _tell_address(name: str, key: str, indexes: tuple[int, ...]) -> None:
    st.query_params[name] = str(indexes[st.session_state[key]] + 1)


def _who(answer: Answer, outcomes: Mapping[int, str]) -> str:
    outcome = outcomes.get(answer.branch_index)
    return f"branch {answer.branch_index + 1}, {answer.model}" + (f", {outcome}" if outcome else "")


def _marked(pieces: Iterable[Piece]) -> str:
    return "".join(
        f"<mark>{plain.html(piece.text)}</mark>" if piece.only else plain.html(piece.text) for piece in pieces
    )
