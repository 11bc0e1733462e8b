"""A prompt can be asked again only when it was kept, and the command sends exactly it."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dashboard.gateway_client import Question
from app.panels.decision.ask_again import FOREIGN, NOT_KEPT, PLACE, asked_for, curl, question_of
from telemetry.query.decision import DecisionContent, Turn

URL = "http://127.0.0.1:4000"
DOCUMENT: dict[str, Any] = {
    "decision_id": "d",
    "policy_version": "v1",
    "route": "chat",
    "risk": "high",
    "data_class": "internal",
}
HELLO = (Turn("system", "Be brief."), Turn("user", "Hello"))


def content(*turns: Turn) -> DecisionContent:
    return DecisionContent("full", turns, None, ())


def sent(command: str) -> tuple[list[str], dict[str, Any]]:
    words = shlex.split(command.replace("\\\n", " "))
    return words, json.loads(words[words.index("--data-raw") + 1])


def test_a_request_is_made_again_with_what_was_known_of_it() -> None:
    assert question_of(DOCUMENT, content(*HELLO)) == Question(
        "Hello", route="chat", risk="high", data_class="internal", turns=(("system", "Be brief."),)
    )


@pytest.mark.parametrize(
    ("document", "kept", "why"),
    [
        (DOCUMENT, None, NOT_KEPT),
        (DOCUMENT, DecisionContent("hash", (), "00", ()), NOT_KEPT),
        (DOCUMENT | {"policy_version": "", "route": "otlp/x"}, content(*HELLO), FOREIGN),
        (DOCUMENT, content(Turn("user", "Hello"), Turn("assistant", "Hi")), "does not end with a user's turn"),
        (DOCUMENT, content(Turn("", "no messages at all")), "does not end with a user's turn"),
    ],
)
def test_why_it_cannot_is_a_sentence(document: dict[str, Any], kept: DecisionContent | None, why: str) -> None:
    told = question_of(document, kept)
    assert isinstance(told, str) and why in told


@pytest.mark.parametrize(("route", "model"), [("chat", "route/chat"), ("model/small", "small")])
def test_a_route_and_a_model_are_asked_for_by_the_names_that_clients_use(route: str, model: str) -> None:
    assert asked_for({"route": route}) == model


def test_the_command_names_gateway_route_and_context_and_no_key() -> None:
    words, body = sent(curl(DOCUMENT, HELLO, URL + "/"))
    assert words[:2] == ["curl", "http://127.0.0.1:4000/v1/chat/completions"]
    assert body == {
        "model": "route/chat",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
    }
    assert 'x-routescope-context: {"risk": "high"}' in words
    assert "authorization" not in " ".join(words).lower()


def test_what_was_not_kept_leaves_a_place_for_ones_own_words() -> None:
    words, body = sent(curl(DOCUMENT | {"risk": "low"}, (), URL))
    assert body["messages"] == [{"role": "user", "content": PLACE}]
    assert not [word for word in words if word.startswith("x-routescope")]


@given(st.text(), st.text(min_size=1))
def test_no_prompt_gets_out_of_its_quotes_or_moves_the_terminal(prompt: str, route: str) -> None:
    command = curl(DOCUMENT | {"route": route}, (Turn("user", prompt),), URL)
    words, body = sent(command)
    assert body["messages"] == [{"role": "user", "content": prompt}]
    assert len(words) == 8
    assert command.isascii() and "\x1b" not in command and "\x00" not in command
