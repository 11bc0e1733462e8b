"""Who is asked, in which order and how often: retries, several side by side, and what settles a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from router_core.clock import Clock
from router_core.errors import (
    AllBranchesFailed,
    AuthenticationFailed,
    ContextTooLong,
    DeadlineExceeded,
    ModelsUnavailable,
    RateLimited,
    UpstreamFailure,
    UpstreamRejected,
)
from router_core.events import BranchStarted, Escalated, Failed, Settled
from router_core.pricing import Nano, to_nano
from router_core.providers.base import Readiness
from router_core.providers.scripted import Replies, Reply, ScriptedProvider
from router_core.request import RouteRequest
from router_core.resilience.health import CallTicket
from router_core.result import Decision
from router_core.router import Router
from router_core.state.memory import MemoryStore
from router_core.state.store import Account, Claim, Hold, Shortage
from tests.routing import Bench, policy
from tests.state import balance

DOWN = UpstreamFailure("it says 503")
RETRY = "attempts = 2\nbase_s = 0.5"


def _ask() -> RouteRequest:
    return RouteRequest.from_prompt("How many apples does she have left?")


def begun(bench: Bench) -> CallTicket:
    ticket = bench.router.fleet.health.begin("tiny", "only")
    assert ticket is not None
    return ticket


def branches(decision: Decision) -> list[tuple[str, str]]:
    return [(branch.model, branch.outcome) for branch in decision.branches]


# --- retries ----------------------------------------------------------------------------------------------------
async def test_a_failure_that_may_pass_is_tried_again_on_the_same_model() -> None:
    bench = Bench(policy(retry=RETRY), tiny=Replies(DOWN, "Hello."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(_ask())).decision
    assert branches(decision) == [("tiny", "failed"), ("tiny", "accepted")]
    assert decision.branches[1].reason.startswith("attempt 2 after ")
    assert not decision.fell_back
    assert not decision.escalated


async def test_the_wait_before_a_second_attempt_is_not_our_own_time() -> None:
    bench = Bench(policy(retry=RETRY), tiny=Replies(DOWN, "Hello."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(_ask())).decision
    assert decision.latency_ms is not None
    assert decision.overhead_ms == 0  # the clock stands still but for the wait
    assert decision.latency_ms > 0


async def test_a_refused_key_is_not_tried_again() -> None:
    refused = AuthenticationFailed("the provider refused our key")
    bench = Bench(policy(retry=RETRY), tiny=Replies(refused), twin=Replies("Hello."), huge=Replies())
    decision = (await bench.router.aroute(_ask())).decision
    assert branches(decision) == [("tiny", "failed"), ("twin", "accepted")]
    assert decision.fell_back


async def test_a_retry_after_beyond_the_limit_goes_on_to_the_next_model() -> None:
    busy = RateLimited("slow down", retry_after_s=86_400)
    bench = Bench(policy(retry=RETRY), tiny=Replies(busy), twin=Replies("Hello."), huge=Replies())
    decision = (await bench.router.aroute(_ask())).decision
    assert branches(decision) == [("tiny", "failed"), ("twin", "accepted")]


async def test_a_retry_after_within_the_deadline_is_waited_for() -> None:
    busy = RateLimited("slow down", retry_after_s=3)
    bench = Bench(policy(retry=RETRY), tiny=Replies(busy, "Hello."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(_ask())).decision
    assert branches(decision) == [("tiny", "failed"), ("tiny", "accepted")]
    assert decision.latency_ms is not None
    assert decision.latency_ms >= 3000


async def test_every_attempt_is_a_branch_and_counts_against_the_cap() -> None:
    loaded = policy(retry="attempts = 5", route="caps = { branches = 3 }")
    bench = Bench(loaded, tiny=Replies(DOWN, DOWN, DOWN, DOWN), twin=Replies(), huge=Replies())
    settled = (await bench.events(_ask()))[-1]
    assert isinstance(settled, Settled)
    # One retry of tiny is what the retry budget gives to a lone request; the fallback takes the third branch.
    assert branches(settled.decision) == [("tiny", "failed"), ("tiny", "failed"), ("twin", "failed")]


async def test_a_model_that_failed_often_is_left_out_of_the_next_requests() -> None:
    loaded = policy(resilience="breaker = { failures_in_row = 2 }")
    bench = Bench(loaded, tiny=Replies(DOWN, DOWN), twin=Replies("One.", "Two.", "Three."), huge=Replies())
    for _ in range(2):
        await bench.router.aroute(_ask())
    decision = (await bench.router.aroute(_ask())).decision
    assert branches(decision) == [("twin", "accepted")]
    tiny = next(candidate for candidate in decision.candidates if candidate.model == "tiny")
    assert tiny.excluded_by == "breaker"
    assert "after 2 failures in a row" in str(tiny.excluded_reason)


async def test_when_every_model_is_left_out_the_request_is_told_so_at_once() -> None:
    loaded = policy(resilience="breaker = { failures_in_row = 1 }", validators=[])
    bench = Bench(loaded, tiny=Replies(DOWN), twin=Replies(DOWN), huge=Replies(DOWN))
    with pytest.raises(AllBranchesFailed):
        await bench.router.aroute(_ask())
    with pytest.raises(ModelsUnavailable, match="no model can be called now") as refused:
        await bench.router.aroute(_ask())
    assert refused.value.http_status == 503


async def test_a_model_comes_back_once_its_breaker_lets_a_probe_through() -> None:
    loaded = policy(resilience="breaker = { failures_in_row = 1, open_s = 5 }")
    bench = Bench(loaded, tiny=Replies(DOWN, "Back.", "Again."), twin=Replies("Hello."), huge=Replies())
    await bench.router.aroute(_ask())
    bench.clock.advance(10)
    assert (await bench.router.aroute(_ask())).decision.chosen == "tiny"
    assert (await bench.router.aroute(_ask())).decision.chosen == "tiny"


async def test_a_fault_of_the_caller_never_opens_a_breaker() -> None:
    loaded = policy(resilience="breaker = { failures_in_row = 1 }")
    refused = UpstreamRejected("it found the request at fault")
    bench = Bench(loaded, tiny=Replies(refused, "Hello."), twin=Replies("Hello."), huge=Replies())
    await bench.router.aroute(_ask())
    assert (await bench.router.aroute(_ask())).decision.chosen == "tiny"


async def test_with_a_millisecond_left_nobody_else_is_asked() -> None:
    failing = Reply.failing(DOWN, first_chunk_s=0.999)
    bench = Bench(policy(route="deadline_s = 1"), tiny=Replies(failing), twin=Replies(), huge=Replies())
    with pytest.raises(DeadlineExceeded):
        await bench.router.aroute(_ask())
    assert len(bench.branches) == 1


async def test_an_upstream_that_hangs_is_found_out_though_every_deadline_is_shorter_than_its_timeout() -> None:
    hanging = Reply(hangs=True)
    loaded = policy(resilience="breaker = { failures_in_row = 2 }", tiny="timeout_s = 600", route="deadline_s = 0.05")
    bench = Bench(loaded, tiny=Replies(*[hanging] * 2), twin=Replies(*["Hello."] * 2), huge=Replies())
    # Nothing is known of its pace at first, so a few hundredths of a second are no proof; a known pace makes them one.
    bench.router.fleet.health.end(begun(bench), "success", latency_ms=5, ttft_ms=1)
    for _ in range(2):
        assert (await bench.router.aroute(_ask())).decision.chosen == "twin"
    explained = await bench.router.explain(_ask())
    tiny = next(candidate for candidate in explained.candidates if candidate.model == "tiny")
    assert tiny.excluded_by == "breaker"


async def test_a_caller_who_leaves_says_nothing_about_the_model() -> None:
    loaded = policy(resilience="breaker = { failures_in_row = 1 }")
    bench = Bench(loaded, tiny=Replies("Hello.", "Hello."), twin=Replies(), huge=Replies())
    stream = bench.router.stream(_ask())
    async for event in stream:
        if isinstance(event, BranchStarted):
            break
    await stream.aclose()
    (tiny, *_) = bench.router.fleet.snapshot()
    assert (tiny.state, tiny.calls) == ("closed", 0)
    assert (await bench.router.aroute(_ask())).decision.chosen == "tiny"


# --- deployments ------------------------------------------------------------------------------------------------
async def test_a_retry_goes_to_another_deployment_of_the_same_model() -> None:
    places = """
deployments = [
  { name = "east", provider = { kind = "scripted", script = "tiny" } },
  { name = "west", provider = { kind = "scripted", script = "tiny" } },
]"""
    loaded = policy(retry=RETRY, tiny=places, tiny_provider="")
    bench = Bench(loaded, tiny=Replies(DOWN, "Hello."), twin=Replies(), huge=Replies())
    first, second = (await bench.router.aroute(_ask())).decision.branches
    assert {first.deployment, second.deployment} == {"east", "west"}
    assert (first.outcome, second.outcome) == ("failed", "accepted")


async def test_an_answer_that_breaks_off_unseen_is_replaced_and_one_that_was_seen_is_not() -> None:
    broken = Reply(("Half an ans",), error=DOWN)
    loaded = policy(tiers='"small"', validators=[])
    bench = Bench(loaded, tiny=Replies(broken, broken), twin=Replies("Whole."), huge=Replies())
    result = await bench.router.aroute(_ask())
    assert (result.text, branches(result.decision)) == ("Whole.", [("tiny", "failed"), ("twin", "accepted")])
    events = await bench.events(_ask())
    assert isinstance(events[-2], Failed)
    assert "failed after its answer had begun" in events[-2].message


# --- several side by side ---------------------------------------------------------------------------------------
THREE = 'fan_out = 3\naggregator = "majority"'


async def test_as_many_models_as_the_fan_out_says_are_asked_side_by_side() -> None:
    bench = Bench(policy(route=THREE), tiny=Replies("42"), twin=Replies("41"), huge=Replies("42"))
    events = await bench.events(_ask())
    started = [event.model for event in events if isinstance(event, BranchStarted)]
    assert started == ["tiny", "twin", "huge"]
    assert not [event for event in events if isinstance(event, Escalated)]


async def test_the_answer_that_most_models_give_is_chosen() -> None:
    bench = Bench(
        policy(route=THREE), tiny=Replies("The answer is 42."), twin=Replies("41"), huge=Replies("It is 42, I think.")
    )
    result = await bench.router.aroute(_ask())
    assert result.text in ("The answer is 42.", "It is 42, I think.")
    assert sorted(branch.outcome for branch in result.decision.branches) == ["accepted", "rejected", "rejected"]


async def test_without_a_majority_a_further_model_is_asked() -> None:
    route = 'fan_out = 2\naggregator = "majority"'
    bench = Bench(policy(route=route), tiny=Replies("42"), twin=Replies("41"), huge=Replies("41"))
    result = await bench.router.aroute(_ask())
    assert [branch.model for branch in result.decision.branches] == ["tiny", "twin", "huge"]
    assert result.decision.escalated
    assert result.text == "41"
    assert result.decision.branches[2].reason == "the answers do not agree"


async def test_a_model_that_fails_beside_others_does_not_hold_them_up() -> None:
    bench = Bench(policy(route=THREE), tiny=Replies(DOWN), twin=Replies("41"), huge=Replies("41"))
    result = await bench.router.aroute(_ask())
    assert result.text == "41"
    assert result.decision.status == "ok"


async def test_the_best_of_several_is_chosen_by_its_score() -> None:
    route = 'fan_out = 2\naggregator = "best_score"'
    bench = Bench(policy(route=route), tiny=Replies("I cannot help with that."), twin=Replies("Hello."), huge=Replies())
    result = await bench.router.aroute(_ask())
    assert (result.text, result.decision.chosen) == ("Hello.", "twin")


async def test_every_answer_asked_side_by_side_is_paid_for() -> None:
    bench = Bench(policy(route=THREE), tiny=Replies("42"), twin=Replies("42"), huge=Replies("42"))
    decision = (await bench.router.aroute(_ask())).decision
    costs = [branch.cost_usd for branch in decision.branches]
    assert all(cost is not None and cost > 0 for cost in costs)
    assert decision.cost_usd == pytest.approx(sum(cost or 0 for cost in costs))


async def test_no_token_of_a_race_goes_out_before_one_is_accepted() -> None:
    bench = Bench(policy(route="fan_out = 2"), tiny=Replies("One."), twin=Replies("Two."), huge=Replies())
    events = await bench.events(_ask())
    assert not [event for event in events if isinstance(event, BranchStarted) and event.final]


async def test_caps_bound_a_fan_out_as_everything_else() -> None:
    bench = Bench(
        policy(route=THREE + "\ncaps = { branches = 2 }"), tiny=Replies("42"), twin=Replies("42"), huge=Replies()
    )
    decision = (await bench.router.aroute(_ask())).decision
    assert len(decision.branches) == 2
    huge = next(candidate for candidate in decision.candidates if candidate.model == "huge")
    assert huge.excluded_by == "cap"


async def test_a_race_is_over_with_its_first_good_answer_though_the_others_stay_silent() -> None:
    loaded = policy(route="fan_out = 2\ndeadline_s = 300", model="timeout_s = 300")
    bench = Bench(loaded, tiny=Replies(Reply(hangs=True)), twin=Replies("Two."), huge=Replies())
    async with asyncio.timeout(60):
        result = await bench.router.aroute(_ask())
    assert (result.text, branches(result.decision)) == ("Two.", [("tiny", "cancelled"), ("twin", "accepted")])


async def test_a_race_is_not_won_by_an_answer_that_is_still_being_judged() -> None:
    loaded = policy(
        validators=["second"], probes='"huge"', route="fan_out = 2\ndeadline_s = 300", model="timeout_s = 300"
    )
    probe = Replies(Reply(hangs=True), "The answer is 2.")
    bench = Bench(loaded, tiny=Replies("It is 1."), twin=Replies("It is 2."), huge=probe)
    async with asyncio.timeout(60):
        result = await bench.router.aroute(_ask())
    assert result.text == "It is 2."
    assert branches(result.decision) == [
        ("tiny", "rejected"),
        ("huge", "cancelled"),
        ("twin", "accepted"),
        ("huge", "compared"),
    ]


# --- refused at the last moment ---------------------------------------------------------------------------------
async def test_a_breaker_that_opens_while_a_retry_waits_leads_to_the_next_model() -> None:
    loaded = policy(retry=RETRY, resilience="breaker = { failures_in_row = 2 }")
    bench = Bench(loaded, tiny=Replies(DOWN, DOWN), twin=Replies("One.", "Two."), huge=Replies())
    first, second = await asyncio.gather(bench.router.aroute(_ask()), bench.router.aroute(_ask()))
    for decision in (first.decision, second.decision):
        assert branches(decision) == [("tiny", "failed"), ("twin", "accepted")]
        assert decision.fell_back
        assert decision.candidates[0].excluded_by is None  # it was asked


class Contested(MemoryStore):
    """Accounts in which another process takes the last money between the question and the reserve."""

    def __init__(self, clock: Clock, taken: Nano) -> None:
        super().__init__(clock)
        self._taken = taken

    async def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Shortage:
        """See `BudgetStore.hold`."""
        taken, self._taken = self._taken, 0
        await super().hold([Claim(claim.account, None) for claim in claims], taken, expires_ns)
        return await super().hold(claims, nano, expires_ns)


async def test_a_budget_that_another_process_uses_up_in_between_leads_to_the_next_model() -> None:
    budget = '[[budgets]]\nname = "team"\nusd = "0.01"\nperiod = "day"\n'
    bench = Bench(
        policy(rules=budget, tiers='"large", "small"', validators=[]),
        tiny=Replies("Hello."),
        twin=Replies(),
        huge=Replies(),
    )
    # About $0.0015 is left then: enough for tiny, and one call of huge is held to cost more.
    state = Contested(bench.clock, 8_500_000)
    router = Router.from_policy(bench.loaded, clock=bench.clock, scripts=bench.scripts, state=state)
    decision = (await router.aroute(_ask())).decision
    assert branches(decision) == [("tiny", "accepted")]
    huge = next(candidate for candidate in decision.candidates if candidate.model == "huge")
    assert huge.excluded_by == "budget:team"
    assert "of budget team $0.008500 of $0.010000 is spent this day" in str(huge.excluded_reason)


class Fading(ScriptedProvider):
    """A model that goes away at a moment of one's choice."""

    def leave(self) -> None:
        """From here on it cannot be called."""
        self._readiness = Readiness(False, "it was unloaded")


class Waiting(MemoryStore):
    """Accounts whose file was held by another process; while it was, something happened."""

    def __init__(self, clock: Clock, meanwhile: Callable[[], None]) -> None:
        super().__init__(clock)
        self._meanwhile = meanwhile

    async def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Shortage:
        """See `BudgetStore.hold`."""
        held = await super().hold(claims, nano, expires_ns)
        self._meanwhile()
        return held


async def test_a_model_that_goes_away_while_its_money_is_set_aside_costs_nothing_and_another_answers() -> None:
    budget = '[[budgets]]\nname = "team"\nusd = "1"\nperiod = "day"\n'
    bench = Bench(policy(rules=budget, validators=[]), tiny=Replies(), twin=Replies("Hello."), huge=Replies())
    tiny = Fading(Replies(), bench.clock)
    state = Waiting(bench.clock, tiny.leave)
    others = {name: ScriptedProvider(bench.scripts[name], bench.clock) for name in ("twin", "huge")}
    router = Router(
        bench.loaded, providers={"tiny": tiny, **others}, tools={}, validators={}, clock=bench.clock, state=state
    )
    decision = (await router.aroute(_ask())).decision
    assert branches(decision) == [("twin", "accepted")]
    assert decision.candidates[0].excluded_reason == "it was unloaded"
    found = await balance(state, Account("team", "2026-11-23"))
    assert (found.held, found.spent) == (0, to_nano(str(decision.cost_usd)))


# --- models that are only asked ---------------------------------------------------------------------------------
async def test_a_model_that_only_validators_ask_never_answers_however_large_its_window() -> None:
    loaded = policy(validators=["second"], probes='"huge"', tiers='"small"', huge="context_window = 200_000")
    too_long = ContextTooLong("it is too long")
    bench = Bench(loaded, tiny=Replies(too_long), twin=Replies(too_long), huge=Replies("An answer."))
    with pytest.raises(AllBranchesFailed):
        await bench.router.aroute(_ask())


async def test_the_time_to_the_first_token_is_that_of_the_answer_not_of_one_that_broke_off_unseen() -> None:
    broken = Reply(("Half an ans",), error=DOWN, first_chunk_s=1)
    whole = Reply(("Whole.",), first_chunk_s=2)
    bench = Bench(policy(tiers='"small"', validators=[]), tiny=Replies(broken), twin=Replies(whole), huge=Replies())
    decision = (await bench.router.aroute(_ask())).decision
    assert branches(decision) == [("tiny", "failed"), ("twin", "accepted")]
    assert decision.ttft_ms == pytest.approx(3000)
