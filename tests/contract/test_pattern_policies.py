"""What the shipped policies promise, one sentence a test, played with scripted models at the real models' prices."""

from __future__ import annotations

import pytest

from router_core.errors import BudgetExhausted, ContentFiltered, ContextTooLong, RequestDenied, UpstreamFailure
from router_core.functions import Function, FunctionCall
from router_core.providers.scripted import Replies, Reply
from router_core.request import Context, Message, Role, RouteRequest
from router_core.result import Decision
from router_core.state.store import Account, Claim, Hold
from tests.routing import Bench
from tests.shipped import shipped_bench
from tests.state import at_once

SUMMARISE = "Summarise this in one sentence: " + "The river rises in the mountains and flows to the sea. " * 8
CODE = "Write a Python function that reverses a linked list in place."
CHAT = "How are you today, my friend?"
HARD = (
    "Compare the two designs, explain why the first one scales better, and prove that its worst case is bounded. "
    "Then evaluate the trade-offs: if latency doubles, what follows for throughput, and because of which assumption? "
    "Derive the formula step by step, justify each step, and assess whether 3 or 5 replicas are needed. " * 2
)
GOOD = "The river flows from the mountains down to the sea."
REFUSAL = "I'm sorry, but I cannot help with that."


async def decide(bench: Bench, prompt: str, route: str | None = None, **context: object) -> Decision:
    request = RouteRequest.from_prompt(prompt, route=route, context=Context(**context))  # type: ignore[arg-type]
    return (await bench.router.aroute(request)).decision


def asked(decision: Decision) -> list[str]:
    return [branch.model for branch in decision.branches]


def excluded(decision: Decision, model: str) -> str:
    candidate = next(candidate for candidate in decision.candidates if candidate.model == model)
    return f"{candidate.excluded_by}: {candidate.excluded_reason}"


# --- cost -------------------------------------------------------------------------------------------------------
async def test_a_request_goes_to_the_cheapest_model_above_the_floor_of_quality() -> None:
    decision = await decide(shipped_bench("cost", gemini_small=Replies(GOOD), gpt_small=Replies(GOOD)), CHAT)
    costs = {c.model: c.expected_cost_usd or 0 for c in decision.candidates}
    assert decision.chosen == min(("gpt-small", "gemini-small"), key=costs.__getitem__)
    assert decision.savings_usd is not None
    assert decision.savings_usd > 0


async def test_a_cheap_model_below_the_floor_for_code_is_not_asked_for_code() -> None:
    decision = await decide(shipped_bench("cost", gpt_small=Replies("def reverse(head): ...")), CODE)
    assert decision.signals.intent == "code"
    assert decision.chosen == "gpt-small"
    assert "quality is 0.62" in excluded(decision, "gemini-small")


async def test_default_is_small_and_only_a_failed_answer_escalates() -> None:
    bench = shipped_bench("cost", gpt_small=Replies(GOOD, REFUSAL), gemini_small=Replies(), claude_large=Replies(GOOD))
    assert asked(await decide(bench, CHAT, "small-first")) == ["gpt-small"]
    escalated = await decide(bench, CHAT, "small-first")
    assert (asked(escalated), escalated.escalated) == (["gpt-small", "claude-large"], True)


async def test_a_team_that_spent_its_day_goes_on_with_the_cheapest_model_alone() -> None:
    bench = shipped_bench("cost", gpt_small=Replies(GOOD), gemini_small=Replies(GOOD))
    spend(bench, "team/tenant=acme", "2026-11-23", usd=20)
    decision = await decide(bench, CHAT, "small-first", tenant="acme")
    assert [verdict.outcome for verdict in decision.verdicts if verdict.rule == "budget:team"] == ["excluded"]
    assert len([c for c in decision.candidates if c.excluded_by == "budget:team"]) == 2


async def test_a_company_that_spent_its_month_is_refused() -> None:
    bench = shipped_bench("cost")
    spend(bench, "company", "2026-11", usd=2000)
    with pytest.raises(BudgetExhausted, match="budget company is exhausted"):
        await decide(bench, CHAT)


def spend(bench: Bench, account: str, period: str, *, usd: int) -> None:
    hold = at_once(bench.state.hold([Claim(Account(account, period), None)], usd * 10**9, 2**62))
    assert isinstance(hold, Hold)
    bench.state.settle(hold, usd * 10**9)


# --- latency ----------------------------------------------------------------------------------------------------
async def test_the_model_that_answered_fastest_of_late_is_asked_first() -> None:
    bench = shipped_bench("latency", **{name: paced(ms) for name, ms in PACES.items()})
    await measure(bench)
    decision = await decide(bench, CHAT, "quick")
    assert decision.chosen == "oss-small"
    assert decision.reason.startswith("oss-small answered: the fastest first: oss-small (median ")


async def test_a_latency_target_gets_the_cheapest_model_that_keeps_it() -> None:
    bench = shipped_bench("latency", **{name: paced(ms) for name, ms in PACES.items()})
    await measure(bench)
    decision = await decide(bench, CHAT, "quick", latency_target_ms=100_000)
    costs = {c.model: c.expected_cost_usd or 0 for c in decision.candidates if c.excluded_by is None}
    assert decision.chosen == min(costs, key=costs.__getitem__)


async def test_a_request_in_a_hurry_never_waits_for_a_large_model() -> None:
    bench = shipped_bench("latency", gpt_small=Replies(GOOD))
    decision = await decide(bench, CHAT, "quick", deadline_ms=2000)
    assert excluded(decision, "claude-large").startswith("rule:hurry-means-small")


async def test_of_two_that_race_the_first_good_answer_counts_and_both_are_paid() -> None:
    bench = shipped_bench("latency", gpt_small=Replies(GOOD), gemini_small=Replies(Reply(hangs=True)))
    decision = await decide(bench, CHAT, "race")
    assert decision.chosen == "gpt-small"
    assert sorted(branch.outcome for branch in decision.branches) == ["accepted", "cancelled"]
    assert all(branch.cost_usd is not None for branch in decision.branches)


PACES = {"gpt_small": 800, "gemini_small": 500, "oss_small": 120, "claude_large": 2000}


def paced(ms: int) -> Replies:
    return Replies(*[Reply.saying(GOOD, first_chunk_s=ms / 1000)] * 40)


async def measure(bench: Bench) -> None:
    for model in bench.loaded.policy.models:
        for _ in range(10):
            await decide(bench, CHAT, model)


# --- specialists ------------------------------------------------------------------------------------------------
async def test_summarisation_goes_to_the_small_model() -> None:
    decision = await decide(shipped_bench("specialists", gpt_small=Replies(GOOD)), SUMMARISE)
    assert (decision.signals.intent, decision.chosen) == ("summarise", "gpt-small")


async def test_code_goes_to_the_model_that_is_specialised_in_it() -> None:
    decision = await decide(shipped_bench("specialists", claude_large=Replies("def reverse(head): ...")), CODE)
    assert decision.chosen == "claude-large"


async def test_a_very_long_prompt_needs_the_large_window() -> None:
    decision = await decide(shipped_bench("specialists", gemini_large=Replies(GOOD)), "word " * 70_000)
    assert decision.chosen == "gemini-large"
    assert excluded(decision, "gpt-small").startswith("rule:long-prompts-need-a-large-window")


async def test_a_hard_question_is_not_given_to_a_small_model() -> None:
    bench = shipped_bench(
        "specialists", claude_large=Replies(GOOD), gemini_large=Replies(GOOD), gpt_large=Replies(GOOD)
    )
    decision = await decide(bench, HARD)
    assert decision.signals.complexity >= 0.45
    assert excluded(decision, "gpt-small").startswith("rule:hard-questions-skip-the-small-models")
    assert decision.chosen is not None
    assert decision.chosen.endswith("-large")


async def test_a_german_prompt_that_must_stay_in_europe_stays_there() -> None:
    bench = shipped_bench("specialists", mistral_small=Replies("Der Fluss fließt aus den Bergen hinab ins Meer."))
    prompt = "Bitte erzähle mir etwas über den Fluss, der durch unsere schöne alte Stadt fließt."
    decision = await decide(bench, prompt, tags=("eu-only",))
    assert decision.chosen == "mistral-small"
    assert "its region is us, the rule asks for eu" in excluded(decision, "gpt-small")


# --- reliability ------------------------------------------------------------------------------------------------
DOWN = UpstreamFailure("it says 503")


async def test_a_failed_call_is_made_again_at_the_other_deployment() -> None:
    decision = await decide(shipped_bench("reliability", gpt_small=Replies(DOWN, GOOD)), CHAT, "steady")
    first, second = decision.branches
    assert {first.deployment, second.deployment} == {"first", "second"}
    assert decision.chosen == "gpt-small"


async def test_a_model_that_stays_down_falls_back_to_the_next() -> None:
    bench = shipped_bench("reliability", gpt_small=Replies(DOWN, DOWN), claude_small=Replies(GOOD))
    decision = await decide(bench, CHAT, "steady")
    assert asked(decision) == ["gpt-small", "gpt-small", "claude-small"]
    assert decision.fell_back


async def test_an_answer_stopped_by_a_safety_filter_goes_to_the_safety_model() -> None:
    filtered = ContentFiltered("its safety filter stopped the answer")
    bench = shipped_bench("reliability", gpt_small=Replies(filtered), claude_small=Replies(GOOD))
    assert asked(await decide(bench, CHAT, "steady")) == ["gpt-small", "claude-small"]


async def test_a_prompt_that_a_model_finds_too_long_goes_to_the_larger_window() -> None:
    too_long = ContextTooLong("the prompt does not fit")
    bench = shipped_bench("reliability", gpt_small=Replies(too_long), gemini_large=Replies(GOOD))
    assert asked(await decide(bench, CHAT, "steady")) == ["gpt-small", "gemini-large"]


async def test_the_answer_that_most_of_three_models_give_is_given() -> None:
    bench = shipped_bench(
        "reliability", gpt_small=Replies("42"), claude_small=Replies("41"), gemini_small=Replies("The answer is 42.")
    )
    decision = await decide(bench, "What do you get for six times seven, roughly speaking?", "majority")
    assert decision.chosen in ("gpt-small", "gemini-small")
    assert len(decision.branches) == 3


# --- split ------------------------------------------------------------------------------------------------------
async def test_a_twentieth_of_the_users_gets_the_new_model_and_each_user_always_the_same() -> None:
    bench = shipped_bench("split", gpt_small=Replies(*[GOOD] * 1200), gemini_small=Replies(*[GOOD] * 400))
    chosen = {}
    for number in range(600):
        user = f"user {number}"
        decision = await decide(bench, CHAT, sticky_key=user)
        chosen[user] = decision.chosen
        assert [c.propensity for c in decision.candidates if c.model == "gemini-small"] == [0.05]
    share = sum(model == "gemini-small" for model in chosen.values()) / len(chosen)
    assert 0.02 < share < 0.09
    for user in list(chosen)[:50]:
        assert (await decide(bench, CHAT, sticky_key=user)).chosen == chosen[user]


# --- agents -----------------------------------------------------------------------------------------------------
def turns(*said: tuple[Role, str], route: str) -> RouteRequest:
    return RouteRequest(messages=tuple(Message(role, text) for role, text in said), route=route, temperature=0)


def loop(*results: str) -> RouteRequest:
    """A question, and for each result the same call before it."""
    messages = [Message("user", CHAT)]
    for number, result in enumerate(results):
        call = FunctionCall(f"call_{number}", "find", '{"name": "Vantage"}')
        messages += [Message("assistant", "", (call,)), Message("tool", result, answers=call.call_id)]
    functions = (Function("find", "Find a customer.", {"type": "object"}),)
    return RouteRequest(messages=tuple(messages), route="agent", functions=functions)


async def test_a_conversation_stays_with_the_model_that_answered_it() -> None:
    bench = shipped_bench("agents", gpt_small=Replies(REFUSAL, GOOD), claude_large=Replies(GOOD, GOOD))
    first = (await bench.router.aroute(turns(("user", CHAT), route="assistant"))).decision
    again = turns(("user", CHAT), ("assistant", GOOD), ("user", "And how far is it?"), route="assistant")
    second = (await bench.router.aroute(again)).decision
    assert (asked(first), asked(second)) == (["gpt-small", "claude-large"], ["claude-large"])
    assert "stayed with claude-large" in second.reason


async def test_a_tool_loop_that_fails_goes_on_with_the_large_model() -> None:
    well = shipped_bench("agents", gpt_small=Replies(GOOD))
    assert asked((await well.router.aroute(loop('{"id": 7}'))).decision) == ["gpt-small"]
    badly = shipped_bench("agents", claude_large=Replies(GOOD))
    failed = '{"error": "no such customer"}'
    assert asked((await badly.router.aroute(loop(failed, failed))).decision) == ["claude-large"]


async def test_a_loop_without_end_is_ended() -> None:
    with pytest.raises(RequestDenied, match="endless-loop"):
        await shipped_bench("agents").router.aroute(loop(*[f"{number}" for number in range(24)]))


async def test_a_lookup_that_comes_again_is_answered_from_the_cache_at_no_cost() -> None:
    bench = shipped_bench("agents", gpt_small=Replies(GOOD))
    asked_twice = turns(("user", CHAT), route="lookup")
    first, second = [(await bench.router.aroute(asked_twice)) for _ in range(2)]
    assert first.text == second.text == GOOD
    assert [branch.kind for branch in second.decision.branches] == ["cache"]
    assert second.decision.cost_usd == 0
    assert second.decision.savings_usd is not None
    assert second.decision.savings_usd > 0
