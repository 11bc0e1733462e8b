"""A run that is not what the form says now is told as what was asked before."""

from __future__ import annotations

from app.dashboard.gateway_client import Question
from app.panels.playground.asked_before import told
from app.panels.playground.compose import Composed

SENT = Question("What is six times seven?", route="chat")


def form(prompt: str = SENT.prompt, route: str | None = "chat", models: tuple[str, ...] = ()) -> Composed:
    return Composed(Question(prompt, route=route), models, keep=False, order=None)


def test_nothing_is_said_while_the_form_is_as_it_was_sent() -> None:
    assert told(form(), [SENT]) is None
    assert told(form(prompt=""), [SENT]) is None
    pair = [Question("Hi", route="tiny"), Question("Hi", route="big")]
    assert told(form("Hi", None, ("tiny", "big")), pair) is None


def test_a_form_that_says_something_else_names_what_was_asked_before() -> None:
    for other, what in (
        (form("And eight?"), "another prompt"),
        (form(route="quick"), "another route"),
        (form(route=None, models=("tiny", "big")), "another choice of models"),
    ):
        said = told(other, [SENT])
        assert said == f"The form has {what} now. Below is what was asked before, of chat: What is six times seven?"
