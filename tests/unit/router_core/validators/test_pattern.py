"""The regex and contains validators."""

import pytest

from router_core.patterns import InvalidPattern
from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer
from router_core.validators.pattern import Contains, Regex

REQUEST = RouteRequest.from_prompt("Tell me.")


def score(validator, text):
    return validator.score(CompleteAnswer(text, "stop", "small"), (), REQUEST)


def test_the_score_is_the_share_of_patterns_that_hold():
    validator = Regex("form", 1.0, must_match=[r"^Dear ", r"\d{4}"], must_not_match=["(?i)as an ai", "TODO"])
    assert score(validator, "Dear Anna, in 2026 all is well.").value == 1.0
    assert score(validator, "Dear Anna, TODO").value == 0.5
    assert score(validator, "Hello").value == 0.5


def test_faults_are_told_in_the_policys_words_and_never_in_the_answers():
    validator = Regex("form", 1.0, must_match=[r"\d{4}"], must_not_match=["secret \\w+"])
    found = score(validator, "secret zanzibar")
    assert found.reason == ("The answer does not match '\\\\d{4}'; it matches 'secret \\\\w+', which it must not.")
    assert "zanzibar" not in found.reason


def test_of_many_faults_three_are_told():
    found = score(Contains("words", 1.0, must_contain=list("abcde")), "x")
    assert (found.value, found.reason.count("does not contain")) == (0.0, 3)
    assert found.reason.endswith("and 2 more.")


def test_capital_letters_count_unless_the_policy_says_otherwise():
    for ignore, value in ((False, 0.0), (True, 1.0)):
        assert score(Regex("r", 1.0, must_match=["sources:"], ignore_case=ignore), "SOURCES: none").value == value
        assert score(Contains("c", 1.0, must_contain=["straße"], ignore_case=ignore), "STRASSE").value == value


def test_plain_texts_must_stand_in_the_answer_or_must_not():
    validator = Contains("words", 1.0, must_contain=["[1]"], must_not_contain=["(a+)+"])
    assert score(validator, "So it is [1].").value == 1.0
    assert score(validator, "So it is [1], (a+)+.").value == 0.5


def test_a_pattern_that_would_need_backtracking_is_refused_when_it_is_made():
    with pytest.raises(InvalidPattern):
        Regex("r", 1.0, must_match=[r"(a)\1"])


@pytest.mark.timeout(30)  # a backtracking engine would not come back
def test_a_hostile_answer_does_not_make_a_careless_pattern_hang():
    validator = Regex("r", 1.0, must_match=["^(a+)+$", "^(a|aa)*b$", "(.*)*x"])
    assert score(validator, "a" * 1_000_000 + "!").value == 0.0


def test_a_lone_surrogate_is_no_fault_of_the_pattern():
    assert score(Regex("r", 1.0, must_match=["b"]), "\ud800 b").value == 1.0
