"""Which model comes next."""

from __future__ import annotations

from router_core.escalation import after_failure, after_rejection
from router_core.policy.schema import Model
from router_core.strategies.base import Plan, PlannedModel

A, B = PlannedModel("a", "small", 1.0, 1.0), PlannedModel("b", "small", 1.0, 0.0)
C = PlannedModel("c", "large", 0.5, 0.0)
PLAN = Plan((A, B, C), {}, "as planned")


def model(fallback: str | None = None, tier: str = "small") -> Model:
    provider = {"kind": "scripted"}
    return Model.model_validate({"provider": provider, "tier": tier, "location": "local", "fallback": fallback})


MODELS = {"a": model(), "b": model(), "c": model(tier="large"), "z": model(tier="large")}


def test_a_low_score_goes_up_a_tier_not_sideways() -> None:
    assert after_rejection(PLAN, A, {"a"}) == C


def test_a_low_score_at_the_top_has_nowhere_to_go() -> None:
    assert after_rejection(PLAN, C, {"a", "c"}) is None


def test_a_failure_goes_sideways_first() -> None:
    assert after_failure(PLAN, A, {"a"}, MODELS, {"a", "b", "c"}) == B


def test_a_models_own_fallback_goes_first() -> None:
    models = {**MODELS, "a": model("c")}
    assert after_failure(PLAN, A, {"a"}, models, {"a", "b", "c"}) == C


def test_a_fallback_outside_of_the_plan_keeps_the_failed_models_rank() -> None:
    models = {**MODELS, "a": model("z")}
    assert after_failure(PLAN, A, {"a"}, models, {"a", "b", "c", "z"}) == PlannedModel("z", "large", 1.0, 0.0)


def test_a_fallback_that_is_excluded_or_tried_is_passed_over() -> None:
    models = {**MODELS, "a": model("z")}
    assert after_failure(PLAN, A, {"a"}, models, {"a", "b", "c"}) == B
    assert after_failure(PLAN, A, {"a", "z"}, models, {"a", "b", "c", "z"}) == B


def test_when_all_are_tried_there_is_none() -> None:
    assert after_failure(PLAN, C, {"a", "b", "c"}, MODELS, {"a", "b", "c"}) is None
