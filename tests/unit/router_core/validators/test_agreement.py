"""The agreement validator."""

from router_core.request import RouteRequest
from router_core.validators.agreement import Agreement
from router_core.validators.base import Asked, CompleteAnswer

REQUEST = RouteRequest.from_prompt("How much is it?")


def score(text, *others, wanted="auto"):
    asked = [
        Asked(f"probe-{number}", CompleteAnswer(other, "stop", f"probe-{number}"))
        if isinstance(other, str)
        else Asked(f"probe-{number}", None, other[0])
        for number, other in enumerate(others, start=1)
    ]
    validator = Agreement("agreement", 0.5, ("probe-1", "probe-2"), wanted)
    return validator.score(CompleteAnswer(text, "stop", "small"), asked, REQUEST)


def test_the_score_is_the_share_of_others_that_say_the_same():
    assert score("It is 1,234.50.", "1234.5", "1,234.50 EUR").value == 1.0
    assert score("It is 42.", "42", "41").value == 0.5
    assert score("It is 42.", "40", "41").value == 0.0


def test_without_another_answer_nothing_agrees():
    assert score("42") == score("43")
    assert (score("42").value, score("42").reason) == (0.0, "No other model gave an answer to compare with.")


def test_an_answer_without_what_is_compared_scores_nothing():
    assert score("no idea", "42", wanted="number").reason == "The answer does not hold a number that could be compared."


def test_the_reason_names_models_and_repeats_nothing_of_the_answers():
    found = score("zanzibar", "zanzibar", "lamu")
    assert found.reason == "1 of 2 other answers says the same (probe-1)."
    assert score("zanzibar", "lamu").reason == "None of 1 other answers says the same (probe-1)."


def test_who_could_not_be_asked_is_named_with_the_reason_and_does_not_count_against_the_answer():
    found = score("42", "42", ("it is cloud, the rule asks for local",))
    assert found.value == 1.0
    assert found.reason == (
        "1 of 1 other answers says the same (probe-1); probe-2 gave none: it is cloud, the rule asks for local."
    )


def test_when_nobody_could_be_asked_the_score_is_nothing_and_says_why():
    found = score("42", ("it failed (timeout)",))
    assert found.value == 0.0
    assert found.reason == ("No other model gave an answer to compare with; probe-1 gave none: it failed (timeout).")


def test_it_asks_each_of_its_models_the_same_but_never_the_one_that_answered():
    asks = Agreement("agreement", 0.5, ("a", "b")).asks(CompleteAnswer("42", "stop", "a"), REQUEST)
    assert [(ask.kind, ask.model, ask.messages, ask.temperature) for ask in asks] == [("probe", "b", None, None)]
