"""Which model comes next."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from router_core.errors import ContentFiltered, ContextTooLong, ProviderError, ProviderTimeout, UpstreamFailure
from router_core.escalation import after_failure, after_rejection
from router_core.policy.schema import CascadeStrategy, Model, Route
from router_core.strategies.base import Plan, PlannedModel

A, B = PlannedModel("a", "small", 1.0, 1.0), PlannedModel("b", "small", 1.0, 0.0)
C = PlannedModel("c", "large", 0.5, 0.0)
PLAN = Plan((A, B, C), {}, "as planned")
ROUTE = Route(strategy=CascadeStrategy(kind="cascade", tiers=("small", "large")))
BROKEN = UpstreamFailure("a answered 500")
TOO_LONG = ContextTooLong("the prompt does not fit a")
FILTERED = ContentFiltered("a's safety filter stopped it")


def model(fallback: str | None = None, tier: str = "small", window: int = 8_192) -> Model:
    keys = {"tier": tier, "location": "local", "fallback": fallback, "context_window": window}
    return Model.model_validate({"provider": {"kind": "scripted"}, **keys})


def route(**keys: object) -> Route:
    return ROUTE.model_validate({**ROUTE.model_dump(), **keys})


MODELS = {"a": model(), "b": model(), "c": model(tier="large"), "z": model(tier="large")}
ALL = ("a", "b", "c", "z")


def after(
    error: ProviderError,
    tried: Collection[str] = ("a",),
    models: Mapping[str, Model] = MODELS,
    eligible: Collection[str] = ("a", "b", "c"),
    by: Route = ROUTE,
) -> PlannedModel | None:
    return after_failure(PLAN, A, tried, models, eligible, error, by)


def name_after(
    error: ProviderError,
    tried: Collection[str] = ("a",),
    models: Mapping[str, Model] = MODELS,
    eligible: Collection[str] = ("a", "b", "c"),
    by: Route = ROUTE,
) -> str | None:
    place = after(error, tried, models, eligible, by)
    return None if place is None else place.model


# --- after a low score ----------------------------------------------------------------------------------------------


def test_a_low_score_goes_up_a_tier_not_sideways() -> None:
    assert after_rejection(PLAN, A, {"a"}) == C


def test_a_low_score_at_the_top_has_nowhere_to_go() -> None:
    assert after_rejection(PLAN, C, {"a", "c"}) is None


# --- after any failure ----------------------------------------------------------------------------------------------


def test_a_failure_goes_sideways_first() -> None:
    assert after(BROKEN) == B


def test_a_failure_without_an_error_of_ours_goes_on_like_any_other() -> None:
    assert after_failure(PLAN, A, {"a"}, MODELS, {"a", "b", "c"}) == B


def test_a_models_own_fallback_goes_first() -> None:
    assert after(BROKEN, models={**MODELS, "a": model("c")}) == C


def test_a_fallback_outside_of_the_plan_keeps_the_failed_models_rank() -> None:
    models = {**MODELS, "a": model("z")}
    assert after(BROKEN, models=models, eligible=ALL) == PlannedModel("z", "large", 1.0, 0.0)


@pytest.mark.parametrize("error", [BROKEN, ProviderTimeout("slow"), FILTERED])
def test_a_fallback_that_is_excluded_or_tried_is_passed_over(error: ProviderError) -> None:
    models = {**MODELS, "a": model("z")}
    assert after(error, models=models) == B
    assert after(error, tried={"a", "z"}, models=models, eligible=ALL) == B


def test_a_chain_of_fallbacks_is_followed_past_those_that_are_out() -> None:
    models = {**MODELS, "a": model("z"), "z": model("c", tier="large")}
    assert after(BROKEN, models=models) == C
    assert after(BROKEN, tried={"a", "z"}, models=models, eligible=ALL) == C


def test_a_chain_that_leaves_the_route_ends_there() -> None:
    assert after(BROKEN, models={**MODELS, "a": model("elsewhere")}) == B


def test_when_all_are_tried_there_is_none() -> None:
    assert after(BROKEN, tried={"a", "b", "c"}) is None


# --- after a prompt that was too long -------------------------------------------------------------------------------


def test_a_prompt_too_long_for_one_goes_to_the_next_with_a_larger_window() -> None:
    models = {**MODELS, "c": model(tier="large", window=32_768)}
    assert after(TOO_LONG, models=models) == C


def test_a_prompt_too_long_is_not_sent_to_a_window_of_the_same_size() -> None:
    assert after(TOO_LONG, models={**MODELS, "a": model("b")}) is None


def test_a_larger_window_outside_of_the_plan_is_found_when_the_plan_has_none() -> None:
    models = {**MODELS, "z": model(tier="large", window=32_768)}
    assert after(TOO_LONG, models=models, eligible=ALL) == PlannedModel("z", "large", 1.0, 0.0)
    assert after(TOO_LONG, models=models) is None


def test_a_route_may_say_who_has_the_larger_window() -> None:
    models = {**MODELS, "c": model(tier="large", window=32_768), "z": model(tier="large", window=131_072)}
    assert name_after(TOO_LONG, models=models, eligible=ALL) == "c"
    by = route(larger_context=["b", "z"])
    assert name_after(TOO_LONG, models=models, eligible=ALL, by=by) == "z"
    assert name_after(TOO_LONG, tried={"a", "z"}, models=models, eligible=ALL, by=by) == "c"


# --- after a safety filter ------------------------------------------------------------------------------------------


def test_an_answer_that_a_filter_stopped_goes_to_the_routes_safety_model() -> None:
    assert name_after(FILTERED, eligible=ALL, by=route(safety_model="z")) == "z"
    assert after(FILTERED, by=route(safety_model="c")) == C


def test_a_safety_model_is_asked_after_filters_only() -> None:
    assert name_after(BROKEN, eligible=ALL, by=route(safety_model="z")) == "b"


def test_a_safety_model_that_a_rule_took_out_is_not_asked() -> None:
    assert name_after(FILTERED, by=route(safety_model="z")) == "b"


def test_without_a_safety_model_a_filter_is_a_failure_like_others() -> None:
    assert name_after(FILTERED) == "b"
    assert name_after(FILTERED, models={**MODELS, "a": model("c")}) == "c"
