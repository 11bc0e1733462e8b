"""The fastest model first, within a quality floor."""

from __future__ import annotations

import pytest

from router_core.strategies.floor import Floor
from router_core.strategies.latency import Latency
from tests.prospects import order, prospect, situation

FLOOR = Floor(frozenset({"small", "large"}), None)
SLOW = prospect("slow", p50=900, p95=2000, usd="0.001")
QUICK = prospect("quick", p50=100, p95=400, usd="0.01")
FRESH = prospect("fresh")


def test_the_fastest_by_its_recent_calls_comes_first() -> None:
    plan = Latency(FLOOR, 0.05).plan(situation(), [SLOW, QUICK], 0.5)
    assert order(plan) == ["quick", "slow"]
    assert plan.reason == "the fastest first: quick (median 100 ms) then slow (median 900 ms)"


def test_before_anything_is_known_the_policys_order_holds() -> None:
    assert order(Latency(FLOOR, 0.05).plan(situation(), [FRESH, prospect("other")], 0.01)) == ["fresh", "other"]


def test_a_small_share_of_requests_finds_out_about_an_unknown_model() -> None:
    strategy = Latency(FLOOR, 0.05)
    found_out = strategy.plan(situation(), [SLOW, FRESH], 0.04)
    assert order(found_out) == ["fresh", "slow"]
    assert found_out.reason == "nothing is known yet of how long fresh takes, so this request finds out"
    assert order(strategy.plan(situation(), [SLOW, FRESH], 0.06)) == ["slow", "fresh"]


def test_the_propensities_say_how_likely_each_was_to_be_first() -> None:
    plan = Latency(FLOOR, 0.1).plan(situation(), [SLOW, FRESH, prospect("other")], 0.5)
    assert {place.model: place.propensity for place in plan.models} == {
        "slow": pytest.approx(0.9),
        "fresh": pytest.approx(0.05),
        "other": pytest.approx(0.05),
    }


def test_the_cheapest_that_keeps_the_target_is_preferred_to_the_fastest() -> None:
    thrifty = prospect("thrifty", p50=300, p95=450, usd="0.002")
    plan = Latency(FLOOR, 0.0).plan(situation(latency_target_ms=500), [QUICK, thrifty, SLOW], 0.5)
    assert order(plan) == ["thrifty", "quick", "slow"]
    assert plan.reason.startswith("the cheapest of those that answer within 500 ms 95 times in 100")


def test_a_target_that_nobody_keeps_leaves_the_fastest_and_says_so() -> None:
    plan = Latency(FLOOR, 0.0).plan(situation(latency_target_ms=50), [SLOW, QUICK], 0.5)
    assert order(plan) == ["quick", "slow"]
    assert plan.reason.startswith("no model is known to answer within 50 ms")
