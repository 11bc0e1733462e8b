"""Calls that cannot be made score 0, and say why without repeating what was said."""

from __future__ import annotations

from typing import Any

import pytest

from router_core.functions import Function, FunctionCall, FunctionChoice, TheFunction
from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer, Score
from router_core.validators.functions import Functions

DAYS = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
WEATHER = Function("weather", None, DAYS)
TIME = Function("time")


def score(*calls: tuple[str, str], choice: FunctionChoice | None = None, offered: Any = (WEATHER, TIME)) -> Score:
    request = RouteRequest.from_prompt("Will it rain?", functions=offered, function_choice=choice)
    made = tuple(FunctionCall("id", name, arguments) for name, arguments in calls)
    return Functions().score(CompleteAnswer("", "tool_calls", "small", calls=made), (), request)


def test_calls_that_can_be_made_pass():
    assert score(("weather", '{"days": 2}')) == Score(1.0, "The call can be made.")
    assert score(("weather", '{"days": 2}'), ("time", "")) == Score(1.0, "All 2 calls can be made.")
    assert score(("time", "{}"), choice=TheFunction("time")).value == 1


def test_an_answer_in_words_passes_unless_a_call_had_to_be_made():
    assert score().value == score(choice="auto").value == score(choice="none").value == 1
    assert score(choice="required").value == score(choice=TheFunction("time")).value == 0


@pytest.mark.parametrize(
    ("call", "choice", "why"),
    [
        (("hack", "{}"), None, "it names a function that was not offered"),
        (("time", "{}"), TheFunction("weather"), "it names a function that was not offered"),
        (("time", "{}"), "none", "No function was to be called"),
        (("time", "{now"), None, "its arguments are not JSON"),
        (("time", "[1]"), None, "its arguments are not a JSON object"),
        (("weather", "{}"), None, "in its arguments"),
        (("weather", '{"days": "anna@example.org"}'), None, "in its arguments"),
    ],
    ids=["unknown", "another", "none", "broken", "list", "missing", "type"],
)
def test_a_call_that_cannot_be_made_fails(call: tuple[str, str], choice: FunctionChoice | None, why: str):
    found = score(call, choice=choice)
    assert found.value == 0
    assert why in found.reason
    assert "anna@example.org" not in found.reason


def test_a_schema_that_nobody_can_use_is_no_fault_of_the_model():
    assert score(("odd", "{}"), offered=(Function("odd", None, {"type": "no such type"}),)).value == 1
