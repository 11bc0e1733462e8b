"""Which failures are tried again, and after how long."""

from __future__ import annotations

import random

import pytest

from router_core.errors import (
    AuthenticationFailed,
    BadUpstreamResponse,
    ContentFiltered,
    ContextTooLong,
    FirstTokenTimeout,
    ModelNotReady,
    ProviderError,
    ProviderFault,
    ProviderTimeout,
    ProviderUnreachable,
    RateLimited,
    UpstreamFailure,
    UpstreamRejected,
)
from router_core.policy.schema import RetryEntry
from router_core.resilience.retry import is_retryable, next_delay

POLICY = RetryEntry()
RNG = random.Random(7)


@pytest.mark.parametrize("kind", [RateLimited, ProviderUnreachable, UpstreamFailure, FirstTokenTimeout])
def test_what_may_pass_is_tried_again(kind: type[ProviderError]) -> None:
    delay = next_delay(kind("failed"), 1, 60, POLICY, RNG)
    assert delay is not None
    assert 0 <= delay <= POLICY.base_s


@pytest.mark.parametrize(
    "kind",
    [
        UpstreamRejected,
        AuthenticationFailed,
        ContextTooLong,
        ContentFiltered,
        ModelNotReady,
        ProviderFault,
        BadUpstreamResponse,
        ProviderTimeout,
    ],
)
def test_what_would_fail_again_or_took_all_of_its_time_is_not(kind: type[ProviderError]) -> None:
    assert next_delay(kind("failed"), 1, 60, POLICY, RNG) is None


def test_the_policy_may_add_timeouts_and_garbage() -> None:
    policy = RetryEntry(on=("timeout", "bad_response"))
    assert is_retryable(ProviderTimeout("slow"), policy)
    assert is_retryable(BadUpstreamResponse("garbage"), policy)
    assert not is_retryable(RateLimited("slow down"), policy)


def test_attempts_are_counted_with_the_first() -> None:
    policy = RetryEntry(attempts=3)
    assert [next_delay(UpstreamFailure("500"), n, 60, policy, RNG) is None for n in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_policy_may_put_retries_off() -> None:
    assert next_delay(UpstreamFailure("500"), 1, 60, RetryEntry(enabled=False), RNG) is None


def test_waits_grow_to_their_bound() -> None:
    policy = RetryEntry(attempts=10, base_s=1, max_s=5)
    longest = [
        max(next_delay(UpstreamFailure("500"), attempt, 60, policy, random.Random(seed)) or 0 for seed in range(300))
        for attempt in range(1, 6)
    ]
    assert longest == pytest.approx([1, 2, 4, 5, 5], rel=0.05)


def test_a_retry_after_that_fits_is_waited_for_and_not_cut_short() -> None:
    delay = next_delay(RateLimited("slow down", retry_after_s=3), 1, 60, POLICY, RNG)
    assert delay is not None
    assert 3 <= delay <= 3 + POLICY.base_s


def test_a_retry_after_beyond_the_deadline_sends_the_request_on() -> None:
    assert next_delay(RateLimited("slow down", retry_after_s=3), 1, 3.2, POLICY, RNG) is None


def test_a_retry_after_longer_than_the_policy_waits_sends_the_request_on() -> None:
    assert next_delay(RateLimited("slow down", retry_after_s=86_400), 1, 100_000, POLICY, RNG) is None


def test_any_failure_may_bring_a_retry_after() -> None:
    error = UpstreamFailure("503")
    error.retry_after_s = 2.0
    delay = next_delay(error, 1, 60, POLICY, RNG)
    assert delay is not None
    assert delay >= 2


def test_no_wait_is_begun_that_leaves_no_time_for_the_call() -> None:
    assert next_delay(UpstreamFailure("500"), 1, 0.4, POLICY, RNG) is None


def test_equal_seeds_wait_equally_long() -> None:
    first, second = (next_delay(UpstreamFailure("500"), 1, 60, POLICY, random.Random(3)) for _ in range(2))
    assert first == second
