"""The cheapest model first, within a quality floor."""

from __future__ import annotations

from router_core.strategies.cost import Cost
from router_core.strategies.floor import Floor
from tests.prospects import order, prospect, situation

TIERS = frozenset({"small", "large"})


def test_the_cheapest_for_this_request_comes_first() -> None:
    models = [prospect("huge", "large", usd="0.02"), prospect("tiny", usd="0.001"), prospect("mid", usd="0.01")]
    plan = Cost(Floor(TIERS, None)).plan(situation(), models, 0.5)
    assert order(plan) == ["tiny", "mid", "huge"]
    assert plan.reason.startswith("the cheapest first: tiny ($0.001000 expected) then mid")


def test_an_unknown_price_is_not_taken_for_a_low_one() -> None:
    models = [prospect("mystery"), prospect("huge", "large", usd="0.02")]
    plan = Cost(Floor(TIERS, None)).plan(situation(), models, 0.5)
    assert order(plan) == ["huge", "mystery"]
    assert "mystery (price unknown)" in plan.reason


def test_a_cheap_model_below_the_floor_is_left_out_with_both_figures() -> None:
    models = [prospect("tiny", usd="0.001", quality=0.4), prospect("huge", "large", usd="0.02", quality=0.9)]
    plan = Cost(Floor(TIERS, 0.7)).plan(situation(), models, 0.5)
    assert order(plan) == ["huge"]
    assert plan.left_out["tiny"] == "its stated quality is 0.40, the route asks for 0.70"


def test_a_quality_that_nobody_stated_does_not_reach_a_floor() -> None:
    plan = Cost(Floor(TIERS, 0.7)).plan(situation(), [prospect("tiny", usd="0.001")], 0.5)
    assert not plan.models
    assert plan.left_out["tiny"] == "its quality is not stated, and the route asks for 0.70"


def test_a_model_known_to_miss_the_latency_target_comes_last() -> None:
    models = [prospect("slow", usd="0.001", p95=3000), prospect("quick", usd="0.01", p95=300)]
    strategy = Cost(Floor(TIERS, None))
    assert order(strategy.plan(situation(), models, 0.5)) == ["slow", "quick"]
    plan = strategy.plan(situation(latency_target_ms=500), models, 0.5)
    assert order(plan) == ["quick", "slow"]
    assert "slow would take longer than the 500 ms" in plan.reason


def test_a_model_whose_latency_is_unknown_is_not_taken_for_slow() -> None:
    models = [prospect("fresh", usd="0.001"), prospect("quick", usd="0.01", p95=300)]
    plan = Cost(Floor(TIERS, None)).plan(situation(latency_target_ms=500), models, 0.5)
    assert order(plan) == ["fresh", "quick"]
