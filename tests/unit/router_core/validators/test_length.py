"""The length validator."""

import pytest

from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer
from router_core.validators.length import Length

REQUEST = RouteRequest.from_prompt("one two three four five six seven eight nine ten")


def score(text, finish="stop", **bounds):
    return Length("length", 0.5, **bounds).score(CompleteAnswer(text, finish, "small"), (), REQUEST)


def test_an_answer_within_bounds_scores_one():
    assert score("two words", min_words=2, max_words=2).value == 1.0


def test_an_answer_that_was_cut_off_scores_nothing_however_good():
    cut = score("a fine answer", finish="length")
    assert (cut.value, cut.reason) == (0.0, "The answer was cut off: it reached its limit of tokens.")


def test_too_short_falls_off_with_the_share_that_is_there():
    assert score("one", min_words=4).value == 0.25


def test_too_long_falls_off_with_the_share_that_was_allowed():
    assert score("a " * 40, max_words=10).value == 0.25
    assert score("a " * 10, max_ratio=0.5).value == 0.5


def test_the_tighter_of_two_bounds_is_named():
    assert (
        score("a " * 9, max_words=8, max_ratio=0.5).reason
        == "The answer has 9 words, more than 0.5 times the prompt's 10."
    )
    assert score("a " * 9, max_words=4, max_ratio=0.5).reason == "The answer has 9 words, more than the 4 allowed."


@pytest.mark.parametrize("finish", ["stop", None, "tool_calls"])
def test_an_empty_answer_has_no_words(finish):
    assert score("", finish=finish).value == 0.0


def test_a_bound_of_no_words_takes_an_empty_answer():
    assert score("", min_words=0).value == 1.0
