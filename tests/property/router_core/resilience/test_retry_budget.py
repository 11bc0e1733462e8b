"""Whatever the traffic: no more retries than the share of the requests, and a minimum for quiet windows."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from router_core.clock import ManualClock
from router_core.policy.schema import RetryEntry
from router_core.resilience.retry_budget import RetryBudget
from router_core.resilience.window import BUCKETS

START = datetime(2026, 11, 23, tzinfo=UTC)

traffic = st.lists(st.tuples(st.floats(0, 20), st.integers(0, 40), st.integers(0, 40)), max_size=60)
"""Seconds that pass, requests that begin, retries that are wanted."""


@given(traffic, st.floats(0, 1), st.integers(0, 5), st.floats(1, 60))
def test_every_window_that_ends_with_a_retry_keeps_the_bound(
    steps: list[tuple[float, int, int]], share: float, minimum: int, window_s: float
) -> None:
    clock = ManualClock(START)
    budget = RetryBudget(clock, RetryEntry(budget=share, budget_min=minimum, budget_window_s=window_s))
    width = round(window_s * 1e9 / BUCKETS)
    begun: list[int] = []
    retried: list[int] = []
    for seconds, requests, wanted in steps:
        clock.advance(seconds)
        bucket = clock.monotonic_ns() // width
        for _ in range(requests):
            budget.request()
            begun.append(bucket)
        for _ in range(wanted):
            left = budget.left
            taken = budget.take()
            assert taken == (left > 0)
            if taken:
                retried.append(bucket)
                assert budget.left == left - 1
    for end in set(retried):
        in_window = range(end - BUCKETS + 1, end + 1)
        retries = sum(bucket in in_window for bucket in retried)
        requests = sum(bucket in in_window for bucket in begun)
        assert retries <= max(minimum, share * requests + 1e-6)


@given(st.lists(st.floats(0, 0.5), min_size=100, max_size=200))
def test_under_full_outage_and_traffic_the_upstream_gets_at_most_a_fifth_more(gaps: list[float]) -> None:
    """At least 2 requests a second, so that no window is too quiet for the share to count but the first, half a one."""
    clock, entry = ManualClock(START), RetryEntry()
    budget, hits = RetryBudget(clock, entry), 0
    for gap in gaps:
        clock.advance(gap)
        budget.request()
        hits += 1 + budget.take()
    assert hits <= 1.2 * len(gaps) + entry.budget_min
