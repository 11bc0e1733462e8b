"""When a deployment is called, when it is not, and who may find out whether it is well again."""

from __future__ import annotations

import gc
import random
from datetime import UTC, datetime

import pytest

from router_core.clock import ManualClock
from router_core.errors import (
    ContextTooLong,
    ProviderTimeout,
    ProviderUnreachable,
    RateLimited,
    UpstreamFailure,
    UpstreamRejected,
)
from router_core.policy.schema import BreakerEntry
from router_core.resilience.breaker import Breaker, Ticket

SLOW = ProviderTimeout("m did not answer")
BROKEN = UpstreamFailure("m answered 500")


class MiddleRandom(random.Random):
    """No jitter: every wait is the middle of its range."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, tzinfo=UTC))


def breaker_of(clock: ManualClock, **keys: object) -> Breaker:
    return Breaker(clock, BreakerEntry.model_validate(keys), MiddleRandom(1))


def state_of(breaker: Breaker) -> str:
    """Read anew each time: a type checker takes two reads of a property for one."""
    return breaker.state


def admitted(breaker: Breaker) -> Ticket:
    ticket = breaker.admit()
    assert ticket is not None
    return ticket


def fail(breaker: Breaker, times: int = 1, error: ProviderTimeout | UpstreamFailure | RateLimited = SLOW) -> None:
    for _ in range(times):
        admitted(breaker).failed(error)


def test_a_new_breaker_is_closed_and_admits_any_number_at_once(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    assert state_of(breaker) == "closed"
    assert all(breaker.admit() is not None for _ in range(100))


def test_failures_in_a_row_open_it_and_it_says_why_and_for_how_long(clock: ManualClock) -> None:
    breaker = breaker_of(clock, open_s=12)
    fail(breaker, 4)
    assert state_of(breaker) == "closed"
    fail(breaker)
    assert state_of(breaker) == "open"
    assert breaker.admit() is None
    permission = breaker.permission()
    assert permission.reason == "its breaker is open for another 12 s after 5 failures in a row: timeout"
    assert permission.retry_in_s == 12


def test_a_success_between_them_breaks_the_row(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    fail(breaker, 4)
    admitted(breaker).succeeded()
    fail(breaker, 4)
    assert state_of(breaker) == "closed"


def test_an_error_rate_over_the_window_opens_it_once_there_are_calls_enough(clock: ManualClock) -> None:
    breaker = breaker_of(clock, failures_in_row=100, min_calls=10, error_rate=0.5)
    for _ in range(5):
        admitted(breaker).succeeded()
    fail(breaker, 4)
    assert state_of(breaker) == "closed"
    fail(breaker, error=BROKEN)
    assert state_of(breaker) == "open"
    assert breaker.why == "5 of 10 calls failed within 60 s, the last with upstream_failure"


def test_failures_that_left_the_window_do_not_count(clock: ManualClock) -> None:
    breaker = breaker_of(clock, failures_in_row=100, min_calls=4, window_s=10)
    fail(breaker, 3)
    clock.advance(11)
    fail(breaker, 3)
    assert state_of(breaker) == "closed"


@pytest.mark.parametrize("error", [UpstreamRejected("bad request"), ContextTooLong("too long")])
def test_a_fault_of_the_client_never_opens_it(clock: ManualClock, error: UpstreamRejected) -> None:
    breaker = breaker_of(clock, min_calls=1)
    for _ in range(100):
        admitted(breaker).failed(error)
    assert state_of(breaker) == "closed"


def test_after_its_time_it_admits_exactly_one_probe(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    fail(breaker, 5)
    clock.advance(5)
    assert state_of(breaker) == "half_open"
    probe = admitted(breaker)
    assert probe.probe
    assert breaker.admit() is None
    assert breaker.permission().reason == "its breaker waits for the one probe after 5 failures in a row: timeout"
    assert breaker.permission().retry_in_s is None


def test_a_probe_that_succeeds_closes_it(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    fail(breaker, 5)
    clock.advance(5)
    admitted(breaker).succeeded()
    assert (state_of(breaker), breaker.why) == ("closed", "")
    fail(breaker, 4)
    assert state_of(breaker) == "closed"


def test_a_probe_that_fails_opens_it_for_twice_as_long(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    fail(breaker, 5)
    clock.advance(5)
    fail(breaker, error=BROKEN)
    assert breaker.why == "its probe failed: upstream_failure"
    assert breaker.permission().retry_in_s == 10


def test_the_open_time_grows_to_its_bound_and_not_beyond(clock: ManualClock) -> None:
    breaker = breaker_of(clock, max_open_s=60)
    fail(breaker, 5)
    waits = []
    for _ in range(100):
        wait = breaker.permission().retry_in_s
        assert wait is not None
        waits.append(wait)
        clock.advance(wait)
        fail(breaker)
    assert waits[:5] == [5, 10, 20, 40, 60]
    assert max(waits) == 60


def test_a_whole_window_closed_makes_the_next_opening_short_again(clock: ManualClock) -> None:
    breaker = breaker_of(clock, window_s=60)
    for wait in (5, 10):
        fail(breaker, 5 if state_of(breaker) == "closed" else 1)
        clock.advance(wait)
    admitted(breaker).succeeded()
    clock.advance(59)
    fail(breaker, 5)
    assert breaker.permission().retry_in_s == 20
    clock.advance(20)
    admitted(breaker).succeeded()
    clock.advance(60)
    fail(breaker, 5)
    assert breaker.permission().retry_in_s == 5


def test_a_probe_without_a_verdict_makes_room_for_the_next(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    fail(breaker, 5)
    clock.advance(5)
    admitted(breaker).cancelled()
    assert state_of(breaker) == "half_open"
    admitted(breaker).failed(UpstreamRejected("bad request"))
    assert state_of(breaker) == "half_open"
    assert admitted(breaker).probe


def test_a_probe_that_is_dropped_unclosed_makes_room_for_the_next(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    fail(breaker, 5)
    clock.advance(5)
    probe = admitted(breaker)
    assert breaker.admit() is None
    del probe
    gc.collect()
    assert admitted(breaker).probe


def test_a_ticket_counts_once(clock: ManualClock) -> None:
    breaker = breaker_of(clock, failures_in_row=2)
    ticket = admitted(breaker)
    for _ in range(5):
        ticket.failed(SLOW)
    assert state_of(breaker) == "closed"


def test_late_verdicts_of_calls_from_before_it_opened_change_nothing(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    good, bad = admitted(breaker), [admitted(breaker) for _ in range(9)]
    fail(breaker, 5)
    good.succeeded()
    assert state_of(breaker) == "open"
    clock.advance(5)
    probe = admitted(breaker)
    bad[0].failed(SLOW)
    assert state_of(breaker) == "half_open"
    probe.succeeded()
    for ticket in bad:
        ticket.failed(SLOW)
    assert state_of(breaker) == "closed"


def test_a_longer_retry_after_keeps_it_open_for_as_long(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    fail(breaker, 4)
    fail(breaker, error=RateLimited("slow down", retry_after_s=40))
    assert breaker.permission().retry_in_s == 40
    assert breaker.why == "5 failures in a row: rate_limited"


def test_a_retry_after_beyond_the_bound_is_cut_to_it(clock: ManualClock) -> None:
    breaker = breaker_of(clock, max_open_s=60)
    fail(breaker, 5, RateLimited("slow down", retry_after_s=86_400))
    assert breaker.permission().retry_in_s == 60


def test_a_retry_after_that_arrives_late_still_keeps_it_open(clock: ManualClock) -> None:
    breaker = breaker_of(clock, max_open_s=60)
    late = admitted(breaker)
    fail(breaker, 5)
    clock.advance(2)
    late.failed(RateLimited("slow down", retry_after_s=30))
    assert breaker.permission().retry_in_s == 30


def test_an_answer_makes_an_earlier_retry_after_void(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    fail(breaker, error=RateLimited("slow down", retry_after_s=40))
    admitted(breaker).succeeded()
    fail(breaker, 5)
    assert breaker.permission().retry_in_s == 5


def test_jitter_spreads_open_times_by_a_fifth(clock: ManualClock) -> None:
    waits = set()
    for seed in range(50):
        breaker = Breaker(clock, BreakerEntry(open_s=10), random.Random(seed))
        fail(breaker, 5)
        waits.add(breaker.permission().retry_in_s)
    assert len(waits) == 50
    assert all(wait is not None and 8 <= wait <= 12 for wait in waits)


def test_a_breaker_that_the_policy_puts_off_never_opens(clock: ManualClock) -> None:
    breaker = breaker_of(clock, enabled=False)
    for _ in range(100):
        admitted(breaker).failed(ProviderUnreachable("refused"))
    assert state_of(breaker) == "closed"


def test_it_knows_since_when_it_is_what_it_is(clock: ManualClock) -> None:
    breaker = breaker_of(clock)
    clock.advance(3)
    fail(breaker, 5)
    assert breaker.since_ns == 3_000_000_000
    clock.advance(7)
    assert (state_of(breaker), breaker.since_ns) == ("half_open", 8_000_000_000)
    admitted(breaker).succeeded()
    assert breaker.since_ns == 10_000_000_000
