"""A traffic split, by chance or kept together by a key."""

from __future__ import annotations

from collections import Counter

from router_core.strategies.weighted import Weighted
from tests.prospects import order, prospect, situation

MODELS = [prospect("old"), prospect("new"), prospect("bystander")]
SPLIT = {"old": 9.0, "new": 1.0}


def test_each_model_comes_first_for_its_share_of_the_draws() -> None:
    strategy = Weighted(SPLIT, "none")
    first = Counter(order(strategy.plan(situation(), MODELS, draw / 1000))[0] for draw in range(1000))
    assert first == {"old": 900, "new": 100}


def test_the_propensities_are_the_shares_of_the_eligible() -> None:
    plan = Weighted(SPLIT, "none").plan(situation(), MODELS, 0.95)
    assert {place.model: place.propensity for place in plan.models} == {"new": 0.1, "old": 0.9}
    alone = Weighted(SPLIT, "none").plan(situation(), MODELS[1:], 0.0)
    assert [(place.model, place.propensity) for place in alone.models] == [("new", 1.0)]


def test_a_model_without_a_weight_is_left_out() -> None:
    plan = Weighted(SPLIT, "none").plan(situation(), MODELS, 0.5)
    assert plan.left_out == {"bystander": "it has no weight in the route's split"}


def test_a_key_always_goes_to_the_same_model_whatever_the_draw() -> None:
    strategy = Weighted(SPLIT, "key")
    for key in ("ada", "grace", "alan"):
        firsts = {order(strategy.plan(situation(sticky_key=key), MODELS, draw))[0] for draw in (0.0, 0.3, 0.91, 0.99)}
        assert len(firsts) == 1


def test_keys_are_split_as_the_weights_say() -> None:
    strategy = Weighted(SPLIT, "key")
    first = Counter(order(strategy.plan(situation(sticky_key=f"user {n}"), MODELS, 0.5))[0] for n in range(4000))
    assert 0.08 < first["new"] / 4000 < 0.12


def test_when_a_model_goes_only_its_own_keys_move() -> None:
    strategy = Weighted({"a": 1.0, "b": 1.0, "c": 1.0}, "key")
    three, two = [prospect("a"), prospect("b"), prospect("c")], [prospect("a"), prospect("b")]
    for number in range(300):
        asked = situation(sticky_key=f"user {number}")
        before = order(strategy.plan(asked, three, 0.5))[0]
        after = order(strategy.plan(asked, two, 0.5))[0]
        assert after == before or before == "c"


def test_a_request_without_a_key_is_drawn() -> None:
    strategy = Weighted(SPLIT, "key")
    assert order(strategy.plan(situation(), MODELS, 0.95))[0] == "new"


def test_a_tenant_stays_where_it_is() -> None:
    strategy = Weighted({"a": 1.0, "b": 1.0}, "tenant")
    plans = [strategy.plan(situation(tenant="acme"), [prospect("a"), prospect("b")], d) for d in (0.1, 0.9)]
    assert order(plans[0]) == order(plans[1])
    assert "was kept for this tenant" in plans[0].reason
