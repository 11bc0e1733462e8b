"""How many retries an outage gets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from router_core.clock import ManualClock
from router_core.policy.schema import RetryEntry
from router_core.resilience.retry_budget import RetryBudget


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, tzinfo=UTC))


def test_a_lone_request_may_be_retried_once(clock: ManualClock) -> None:
    budget = RetryBudget(clock, RetryEntry())
    budget.request()
    assert budget.take()
    assert not budget.take()


def test_of_a_hundred_requests_twenty_are_retried(clock: ManualClock) -> None:
    budget = RetryBudget(clock, RetryEntry())
    for _ in range(100):
        budget.request()
    assert budget.left == 20
    assert sum(budget.take() for _ in range(100)) == 20


@pytest.mark.parametrize("requests", [5, 7, 50, 1_000])
def test_under_full_outage_the_upstream_gets_at_most_a_fifth_more_than_the_requests(
    clock: ManualClock, requests: int
) -> None:
    budget, hits = RetryBudget(clock, RetryEntry()), 0
    for _ in range(requests):
        budget.request()
        hits += 1 + budget.take()
        clock.advance(0.1)
    assert hits <= 1.2 * requests
    assert hits > requests


def test_the_minimum_comes_back_after_a_window(clock: ManualClock) -> None:
    budget = RetryBudget(clock, RetryEntry(budget_window_s=30))
    assert budget.take()
    clock.advance(28)
    assert not budget.take()
    clock.advance(2)
    assert budget.take()


def test_without_share_and_minimum_there_are_no_retries(clock: ManualClock) -> None:
    budget = RetryBudget(clock, RetryEntry(budget=0, budget_min=0))
    for _ in range(100):
        budget.request()
    assert not budget.take()
