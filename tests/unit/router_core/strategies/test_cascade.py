"""Weakest tier first."""

from __future__ import annotations

from router_core.strategies.cascade import Cascade
from router_core.strategies.standby import Standby
from tests.prospects import order, prospect, situation

MODELS = [prospect("huge", "large"), prospect("tiny"), prospect("twin")]


def test_the_weakest_tier_comes_first_and_within_a_tier_the_policys_order_holds() -> None:
    plan = Cascade(("small", "large")).plan(situation(), MODELS, 0.5)
    assert order(plan) == ["tiny", "twin", "huge"]
    assert [place.score for place in plan.models] == [1.0, 1.0, 0.5]
    assert plan.reason == "route chat tries tier small then large"


def test_only_the_first_can_be_first() -> None:
    plan = Cascade(("small", "large")).plan(situation(), MODELS, 0.99)
    assert [place.propensity for place in plan.models] == [1.0, 0.0, 0.0]


def test_a_model_of_another_tier_is_left_out_with_its_reason() -> None:
    plan = Cascade(("large",), "intent math").plan(situation(), MODELS, 0.5)
    assert order(plan) == ["huge"]
    assert plan.left_out["tiny"] == "intent math uses tier large only; this model is in small"


def test_standby_tiers_are_asked_only_when_nobody_wanted_is_there() -> None:
    strategy = Standby(Cascade(("large",)), ("small",))
    assert order(strategy.plan(situation(), MODELS, 0.5)) == ["huge"]
    plan = strategy.plan(situation(), MODELS[1:], 0.5)
    assert order(plan) == ["tiny", "twin"]
    assert plan.reason == "no model that is wanted may be called, so tier small stands in"


def test_a_standby_without_models_leaves_the_plan_empty() -> None:
    assert not Standby(Cascade(("large",)), ("medium",)).plan(situation(), MODELS[1:], 0.5).models
