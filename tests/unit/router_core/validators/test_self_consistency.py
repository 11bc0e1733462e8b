"""The self-consistency validator."""

from router_core.request import RouteRequest
from router_core.validators.base import Asked, CompleteAnswer
from router_core.validators.self_consistency import SelfConsistency

REQUEST = RouteRequest.from_prompt("How much is it?")
ANSWER = CompleteAnswer("It is 42.", "stop", "small")


def score(*others):
    asked = [
        Asked("small", CompleteAnswer(other, "stop", "small"))
        if isinstance(other, str)
        else Asked("small", None, "cap")
        for other in others
    ]
    return SelfConsistency("again", 0.5, samples=len(others)).score(ANSWER, asked, REQUEST)


def test_the_same_model_is_asked_again_so_many_times_at_a_temperature_and_each_sample_differs():
    asks = SelfConsistency("again", 0.5, samples=3, temperature=0.9).asks(ANSWER, REQUEST)
    assert [(ask.kind, ask.model, ask.temperature, ask.sample) for ask in asks] == [
        ("probe", "small", 0.9, 1),
        ("probe", "small", 0.9, 2),
        ("probe", "small", 0.9, 3),
    ]


def test_the_score_is_the_share_of_further_answers_that_say_the_same():
    assert score("42", "42.0", "41").value == 2 / 3
    assert score("42", "42.0", "41").reason == "2 of 3 further answers of small say the same."
    assert score("40", "41").reason == "None of 2 further answers of small says the same."


def test_samples_that_were_not_made_are_told_and_do_not_count():
    found = score("42", None, None)
    assert (found.value, found.reason) == (
        1.0,
        "1 of 1 further answers of small says the same; small gave none 2 times: cap.",
    )
    assert score(None).value == 0.0
