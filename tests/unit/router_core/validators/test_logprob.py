"""The log-probability validator."""

import math

import pytest

from router_core.request import RouteRequest
from router_core.validators.base import CompleteAnswer
from router_core.validators.logprob import Logprob

REQUEST = RouteRequest.from_prompt("Tell me.")


def score(mean, **settings):
    return Logprob("sure", 0.8, **settings).score(CompleteAnswer("42", "stop", "small", mean), (), REQUEST)


def test_the_score_is_the_geometric_mean_of_the_tokens_probabilities():
    assert score(math.log(0.5)).value == pytest.approx(0.5)
    assert score(0.0).value == 1.0
    assert score(-100.0).value < 1e-40


def test_a_model_that_states_none_makes_it_unknown_and_the_policy_decides():
    assert (score(None).value, score(None).passes_unknown) == (None, False)
    assert score(None, passes_unknown=True).passes_unknown
    assert score(None).reason == "small states no log-probabilities."
