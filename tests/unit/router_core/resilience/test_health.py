"""Breakers, outliers, latencies and retry budgets of a whole policy, asked and told in the order of a request."""

from __future__ import annotations

import gc
import random
from datetime import UTC, datetime, timedelta

import pytest

from router_core.clock import ManualClock
from router_core.errors import (
    AllBranchesFailed,
    ContextTooLong,
    FirstTokenTimeout,
    ProviderError,
    ProviderTimeout,
    UpstreamFailure,
)
from router_core.policy.schema import Deployment, ResilienceEntry, ScriptedProvider
from router_core.resilience.health import CallTicket, DeploymentHealth, Health, outcome_of

START = datetime(2026, 11, 23, tzinfo=UTC)
BROKEN = UpstreamFailure("m answered 500")
SLOW = ProviderTimeout("m did not answer")


def place(name: str, weight: float = 1.0) -> Deployment:
    return Deployment(name=name, provider=ScriptedProvider(kind="scripted"), weight=weight)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def health(clock: ManualClock) -> Health:
    models = {"solo": [place("only")], "duo": [place("east", 3.0), place("west")]}
    return Health(clock, ResilienceEntry(), random.Random(1), models)


def begun(health: Health, model: str, deployment: str, *, retry: bool = False) -> CallTicket:
    ticket = health.begin(model, deployment, retry=retry)
    assert ticket is not None
    return ticket


def fail(health: Health, model: str, deployment: str, times: int, error: ProviderError = BROKEN) -> None:
    for _ in range(times):
        health.end(begun(health, model, deployment), "failure", error=error)


def stands(health: Health, model: str, deployment: str) -> DeploymentHealth:
    return next(one for one in health.snapshot() if (one.model, one.deployment) == (model, deployment))


# --- calling --------------------------------------------------------------------------------------------------------


def test_at_first_everything_is_ready_and_nothing_is_known(health: Health) -> None:
    assert health.readiness("solo").allowed
    assert health.latency("solo") is None
    assert [(one.model, one.deployment, one.state) for one in health.snapshot()] == [
        ("solo", "only", "closed"),
        ("duo", "east", "closed"),
        ("duo", "west", "closed"),
    ]
    assert stands(health, "solo", "only").error_rate is None


def test_a_model_whose_only_deployment_is_open_is_not_ready_and_says_why(health: Health) -> None:
    fail(health, "solo", "only", 5)
    permission = health.readiness("solo")
    assert not permission.allowed
    assert permission.reason.startswith("its breaker is open for another ")
    assert permission.reason.endswith(" after 5 failures in a row: upstream_failure")
    assert health.choose("solo").deployment is None
    assert health.begin("solo", "only") is None


def test_a_model_is_ready_while_one_of_its_deployments_is(health: Health) -> None:
    fail(health, "duo", "east", 5)
    assert health.readiness("duo").allowed
    assert not health.readiness("duo", "east").allowed
    assert {health.choose("duo").deployment for _ in range(20)} == {"west"}
    fail(health, "duo", "west", 5)
    permission = health.readiness("duo")
    assert not permission.allowed
    assert "east: its breaker is open" in permission.reason
    assert "west: its breaker is open" in permission.reason
    assert permission.retry_in_s is not None


def test_the_other_deployment_is_chosen_after_one_has_failed_in_the_request(health: Health) -> None:
    assert {health.choose("duo", ["east"]).deployment for _ in range(20)} == {"west"}


def test_two_requests_that_want_the_same_probe_get_it_once(health: Health, clock: ManualClock) -> None:
    fail(health, "solo", "only", 5)
    clock.advance(6)
    assert health.readiness("solo").allowed
    probe = begun(health, "solo", "only")
    assert probe.probe
    assert health.begin("solo", "only") is None
    assert stands(health, "solo", "only").state == "half_open"


def test_a_call_that_ends_twice_counts_once(health: Health) -> None:
    ticket = begun(health, "solo", "only")
    for _ in range(9):
        health.end(ticket, "failure", error=BROKEN)
    assert (stands(health, "solo", "only").calls, stands(health, "solo", "only").state) == (1, "closed")


@pytest.mark.parametrize("error", [None, ContextTooLong("too long")])
def test_a_failure_that_says_nothing_of_the_model_is_no_verdict(health: Health, error: ProviderError | None) -> None:
    for _ in range(50):
        health.end(begun(health, "solo", "only"), "failure", error=error)
    one = stands(health, "solo", "only")
    assert (one.state, one.calls, one.failed) == ("closed", 0, 0)


def test_a_deployment_that_is_not_there_is_never_chosen_even_when_it_is_the_last(health: Health) -> None:
    assert {health.choose("duo", absent=["east"]).deployment for _ in range(20)} == {"west"}
    assert {health.choose("duo", ["west"], absent=["east"]).deployment for _ in range(20)} == {"west"}
    assert health.readiness("duo", absent=["east"]).allowed
    fail(health, "duo", "west", 5)
    permission = health.readiness("duo", absent=["east"])
    assert not permission.allowed
    assert permission.reason.startswith("east: its provider is not ready; west: its breaker is open")
    assert health.choose("duo", absent=["east"]).deployment is None


def test_a_probe_whose_ticket_was_lost_makes_room_for_the_next(health: Health, clock: ManualClock) -> None:
    fail(health, "solo", "only", 5)
    clock.advance(6)
    ticket = begun(health, "solo", "only")
    assert health.begin("solo", "only") is None
    del ticket
    gc.collect()
    assert begun(health, "solo", "only").probe


def test_how_long_is_fair_follows_what_calls_usually_take(health: Health) -> None:
    assert health.fair_s("solo", "only", 60) == 10
    assert health.fair_s("solo", "only", 2) == 2
    for _ in range(20):
        health.end(begun(health, "solo", "only"), "success", latency_ms=400)
    assert health.fair_s("solo", "only", 60) == pytest.approx(0.4, rel=0.05)


def test_cancelled_calls_are_no_verdict_either(health: Health) -> None:
    for _ in range(50):
        health.end(begun(health, "solo", "only"), "cancelled", error=BROKEN)
    assert stands(health, "solo", "only").calls == 0


# --- what an end means ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "cut_short", "outcome"),
    [
        (None, False, "success"),
        (BROKEN, True, "failure"),
        (SLOW, False, "failure"),
        (SLOW, True, "cancelled"),
        (FirstTokenTimeout("nothing came"), True, "failure"),
        (ContextTooLong("too long"), False, "cancelled"),
        (AllBranchesFailed("ours"), False, "cancelled"),
        (GeneratorExit(), False, "cancelled"),
    ],
)
def test_only_the_upstreams_own_failures_are_failures(
    error: BaseException | None, cut_short: bool, outcome: str
) -> None:
    assert outcome_of(error, cut_short=cut_short) == outcome


# --- retries --------------------------------------------------------------------------------------------------------


def test_a_retry_is_granted_once_and_then_the_budget_is_spent(health: Health) -> None:
    health.end(begun(health, "solo", "only"), "failure", error=BROKEN)
    assert health.retry_delay("solo", BROKEN, 1, 60) is not None
    assert health.retry_delay("solo", BROKEN, 1, 60) is None


def test_what_is_not_retried_takes_nothing_from_the_budget(health: Health) -> None:
    begun(health, "solo", "only")
    assert health.retry_delay("solo", SLOW, 1, 60) is None
    assert health.retry_delay("solo", BROKEN, 1, 60) is not None


def test_a_model_that_may_not_be_called_is_not_retried(health: Health) -> None:
    fail(health, "solo", "only", 5)
    assert health.retry_delay("solo", BROKEN, 1, 60) is None


def test_under_full_outage_the_upstream_gets_at_most_a_fifth_more_than_the_requests(clock: ManualClock) -> None:
    never_open = ResilienceEntry.model_validate({"breaker": {"enabled": False}})
    health = Health(clock, never_open, random.Random(1), {"duo": [place("east"), place("west")]})
    hits, requests = 0, 500
    for _ in range(requests):
        clock.advance(0.05)
        attempt, failed = 1, list[str]()
        while True:
            name = health.choose("duo", failed).deployment
            assert name is not None
            health.end(begun(health, "duo", name, retry=attempt > 1), "failure", error=BROKEN)
            failed.append(name)
            hits += 1
            if health.retry_delay("duo", BROKEN, attempt, 60) is None:
                break
            attempt += 1
    assert requests < hits <= 1.2 * requests


# --- what it knows --------------------------------------------------------------------------------------------------


def test_latencies_are_known_by_model_and_by_deployment(health: Health) -> None:
    for name, took in (("east", 100.0), ("west", 400.0)):
        for _ in range(20):
            health.end(begun(health, "duo", name), "success", latency_ms=took, ttft_ms=took / 10)
    whole, east = health.latency("duo"), health.latency("duo", "east")
    assert whole is not None
    assert east is not None
    assert east.p95_ms == pytest.approx(100, rel=0.05)
    assert (whole.p50_ms, whole.p95_ms) == pytest.approx((100, 400), rel=0.05)
    assert whole.ttft_p95_ms == pytest.approx(40, rel=0.05)


def test_a_fast_error_is_no_fast_answer(health: Health) -> None:
    health.end(begun(health, "solo", "only"), "failure", latency_ms=1, error=BROKEN)
    assert health.latency("solo") is None


def test_an_outlier_is_passed_over_and_the_page_says_since_when_and_why(health: Health, clock: ManualClock) -> None:
    for tick in range(60):
        clock.advance(0.5)
        east = begun(health, "duo", "east")
        if tick % 10 < 4:
            health.end(east, "failure", error=BROKEN)
        else:
            health.end(east, "success", latency_ms=200, ttft_ms=20)
        health.end(begun(health, "duo", "west"), "success", latency_ms=200, ttft_ms=20)
        if stands(health, "duo", "east").state == "ejected":
            break
    one = stands(health, "duo", "east")
    assert one.state == "ejected"
    assert one.why.endswith("recent calls failed, of its peers' 0%")
    assert START < one.since <= START + timedelta(seconds=30)
    assert one.retry_in_s == pytest.approx(30)
    assert {health.choose("duo").deployment for _ in range(20)} == {"west"}
    assert "east: it is ejected: " in health.choose("duo").reason


def test_a_snapshot_counts_calls_and_names_the_breakers_state(health: Health, clock: ManualClock) -> None:
    clock.advance(10)
    health.end(begun(health, "solo", "only"), "success", latency_ms=120, ttft_ms=30)
    fail(health, "solo", "only", 5)
    one = stands(health, "solo", "only")
    assert (one.state, one.calls, one.failed) == ("open", 6, 5)
    assert one.error_rate == pytest.approx(5 / 6)
    assert one.since == START + timedelta(seconds=10)
    assert one.why == "5 failures in a row: upstream_failure"
    assert one.latency is not None
    assert one.latency.p50_ms == pytest.approx(120, rel=0.05)


def test_models_and_deployments_that_do_not_exist_are_refused(health: Health) -> None:
    with pytest.raises(KeyError, match="trio"):
        health.readiness("trio")
    with pytest.raises(KeyError, match="north"):
        health.begin("duo", "north")


# --- a policy that is reloaded --------------------------------------------------------------------------------------


def reloaded(clock: ManualClock, east: Deployment, **settings: object) -> Health:
    models = {"solo": [place("only")], "duo": [east, place("west")]}
    return Health(clock, ResilienceEntry.model_validate(settings), random.Random(1), models)


def test_a_reloaded_policy_keeps_breakers_open_and_knows_latencies(health: Health, clock: ManualClock) -> None:
    fail(health, "solo", "only", 5)
    late = begun(health, "duo", "east")
    after = reloaded(clock, place("east", weight=1.0))
    after.adopt(health)
    assert stands(after, "solo", "only").state == "open"
    health.end(late, "success", latency_ms=100)
    assert stands(after, "duo", "east").calls == 1
    chosen = [after.choose("duo").deployment for _ in range(1_000)]
    assert 400 < chosen.count("east") < 600, "the new weights count"


def test_a_deployment_that_is_called_otherwise_starts_anew_with_its_model(health: Health, clock: ManualClock) -> None:
    fail(health, "duo", "west", 5)
    other = Deployment(name="east", provider=ScriptedProvider(kind="scripted", script="other"))
    after = reloaded(clock, other)
    after.adopt(health)
    assert stands(after, "duo", "west").state == "closed"


def test_other_settings_start_anew(health: Health, clock: ManualClock) -> None:
    fail(health, "solo", "only", 5)
    after = reloaded(clock, place("east", 3.0), breaker={"failures_in_row": 9})
    after.adopt(health)
    assert stands(after, "solo", "only").state == "closed"


def test_equal_seeds_and_clocks_decide_alike(clock: ManualClock) -> None:
    models = {"duo": [place("east", 3.0), place("west")]}
    runs = []
    for _ in range(2):
        health = Health(clock, ResilienceEntry(), random.Random(5), models)
        runs.append([health.choose("duo").deployment for _ in range(50)])
    assert runs[0] == runs[1]


def test_calls_are_in_flight_from_their_begin_to_their_end_however_it_comes(health: Health) -> None:
    one, two, dropped = (begun(health, "duo", "east") for _ in range(3))
    begun_elsewhere = begun(health, "duo", "west")
    assert [stands(health, "duo", name).in_flight for name in ("east", "west")] == [3, 1]
    health.end(one, "success", latency_ms=10)
    health.end(two, "cancelled")
    health.end(two, "failure", error=BROKEN)
    assert stands(health, "duo", "east").in_flight == 1
    del dropped
    gc.collect()
    assert stands(health, "duo", "east").in_flight == 0
    health.end(begun_elsewhere, "failure", error=BROKEN)
    assert stands(health, "duo", "west").in_flight == 0
