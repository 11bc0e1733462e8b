"""The agreement validator."""

from router_core.request import RouteRequest
from router_core.validators.agreement import Agreement
from router_core.validators.base import CompleteAnswer

REQUEST = RouteRequest.from_prompt("How much is it?")


def score(text, *siblings, wanted="auto"):
    others = [CompleteAnswer(sibling, "stop", f"probe-{number}") for number, sibling in enumerate(siblings, start=1)]
    return Agreement("agreement", 0.5, ("probe-1", "probe-2"), wanted).score(
        CompleteAnswer(text, "stop", "small"), others, REQUEST
    )


def test_the_score_is_the_share_of_siblings_that_say_the_same():
    assert score("It is 1,234.50.", "1234.5", "1,234.50 EUR").value == 1.0
    assert score("It is 42.", "42", "41").value == 0.5
    assert score("It is 42.", "40", "41").value == 0.0


def test_without_siblings_nothing_agrees():
    assert score("42") == score("43")
    assert (score("42").value, score("42").reason) == (0.0, "No other model gave an answer to compare with.")


def test_an_answer_without_what_is_compared_scores_nothing():
    assert score("no idea", "42", wanted="number").reason == "The answer does not hold a number that could be compared."


def test_the_reason_names_models_and_repeats_nothing_of_the_answers():
    found = score("zanzibar", "zanzibar", "lamu")
    assert found.reason == "1 of 2 other answers says the same (probe-1)."
    assert score("zanzibar", "lamu").reason == "None of 1 other answers says the same (probe-1)."


def test_it_names_the_models_that_it_wants_asked():
    assert Agreement("agreement", 0.5, ("a", "b")).probes == ("a", "b")
