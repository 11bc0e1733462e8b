"""Headers of answers: short, printable, and without a word of what was asked or answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateway.headers import AGE, COST, DECISION_ID, LONGEST, MODEL, REASON, Course, header_value, of_decision
from router_core.events import Answered, BranchStarted, Escalated, Planned, SignalsRead
from router_core.result import Earlier
from tests.scripted_gateway import decision, signals


def test_a_whole_answer_tells_who_why_and_what_it_cost() -> None:
    made = decision()
    assert of_decision(made) == {
        DECISION_ID: made.decision_id,
        MODEL: "big",
        REASON: "cascade: after escalation",
        COST: "0.000008000",
    }


def test_what_a_validator_said_of_an_answer_is_in_no_header() -> None:
    made = decision(reason="big answered after tiny scored low (secret answer)")
    assert "secret" not in str(of_decision(made))


def test_an_unknown_cost_is_left_out() -> None:
    assert COST not in of_decision(decision(cost_usd=None))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"escalated": False}, "cascade: first choice"),
        ({"escalated": False, "fell_back": True}, "cascade: after fallback"),
        ({"fell_back": True}, "cascade: after escalation and fallback"),
        ({"chosen_kind": "tool"}, "tool"),
        ({"chosen_kind": "cache"}, "cache"),
    ],
    ids=["first", "fallback", "both", "tool", "cache"],
)
def test_the_reason_is_one_of_a_few(fields: dict[str, object], words: str) -> None:
    assert of_decision(decision(**fields))[REASON] == words


def test_a_stream_tells_what_came_before_its_first_token() -> None:
    course = Course()
    course.note(SignalsRead("d-1", "chat", signals()))
    course.note(Planned("cascade", (), "small tier first"))
    course.note(BranchStarted(0, "model", "tiny", "first of its tier", False, 2.0))
    course.note(Escalated("fallback", "tiny", "big", "tiny failed"))
    course.note(BranchStarted(1, "model", "big", "tiny failed", True, 9.0))
    assert course.headers() == {DECISION_ID: "d-1", MODEL: "big", REASON: "cascade: after fallback"}


def test_a_tool_s_answer_streams_with_the_tool_for_its_reason() -> None:
    course = Course()
    course.note(Answered("42", "calculator", "tool", "stop", False))
    assert (course.headers()[MODEL], course.headers()[REASON]) == ("calculator", "tool")


def test_an_answer_of_the_cache_names_who_gave_it_and_how_old_it_is() -> None:
    earlier = Earlier("tiny", "d-1", 61.9)
    course = Course()
    course.note(Answered("42", "cache", "cache", "stop", True, earlier=earlier))
    whole = of_decision(decision(chosen="cache", chosen_kind="cache"), earlier)
    for headers in (course.headers(), whole):
        assert (headers[MODEL], headers[AGE], headers[REASON]) == ("tiny", "61", "cache")


@given(st.text())
def test_a_header_is_one_short_printable_line(text: str) -> None:
    value = header_value(text)
    assert len(value) <= LONGEST
    assert all(" " <= char <= "~" for char in value)
