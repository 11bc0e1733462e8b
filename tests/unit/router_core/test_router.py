"""Whole requests through the router: scripted answers, a clock moved by hand, spans kept in memory."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import Any

import pytest

from router_core import semconv
from router_core.clock import Clock, ManualClock, SystemClock
from router_core.errors import (
    AllBranchesFailed,
    AuthenticationFailed,
    CapExceeded,
    DeadlineExceeded,
    EmptyPrompt,
    InternalFault,
    InvalidText,
    NoEligibleModel,
    NotDurable,
    PromptTooLarge,
    ProviderTimeout,
    RateLimited,
    RequestDenied,
    RequestError,
    UnknownRoute,
    UpstreamFailure,
)
from router_core.events import Answered, BranchStarted, Escalated, Failed, Settled, Token
from router_core.pricing import Usage
from router_core.providers.base import Call
from router_core.providers.scripted import Replies, Reply
from router_core.request import Context, Message, RouteRequest
from router_core.result import CommitState, Decision
from router_core.router import Router
from tests.routing import PRICES, START, Bench, policy

REFUSAL = "I'm sorry, but I can't help with that."
PROMPT = "Tell me something about rivers"


def ask(prompt: str = PROMPT, **fields: Any) -> RouteRequest:
    return RouteRequest.from_prompt(prompt, **fields)


def outcomes(decision: Decision) -> list[tuple[str, str, str]]:
    return [(branch.kind, branch.model, branch.outcome) for branch in decision.branches]


class Sink:
    """Answers what it was told, and remembers who asked."""

    def __init__(self, state: CommitState) -> None:
        self.state, self.asked = state, list[int]()

    async def committed(self, trace_id: int) -> CommitState:
        self.asked.append(trace_id)
        return self.state


async def decision_of_failure(bench: Bench, request: RouteRequest, error: type[Exception]) -> Decision:
    """The decision of a request that must fail, told by events and raised by `aroute` alike."""
    events = await bench.events(request)
    failed = next(event for event in events if isinstance(event, Failed))
    assert failed.code == error.code  # type: ignore[attr-defined]
    assert failed.http_status == error.http_status  # type: ignore[attr-defined]
    settled = events[-1]
    assert isinstance(settled, Settled)
    assert not any(isinstance(event, Answered) for event in events)
    assert bench.decisions == [settled.decision.decision_id]
    return settled.decision


# --- who answers ------------------------------------------------------------------------------------------------
async def test_an_easy_prompt_stays_with_the_small_model() -> None:
    bench = Bench(policy(), tiny=Replies("Rivers flow downhill."), twin=Replies(), huge=Replies())
    result = await bench.router.aroute(ask())
    assert (result.text, result.finish_reason) == ("Rivers flow downhill.", "stop")
    assert outcomes(result.decision) == [("model", "tiny", "accepted")]
    assert (result.decision.status, result.decision.chosen) == ("ok", "tiny")
    assert not result.decision.escalated
    assert bench.decisions == [result.decision.decision_id]


async def test_the_bill_is_exact_and_the_baseline_is_the_strongest_eligible_model() -> None:
    bench = Bench(policy(), tiny=Replies(Reply(("Yes.",), usage=Usage(20, 5))), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert decision.cost_usd == pytest.approx((20 * 1 + 5 * 2) / 1e6)
    assert (decision.baseline_model, decision.baseline_source) == ("huge", "estimated")
    assert decision.baseline_cost_usd == pytest.approx((20 * 10 + 5 * 20) / 1e6)
    assert decision.savings_usd == pytest.approx(decision.baseline_cost_usd - decision.cost_usd)
    assert bench.root.attributes is not None
    assert bench.root.attributes[semconv.COST_NANO] == 30_000
    assert bench.root.attributes[semconv.BASELINE_COST_NANO] == 300_000


async def test_a_refusal_escalates_to_the_next_tier_and_its_cost_counts() -> None:
    bench = Bench(
        policy(),
        tiny=Replies(Reply((REFUSAL,), usage=Usage(10, 10))),
        twin=Replies(),
        huge=Replies(Reply(("Rivers flow.",), usage=Usage(10, 2))),
    )
    result = await bench.router.aroute(ask())
    decision = result.decision
    assert result.text == "Rivers flow."
    assert outcomes(decision) == [("model", "tiny", "rejected"), ("model", "huge", "accepted")]
    assert (decision.escalated, decision.fell_back) == (True, False)
    assert decision.cost_usd == pytest.approx((10 + 20 + 100 + 40) / 1e6)
    assert bench.root.attributes is not None
    assert bench.root.attributes[semconv.DISCARDED_COST_NANO] == 30_000
    assert "tiny scored" in decision.reason
    assert decision.baseline_source == "observed"


async def test_a_failure_falls_back_to_the_next_model_of_the_plan() -> None:
    bench = Bench(policy(), tiny=Replies(UpstreamFailure("500")), twin=Replies("Fine."), huge=Replies())
    result = await bench.router.aroute(ask())
    assert outcomes(result.decision) == [("model", "tiny", "failed"), ("model", "twin", "accepted")]
    assert (result.decision.escalated, result.decision.fell_back) == (False, True)
    assert result.decision.branches[0].error_type == "upstream_failure"
    assert result.decision.branches[0].cost_usd == 0.0


async def test_a_failure_goes_to_the_models_own_fallback_before_the_plan() -> None:
    bench = Bench(
        policy(tiny='fallback = "huge"'), tiny=Replies(RateLimited("slow")), twin=Replies(), huge=Replies("Big.")
    )
    decision = (await bench.router.aroute(ask())).decision
    assert outcomes(decision) == [("model", "tiny", "failed"), ("model", "huge", "accepted")]


async def test_a_fallback_outside_of_the_routes_tiers_is_used_and_recorded() -> None:
    bench = Bench(
        policy(tiers='"small"', tiny='fallback = "huge"'),
        tiny=Replies(RateLimited("slow")),
        twin=Replies(),
        huge=Replies("Big."),
    )
    decision = (await bench.router.aroute(ask())).decision
    assert decision.chosen == "huge"
    assert next(c for c in decision.candidates if c.model == "huge").excluded_by in (None, "plan")


async def test_when_every_model_fails_the_error_names_each_failure_and_the_decision() -> None:
    bench = Bench(
        policy(),
        tiny=Replies(UpstreamFailure("tiny broke")),
        twin=Replies(ProviderTimeout("twin is slow")),
        huge=Replies(AuthenticationFailed("huge has no key")),
    )
    with pytest.raises(AllBranchesFailed, match=r"tiny broke.*twin is slow.*huge has no key") as caught:
        await bench.router.aroute(ask())
    assert bench.decisions == [caught.value.decision_id]
    assert bench.root.status.status_code.name == "ERROR"


async def test_when_nothing_passes_the_strongest_models_answer_is_given_with_its_score() -> None:
    bench = Bench(policy(), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies(REFUSAL))
    result = await bench.router.aroute(ask())
    assert result.decision.chosen == "huge"
    assert result.decision.status == "ok"
    assert "no stronger model was left" in result.decision.reason


async def test_a_lone_answer_that_does_not_pass_is_not_said_to_fail_like_another() -> None:
    bench = Bench(policy(tiers='"large"'), tiny=Replies(), twin=Replies(), huge=Replies("I cannot help with that."))
    reason = (await bench.router.aroute(RouteRequest.from_prompt("hi"))).decision.reason
    assert "its answer did not pass polite (" in reason


async def test_best_score_takes_the_better_of_answers_that_all_fell_short() -> None:
    loaded = policy(route='aggregator = "best_score"', validators=["wordy"], rules=WORDY)
    bench = Bench(loaded, tiny=Replies("one two three four five six seven eight"), twin=Replies(), huge=Replies("one"))
    decision = (await bench.router.aroute(ask())).decision
    assert outcomes(decision) == [("model", "tiny", "accepted"), ("model", "huge", "rejected")]


WORDY = '[validators.wordy]\nkind = "length"\nmin_words = 10\nthreshold = 1.0\n'


async def test_a_model_asked_by_name_is_called_alone_and_recorded_as_such() -> None:
    bench = Bench(policy(), tiny=Replies(), twin=Replies(REFUSAL), huge=Replies())
    result = await bench.router.aroute(ask(route="twin"))
    assert (result.decision.route, result.decision.strategy) == ("model/twin", "direct")
    assert [candidate.model for candidate in result.decision.candidates] == ["twin"]


async def test_an_unknown_route_is_refused_with_the_known_ones() -> None:
    bench = Bench(policy(), tiny=Replies(), twin=Replies(), huge=Replies())
    with pytest.raises(UnknownRoute, match="no route or model 'chta'; use one of route/chat"):
        await bench.router.aroute(ask(route="route/chta"))
    assert bench.spans == ()


# --- tools ------------------------------------------------------------------------------------------------------
async def test_a_tool_answers_before_any_model_and_costs_nothing() -> None:
    bench = Bench(policy(tools=["calculator"]), tiny=Replies(), twin=Replies(), huge=Replies())
    result = await bench.router.aroute(ask("12*7"))
    assert result.text == "84"
    assert outcomes(result.decision) == [("tool", "calculator", "accepted")]
    assert result.decision.cost_usd == 0.0
    assert result.decision.baseline_model == "huge"
    assert result.decision.savings_usd == result.decision.baseline_cost_usd


async def test_a_tool_that_has_no_answer_leaves_no_branch() -> None:
    bench = Bench(policy(tools=["calculator"]), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert outcomes(decision) == [("model", "tiny", "accepted")]
    assert "tool calculator" in {span.name for span in bench.spans}


async def test_a_denied_request_is_answered_by_no_tool_either() -> None:
    bench = Bench(policy(tools=["calculator"], rules=DENY), tiny=Replies(), twin=Replies(), huge=Replies())
    decision = await decision_of_failure(bench, ask("12*7", context=Context(risk="high")), RequestDenied)
    assert decision.branches == ()


# --- who may not answer -----------------------------------------------------------------------------------------
DENY = """
[[rules]]
name = "too-risky"
owner = "safety"
any_of = [{ min_risk = "high" }]
then = { kind = "deny", message = "Ask a person." }
"""

LOCAL_ONLY = """
[[rules]]
name = "stay-here"
any_of = [{ data_classes = ["sensitive"] }]
then = { kind = "require", location = "local" }
"""


async def test_a_denied_request_says_which_rule_and_calls_nobody() -> None:
    bench = Bench(policy(rules=DENY), tiny=Replies(), twin=Replies(), huge=Replies())
    decision = await decision_of_failure(bench, ask(context=Context(risk="high")), RequestDenied)
    assert decision.status == "denied"
    assert decision.error_message == "rule too-risky denies it: Ask a person."
    assert [(v.rule, v.outcome, v.owner) for v in decision.verdicts] == [("too-risky", "denied", "safety")]


async def test_a_rule_keeps_sensitive_data_from_the_cloud_even_after_a_refusal() -> None:
    bench = Bench(policy(rules=LOCAL_ONLY), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies())
    result = await bench.router.aroute(ask(context=Context(data_class="sensitive")))
    assert result.decision.chosen == "tiny"
    assert next(c for c in result.decision.candidates if c.model == "huge").excluded_by == "rule:stay-here"


async def test_a_fallback_that_a_rule_excludes_is_never_called() -> None:
    bench = Bench(
        policy(rules=LOCAL_ONLY, tiny='fallback = "huge"'),
        tiny=Replies(UpstreamFailure("500")),
        twin=Replies("Here."),
        huge=Replies(),
    )
    result = await bench.router.aroute(ask(context=Context(data_class="sensitive")))
    assert result.decision.chosen == "twin"


async def test_no_eligible_model_names_every_exclusion() -> None:
    bench = Bench(policy(model="context_window = 256"), tiny=Replies(), twin=Replies(), huge=Replies())
    long = "rivers and lakes " * 400
    with pytest.raises(NoEligibleModel) as caught:
        await bench.router.aroute(ask(long))
    assert set(caught.value.exclusions) == {"tiny", "twin", "huge"}
    assert "do not fit its 256" in str(caught.value)
    assert bench.decisions == [caught.value.decision_id]


async def test_a_model_without_its_script_is_excluded_as_not_ready() -> None:
    bench = Bench(policy(), twin=Replies("Twin here."), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    tiny = next(c for c in decision.candidates if c.model == "tiny")
    assert (tiny.excluded_by, tiny.excluded_reason) == ("ready", "no script 'tiny' is registered")
    assert decision.chosen == "twin"


async def test_a_schema_excludes_models_that_cannot_promise_json() -> None:
    bench = Bench(policy(), tiny=Replies('{"a": 1}'), twin=Replies(), huge=Replies())
    request = ask(response_schema={"type": "object", "required": ["a"]})
    decision = (await bench.router.aroute(request)).decision
    assert next(c for c in decision.candidates if c.model == "twin").excluded_by == "capability"
    assert [score.validator for score in decision.branches[0].scores] == ["polite", "schema"]


async def test_an_answer_that_breaks_the_requests_schema_escalates() -> None:
    bench = Bench(policy(), tiny=Replies('{"b": 1}'), twin=Replies(), huge=Replies('{"a": 1}'))
    result = await bench.router.aroute(ask(response_schema={"type": "object", "required": ["a"]}))
    assert (result.text, result.decision.escalated) == ('{"a": 1}', True)


# --- caps and deadlines -----------------------------------------------------------------------------------------
async def test_a_cost_cap_below_the_cheapest_call_is_an_error_that_says_the_amounts() -> None:
    bench = Bench(policy(route='caps = { usd = "0.00005" }'), tiny=Replies(), twin=Replies(), huge=Replies())
    decision = await decision_of_failure(bench, ask(), CapExceeded)
    assert decision.branches == ()
    assert {c.excluded_by for c in decision.candidates} == {"cap"}


async def test_a_cost_cap_stops_an_escalation_that_it_does_not_pay_for() -> None:
    bench = Bench(policy(route='caps = { usd = "0.001" }'), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert outcomes(decision) == [("model", "tiny", "accepted")]
    assert next(c for c in decision.candidates if c.model == "huge").excluded_by == "cap"
    assert not decision.escalated


async def test_the_callers_own_cap_can_only_lower_the_routes() -> None:
    bench = Bench(policy(route='caps = { usd = "0.00005" }'), tiny=Replies(), twin=Replies(), huge=Replies())
    await decision_of_failure(bench, ask(context=Context(cost_cap_usd=100.0)), CapExceeded)
    bench = Bench(policy(), tiny=Replies(), twin=Replies(), huge=Replies())
    await decision_of_failure(bench, ask(context=Context(cost_cap_usd=0.000001)), CapExceeded)


async def test_a_token_cap_counts_prompt_and_answer() -> None:
    bench = Bench(policy(route="caps = { tokens = 50 }"), tiny=Replies(), twin=Replies(), huge=Replies())
    decision = await decision_of_failure(bench, ask(), CapExceeded)
    assert "the request's cap is 50" in (decision.error_message or "")


async def test_an_unknown_price_is_refused_under_a_cap_in_money() -> None:
    unpriced = {name: text for name, text in PRICES.items() if name == "twin"}
    bench = Bench(
        policy(route='caps = { usd = "1" }', prices=unpriced), tiny=Replies(), twin=Replies("Ok."), huge=Replies()
    )
    decision = (await bench.router.aroute(ask())).decision
    assert decision.chosen == "twin"
    tiny = next(c for c in decision.candidates if c.model == "tiny")
    assert (tiny.excluded_by, tiny.excluded_reason) == (
        "cap",
        "its price is unknown, and the request has a cost cap",
    )


async def test_the_cap_on_branches_ends_the_request_with_the_best_so_far() -> None:
    bench = Bench(policy(route="caps = { branches = 1 }"), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert outcomes(decision) == [("model", "tiny", "accepted")]


async def test_an_unknown_price_makes_the_cost_unknown_not_zero() -> None:
    bench = Bench(policy(prices={}), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert (decision.cost_usd, decision.baseline_cost_usd, decision.savings_usd) == (None, None, None)
    assert bench.root.attributes is not None
    assert semconv.COST_NANO not in bench.root.attributes


async def test_unknown_usage_makes_cost_and_tokens_unknown_not_zero() -> None:
    bench = Bench(policy(), tiny=Replies(Reply(("Hello.",), usage=Usage())), twin=Replies(), huge=Replies())
    decision = (await bench.router.aroute(ask())).decision
    assert (decision.cost_usd, decision.savings_usd, decision.input_tokens, decision.output_tokens) == (None,) * 4


async def test_one_unknown_part_makes_the_sum_unknown() -> None:
    bench = Bench(policy(), tiny=Replies(Reply((REFUSAL,), usage=Usage())), twin=Replies(), huge=Replies("Fine."))
    decision = (await bench.router.aroute(ask())).decision
    assert decision.branches[1].cost_usd is not None
    assert decision.cost_usd is None


async def test_the_deadline_ends_the_request_whatever_is_left_to_try() -> None:
    bench = Bench(
        policy(route="deadline_s = 5"),
        tiny=Replies(Reply.saying("late", first_chunk_s=60)),
        twin=Replies(),
        huge=Replies(),
    )
    decision = await decision_of_failure(bench, ask(), DeadlineExceeded)
    assert outcomes(decision) == [("model", "tiny", "failed")]
    assert decision.branches[0].error_type == "timeout"
    assert decision.latency_ms == 5000.0


async def test_a_caller_may_shorten_the_deadline_and_not_lengthen_it() -> None:
    for stated, limit in ((2_000, 2_000.0), (3_600_000, 5_000.0)):
        bench = Bench(
            policy(route="deadline_s = 5"),
            tiny=Replies(Reply.saying("late", first_chunk_s=60)),
            twin=Replies(),
            huge=Replies(),
        )
        context = Context(deadline_ms=stated)
        assert (await decision_of_failure(bench, ask(context=context), DeadlineExceeded)).latency_ms == limit


async def test_a_models_own_timeout_falls_back_while_the_deadline_allows() -> None:
    bench = Bench(
        policy(tiny="timeout_s = 2"),
        tiny=Replies(Reply.saying("late", first_chunk_s=60)),
        twin=Replies("In time."),
        huge=Replies(),
    )
    decision = (await bench.router.aroute(ask())).decision
    assert (decision.chosen, decision.latency_ms) == ("twin", 2000.0)


async def test_a_model_that_hangs_in_real_time_is_given_up_too() -> None:
    bench = Bench(
        policy(tiny="timeout_s = 0.05"), tiny=Replies(Reply(hangs=True)), twin=Replies("Here."), huge=Replies()
    )
    assert (await bench.router.aroute(ask())).decision.chosen == "twin"


async def test_the_callers_limit_on_tokens_reaches_the_model_and_never_raises_the_routes() -> None:
    for asked, given in ((7, 7), (5_000, 100), (None, 100)):
        tiny = Replies("Hello.")
        bench = Bench(policy(), tiny=tiny, twin=Replies(), huge=Replies())
        await bench.router.aroute(ask(max_output_tokens=asked))
        assert tiny.calls[0].max_output_tokens == given


async def test_the_routes_system_prompt_goes_before_a_conversation_that_has_none() -> None:
    own = (Message("system", "mine"), Message("user", PROMPT))
    for messages, first in (((Message("user", PROMPT),), "Be brief."), (own, "mine")):
        tiny = Replies("Hello.")
        bench = Bench(policy(route='system = "Be brief."'), tiny=tiny, twin=Replies(), huge=Replies())
        await bench.router.aroute(RouteRequest(messages=messages))
        assert tiny.calls[0].messages[0] == Message("system", first)


# --- agreement --------------------------------------------------------------------------------------------------
def agreement(**scripts: Replies) -> Bench:
    return Bench(policy(validators=["polite", "second"]), **scripts)


async def test_a_probe_that_agrees_is_a_branch_and_its_cost_counts() -> None:
    bench = agreement(
        tiny=Replies(Reply(("42",), usage=Usage(10, 1))),
        twin=Replies(Reply(("42",), usage=Usage(10, 1))),
        huge=Replies(),
    )
    decision = (await bench.router.aroute(ask("What is six times seven?"))).decision
    assert outcomes(decision) == [("model", "tiny", "accepted"), ("probe", "twin", "compared")]
    assert decision.cost_usd == pytest.approx(2 * (10 + 2) / 1e6)
    assert bench.root.attributes is not None
    assert bench.root.attributes[semconv.DISCARDED_COST_NANO] == 12_000


async def test_a_probe_that_disagrees_escalates() -> None:
    bench = agreement(tiny=Replies("42"), twin=Replies("41"), huge=Replies("42"))
    decision = (await bench.router.aroute(ask("What is six times seven?"))).decision
    assert outcomes(decision) == [
        ("model", "tiny", "rejected"),
        ("probe", "twin", "compared"),
        ("model", "huge", "accepted"),
    ]


async def test_no_probe_is_paid_for_when_the_answer_fell_short_already() -> None:
    bench = agreement(tiny=Replies(REFUSAL), twin=Replies(), huge=Replies("42"))
    decision = (await bench.router.aroute(ask())).decision
    assert outcomes(decision) == [("model", "tiny", "rejected"), ("model", "huge", "accepted")]


async def test_no_probe_is_paid_for_on_the_last_branch() -> None:
    loaded = policy(validators=["second"], tiers='"large"')
    bench = Bench(loaded, tiny=Replies(), twin=Replies(), huge=Replies("42"))
    assert outcomes((await bench.router.aroute(ask())).decision) == [("model", "huge", "accepted")]


async def test_a_probe_that_fails_is_recorded_and_the_request_goes_on() -> None:
    bench = agreement(tiny=Replies("42"), twin=Replies(UpstreamFailure("500")), huge=Replies("42"))
    decision = (await bench.router.aroute(ask("What is six times seven?"))).decision
    assert ("probe", "twin", "failed") in outcomes(decision)
    assert decision.status == "ok"
    assert not decision.fell_back


async def test_a_model_is_never_its_own_probe_and_rules_hold_for_probes() -> None:
    rule = LOCAL_ONLY.replace('{ data_classes = ["sensitive"] }', "{}")
    loaded = policy(validators=["second"], probes='"tiny", "huge"', rules=rule)
    bench = Bench(loaded, tiny=Replies("42"), twin=Replies("42"), huge=Replies())
    decision = (await bench.router.aroute(ask("What is six times seven?"))).decision
    assert {branch.model for branch in decision.branches if branch.kind == "probe"} <= {"twin"}


async def test_probes_run_side_by_side_and_their_waiting_counts_once() -> None:
    loaded = policy(validators=["second"], probes='"twin", "huge"')
    slow = {name: Replies(Reply.saying("42", first_chunk_s=1.0)) for name in ("twin", "huge")}
    bench = Bench(loaded, tiny=Replies("42"), **slow)
    decision = (await bench.router.aroute(ask("What is six times seven?"))).decision
    assert [b.kind for b in decision.branches] == ["model", "probe", "probe"]
    assert decision.overhead_ms == 0.0


@pytest.mark.parametrize(("clock", "known"), [(SystemClock(), True), (ManualClock(START), False)])
async def test_our_own_time_is_unknown_where_the_clock_stands_still_meanwhile(clock: Clock, known: bool) -> None:
    router = Router.from_policy(
        policy(), clock=clock, scripts={name: Replies("42") for name in ("tiny", "twin", "huge")}
    )
    decision = (await router.aroute(ask("What is six times seven?"))).decision
    assert (decision.overhead_ms is not None) == known
    assert decision.latency_ms is not None


# --- streaming --------------------------------------------------------------------------------------------------
def tokens(events: list[Any]) -> list[tuple[int, bool]]:
    return [(event.index, event.final) for event in events if isinstance(event, Token)]


async def test_tokens_of_a_branch_that_may_be_replaced_are_drafts() -> None:
    bench = Bench(policy(), tiny=Replies("two words"), twin=Replies(), huge=Replies())
    events = await bench.events(ask())
    assert tokens(events) == [(0, False), (0, False)]
    answer = next(event for event in events if isinstance(event, Answered))
    assert (answer.text, answer.streamed) == ("two words", False)


async def test_tokens_of_the_last_branch_are_final() -> None:
    bench = Bench(policy(), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies("at last"))
    events = await bench.events(ask())
    assert {final for index, final in tokens(events) if index == 0} == {False}
    assert tokens(events)[-2:] == [(1, True), (1, True)]
    assert next(event for event in events if isinstance(event, Answered)).streamed


async def test_tokens_of_an_immediate_route_are_final_at_once() -> None:
    loaded = policy(validators=[], route='stream = "immediate"')
    bench = Bench(loaded, tiny=Replies(REFUSAL), twin=Replies(), huge=Replies())
    events = await bench.events(ask())
    assert all(final for _, final in tokens(events))
    assert next(event for event in events if isinstance(event, Answered)).text == REFUSAL


async def test_under_best_score_no_token_is_final() -> None:
    bench = Bench(policy(route='aggregator = "best_score"'), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies("Ok."))
    assert not any(final for _, final in tokens(await bench.events(ask())))


async def test_a_failure_before_the_first_byte_of_an_immediate_stream_falls_back() -> None:
    loaded = policy(validators=[], route='stream = "immediate"')
    bench = Bench(loaded, tiny=Replies(UpstreamFailure("500")), twin=Replies("Here."), huge=Replies())
    assert (await bench.router.aroute(ask())).text == "Here."


async def test_a_failure_after_the_first_byte_is_an_error_and_no_silent_restart() -> None:
    loaded = policy(validators=[], route='stream = "immediate"')
    broken = Replies(Reply.failing(UpstreamFailure("cut off"), after=("half ",)))
    bench = Bench(loaded, tiny=broken, twin=Replies(), huge=Replies())
    decision = await decision_of_failure(bench, ask(), AllBranchesFailed)
    assert outcomes(decision) == [("model", "tiny", "failed")]
    assert "failed after its answer had begun" in (decision.error_message or "")
    assert decision.branches[0].cost_usd not in (None, 0.0)
    assert decision.branches[0].cost_source == "estimated"


async def test_a_draft_that_breaks_off_falls_back_because_nobody_saw_it() -> None:
    broken = Replies(Reply.failing(UpstreamFailure("cut off"), after=("half ",)))
    bench = Bench(policy(), tiny=broken, twin=Replies("Whole."), huge=Replies())
    assert (await bench.router.aroute(ask())).text == "Whole."


async def test_events_come_in_the_order_that_is_promised() -> None:
    bench = Bench(policy(), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies("Fine."))
    order = [event.type for event in await bench.events(ask()) if event.type != "token"]
    assert order == [
        *("signals", "verdicts", "plan"),
        *("branch_started", "branch_ended", "score", "escalated"),
        *("branch_started", "branch_ended", "score"),
        *("answer", "settled"),
    ]


async def test_an_escalation_names_both_models_and_its_cause() -> None:
    bench = Bench(policy(), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies("Fine."))
    event = next(event for event in await bench.events(ask()) if isinstance(event, Escalated))
    assert (event.cause, event.from_model, event.to_model) == ("escalation", "tiny", "huge")


@pytest.mark.parametrize("last_seen", [BranchStarted, Token])
async def test_leaving_in_the_middle_cancels_the_branch_and_records_one_decision(last_seen: type) -> None:
    bench = Bench(policy(), tiny=Replies(Reply.saying("a b c d", chunk_s=1)), twin=Replies(), huge=Replies())
    async with aclosing(bench.router.stream(ask())) as events:
        async for event in events:
            if isinstance(event, last_seen):
                break
    assert bench.root.attributes is not None
    assert bench.root.attributes[semconv.STATUS] == "cancelled"
    (branch,) = bench.branches
    assert branch.attributes is not None
    assert branch.attributes[semconv.BRANCH_OUTCOME] == "cancelled"
    assert branch.attributes[semconv.COST_SOURCE] == "estimated"


async def test_cancelling_the_task_records_one_decision() -> None:
    tiny = Replies(Reply(("half ",), hangs=True))
    bench = Bench(policy(), tiny=tiny, twin=Replies(), huge=Replies())
    task = asyncio.create_task(bench.router.aroute(ask()))
    while not tiny.calls:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.root.attributes is not None
    assert bench.root.attributes[semconv.STATUS] == "cancelled"


async def test_cancelling_while_probes_run_closes_every_branch() -> None:
    twin = Replies(Reply(("4",), hangs=True))
    bench = agreement(tiny=Replies("42"), twin=twin, huge=Replies())
    task = asyncio.create_task(bench.router.aroute(ask("What is six times seven?")))
    while not twin.calls:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    found = {
        (b.attributes or {})[semconv.BRANCH_KIND]: (b.attributes or {})[semconv.BRANCH_OUTCOME] for b in bench.branches
    }
    assert found["probe"] == "cancelled"
    assert len(bench.roots) == 1


async def test_leaving_after_a_failure_was_told_leaves_it_a_failure() -> None:
    bench = Bench(policy(rules=DENY), tiny=Replies(), twin=Replies(), huge=Replies())
    async with aclosing(bench.router.stream(ask(context=Context(risk="high")))) as events:
        async for event in events:
            if isinstance(event, Failed):
                break
    assert bench.root.attributes is not None
    assert bench.root.attributes[semconv.STATUS] == "denied"


# --- what is recorded -------------------------------------------------------------------------------------------
UNSAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"


async def test_a_callers_unsampled_trace_is_linked_and_does_not_erase_the_decision() -> None:
    bench = Bench(policy(), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    await bench.router.aroute(ask(caller_traceparent=UNSAMPLED))
    assert bench.root.context is not None
    (link,) = bench.root.links
    assert f"{link.context.trace_id:032x}" == "0af7651916cd43dd8448eb211c80319c"
    assert bench.root.context.trace_id != link.context.trace_id


@pytest.mark.parametrize("header", ["", "garbage", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "00-x\ud800"])
async def test_a_broken_traceparent_is_passed_over(header: str) -> None:
    bench = Bench(policy(), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    await bench.router.aroute(ask(caller_traceparent=header))
    assert list(bench.root.links) == []


async def test_all_spans_of_a_request_stand_in_one_trace_under_one_root() -> None:
    bench = Bench(policy(), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies("Fine."))
    result = await bench.router.aroute(ask())
    assert {f"{span.context.trace_id:032x}" for span in bench.spans if span.context} == {result.decision.trace_id}
    assert [span.name for span in bench.spans] == [
        *("signals", "guard", "plan"),
        *("validate polite", "validate polite", "aggregate"),
        *("branch tiny", "branch huge", "route chat"),
    ]


async def test_every_branch_span_says_which_decision_it_belongs_to() -> None:
    bench = Bench(policy(), tiny=Replies(REFUSAL), twin=Replies(), huge=Replies("Fine."))
    await bench.router.aroute(ask())
    for branch in bench.branches:
        assert branch.attributes is not None
        assert branch.attributes[semconv.DECISION_ID] == bench.decisions[0]
        assert branch.attributes[semconv.POLICY_VERSION] == bench.loaded.version


async def test_content_stays_out_of_spans_unless_the_policy_says_so() -> None:
    secret = "the river is called Xanadu"
    for mode, kept in (("off", False), ("full", True)):
        bench = Bench(policy(telemetry=f'content = "{mode}"'), tiny=Replies(secret), twin=Replies(), huge=Replies())
        await bench.router.aroute(ask("Where is Kubla Khan's dome?"))
        written = " ".join(str(dict(span.attributes or {})) for span in bench.spans)
        assert ("Xanadu" in written, "Kubla" in written) == (kept, kept)


async def test_the_answer_waits_for_the_commit_and_says_how_it_went() -> None:
    sink = Sink("spooled")
    bench = Bench(policy(), sink=sink, tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    result = await bench.router.aroute(ask())
    assert result.commit == "spooled"
    assert [f"{trace_id:032x}" for trace_id in sink.asked] == [result.decision.trace_id]


async def test_a_strict_audit_refuses_an_answer_that_could_not_be_kept() -> None:
    loaded = policy(telemetry='audit = "strict"')
    bench = Bench(loaded, sink=Sink("not_durable"), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    with pytest.raises(NotDurable, match="audit is strict") as caught:
        await bench.router.aroute(ask())
    assert bench.decisions == [caught.value.decision_id]


async def test_a_lenient_audit_gives_the_answer_and_says_that_it_is_not_durable() -> None:
    bench = Bench(policy(), sink=Sink("not_durable"), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    assert (await bench.router.aroute(ask())).commit == "not_durable"


async def test_scripted_models_mark_a_decision_as_simulated() -> None:
    bench = Bench(policy(), tiny=Replies("Hello."), twin=Replies(), huge=Replies())
    assert (await bench.router.aroute(ask())).decision.simulated


async def test_concurrent_requests_leave_one_decision_each() -> None:
    bench = Bench(policy(), tiny=Replies("Hello.", repeat_last=True), twin=Replies(), huge=Replies())
    results = await asyncio.gather(*(bench.router.aroute(ask(f"{PROMPT} {n}")) for n in range(20)))
    assert sorted(bench.decisions) == sorted(result.decision.decision_id for result in results)


# --- faults of our own ------------------------------------------------------------------------------------------
SECRET = "sk-" + "verysecret"


class Broken:
    """A script with a bug in it."""

    def __call__(self, call: Call) -> Reply:
        raise ValueError(SECRET)


async def test_a_bug_in_a_provider_is_a_failed_branch_and_another_model_answers(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(policy(), tiny=Broken(), twin=Replies("Here."), huge=Replies())
    with caplog.at_level(logging.ERROR):
        decision = (await bench.router.aroute(ask())).decision
    assert outcomes(decision) == [("model", "tiny", "failed"), ("model", "twin", "accepted")]
    assert decision.branches[0].error_type == "internal"
    assert "ValueError" in caplog.text
    assert "test_router.py" in caplog.text
    assert SECRET not in caplog.text + str(decision)


async def test_a_bug_in_every_provider_leaves_one_failed_decision() -> None:
    bench = Bench(policy(), tiny=Broken(), twin=Broken(), huge=Broken())
    decision = await decision_of_failure(bench, ask(), AllBranchesFailed)
    assert decision.status == "failed"
    assert {branch.error_type for branch in decision.branches} == {"internal"}


class BrokenValidator:
    """A validator with a bug in it."""

    name, threshold, asking = "polite", 0.5, False

    def score(self, *_: object) -> Any:
        raise ZeroDivisionError(SECRET)


async def test_a_bug_of_the_router_leaves_one_failed_decision_of_type_internal(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(policy(), tiny=Replies("Hello.", "Hello."), twin=Replies(), huge=Replies())
    bench.router._attempts._scoring._validators = {"polite": BrokenValidator()}  # type: ignore[dict-item]
    decision = await decision_of_failure(bench, ask(), InternalFault)
    assert (decision.status, decision.error_type) == ("failed", "internal")
    assert SECRET not in caplog.text + str(decision)
    with pytest.raises(InternalFault, match=r"at fault \(ZeroDivisionError\)"):
        await bench.router.aroute(ask())


# --- hostile input ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("prompt", "error"),
    [
        ("", EmptyPrompt),
        (" \n\t", EmptyPrompt),
        ("x" * 1_000_001, PromptTooLarge),
        ("lone \ud800 surrogate", InvalidText),
        ("nul \0 byte", InvalidText),
    ],
    ids=["empty", "blank", "too large", "lone surrogate", "nul"],
)
async def test_what_no_model_could_take_is_refused_before_anything_is_recorded(
    prompt: str, error: type[RequestError]
) -> None:
    bench = Bench(policy(), tiny=Replies(), twin=Replies(), huge=Replies())
    with pytest.raises(error):
        await bench.router.aroute(ask(prompt))
    with pytest.raises(error):
        await bench.router.explain(ask(prompt))
    assert bench.spans == ()


@pytest.mark.parametrize(
    "prompt",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "\x1b[31mred\x1b[0m \x07 \u202egnirts",
        "{{7*7}} ${jndi:ldap://x} '; DROP TABLE request; --",
        "👩‍👩‍👧‍👦" * 50,
        "a\u0301" * 1000,
    ],
    ids=["html", "ansi", "templates", "emoji", "combining"],
)
async def test_hostile_text_goes_through_unchanged(prompt: str) -> None:
    tiny = Replies("Hello.")
    bench = Bench(policy(tools=["calculator"]), tiny=tiny, twin=Replies(), huge=Replies())
    assert (await bench.router.aroute(ask(prompt))).decision.status == "ok"
    assert tiny.calls[0].messages[0].content == prompt


async def test_a_million_characters_are_read_and_then_excluded_by_size() -> None:
    bench = Bench(policy(), tiny=Replies(), twin=Replies(), huge=Replies())
    decision = await decision_of_failure(bench, ask("word " * 200_000), NoEligibleModel)
    assert {c.excluded_by for c in decision.candidates} == {"context_window"}


# --- explain and route ------------------------------------------------------------------------------------------
async def test_explain_calls_no_model_and_records_nothing() -> None:
    bench = Bench(policy(), tiny=Replies(), twin=Replies(), huge=Replies())
    decision = await bench.router.explain(ask())
    assert decision.status == "planned"
    assert decision.branches == ()
    assert (decision.cost_usd, decision.latency_ms) == (None, None)
    assert decision.reason.startswith("tiny would be asked first")
    assert [c.model for c in decision.candidates] == ["tiny", "twin", "huge"]
    assert bench.spans == ()


async def test_explain_says_that_a_tool_would_answer() -> None:
    bench = Bench(policy(tools=["calculator"]), tiny=Replies(), twin=Replies(), huge=Replies())
    decision = await bench.router.explain(ask("12*7"))
    assert outcomes(decision) == [("tool", "calculator", "planned")]
    assert decision.reason.startswith("calculator would answer")


async def test_explain_tells_a_denial_instead_of_raising_it() -> None:
    bench = Bench(policy(rules=DENY), tiny=Replies(), twin=Replies(), huge=Replies())
    decision = await bench.router.explain(ask(context=Context(risk="high")))
    assert (decision.status, decision.error_type) == ("planned", "denied")
    assert "Ask a person" in decision.reason


def test_route_works_without_an_event_loop_and_more_than_once() -> None:
    bench = Bench(policy(), tiny=Replies("One.", "Two."), twin=Replies(), huge=Replies())
    assert bench.router.route(PROMPT).text == "One."
    assert bench.router.route(ask()).text == "Two."
    assert len(bench.roots) == 2
