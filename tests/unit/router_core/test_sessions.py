"""A conversation stays with the model that answered it, among those that may; leaving it is told with its price."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from router_core import semconv
from router_core.errors import StateUnavailable, UpstreamFailure
from router_core.functions import Function, FunctionCall
from router_core.policy.loading import parse_policy
from router_core.pricing import TokenPrice, Usage
from router_core.providers.scripted import Replies, Reply
from router_core.request import Context, Message, RouteRequest
from router_core.result import CandidateRecord, Decision
from router_core.router import Router
from router_core.sessions import Session, cold_cost
from router_core.state.entries import MemoryEntries, tenant_owner
from tests.routing import PRICES, Bench, policy

REFUSAL = "I'm sorry, but I can't help with that."
STICKY = "sticky = { ttl_s = 600 }"
CACHED = {
    **PRICES,
    "huge": 'price = { kind = "tokens", input = "10", output = "20", cache_read = "1" }',
}
GREETING = Message("user", "Tell me something about rivers")


def bench(route: str = STICKY, **fields: Any) -> Bench:
    scripts: dict[str, Any] = {
        "tiny": Replies(REFUSAL, "A small answer about it.", repeat_last=True),
        "twin": Replies("A twin's answer about it.", repeat_last=True),
        "huge": Replies("A large answer about it.", repeat_last=True),
    }
    scripts |= {name: fields.pop(name) for name in list(fields) if name in scripts}
    return Bench(policy(route=route, **fields), **scripts)


def turn(*more: str, opening: Message = GREETING, **fields: Any) -> RouteRequest:
    """The conversation with its answers so far, an answer and a further question by turns."""
    roles = ("assistant", "user")
    said = (Message(roles[at % 2], text) for at, text in enumerate(more))  # type: ignore[arg-type]
    return RouteRequest(messages=(opening, *said), **fields)


async def decide(made: Bench, request: RouteRequest) -> Decision:
    return (await made.router.aroute(request)).decision


async def begun(made: Bench, **fields: Any) -> Decision:
    """The first turn: tiny refuses, so that huge answers."""
    decision = await decide(made, turn(**fields))
    assert (decision.chosen, decision.escalated) == ("huge", True)
    return decision


def candidate(decision: Decision, name: str) -> CandidateRecord:
    return next(one for one in decision.candidates if one.model == name)


async def test_the_next_turn_goes_first_to_the_model_that_answered() -> None:
    made = bench()
    await begun(made)
    decision = await decide(made, turn("A large answer.", "And the Rhine?"))
    assert [branch.model for branch in decision.branches] == ["huge"]
    assert "stayed with huge since it answered this conversation before" in decision.reason
    assert candidate(decision, "huge").answered_before
    assert candidate(decision, "huge").propensity == 1.0
    assert not candidate(decision, "tiny").answered_before


async def test_a_route_that_is_not_sticky_remembers_nothing() -> None:
    made = bench(route="")
    await begun(made)
    decision = await decide(made, turn("A large answer.", "And the Rhine?"))
    assert [branch.model for branch in decision.branches] == ["tiny"]
    assert all(name not in (made.roots[-1].attributes or {}) for name in (semconv.SESSION_OUTCOME,))


async def test_a_conversation_that_only_begins_alike_is_not_taken_for_another_s_next_turn() -> None:
    made = bench()
    await begun(made)
    assert (await decide(made, turn())).chosen == "tiny"


@pytest.mark.parametrize(
    "other",
    [
        Context(tenant="beta"),
        Context(key="another"),
        Context(session_id="named"),
    ],
    ids=["tenant", "key", "named"],
)
async def test_nobody_else_s_conversation_is_met(other: Context) -> None:
    made = bench()
    await begun(made)
    assert (await decide(made, turn("A large answer.", "And the Rhine?", context=other))).chosen == "tiny"


async def test_a_session_id_names_a_conversation_whatever_it_says() -> None:
    made = bench()
    named = Context(session_id="s-1\ud800")
    await begun(made, context=named)
    assert (await decide(made, turn(opening=Message("user", "Something else now"), context=named))).chosen == "huge"


async def test_a_conversation_is_forgotten_when_nobody_goes_on_with_it_and_not_before() -> None:
    made = bench()
    await begun(made)
    for _ in range(3):
        made.clock.advance(599)
        assert (await decide(made, turn("A.", "And then?"))).chosen == "huge"
    made.clock.advance(601)
    assert (await decide(made, turn("A.", "And then?"))).chosen == "tiny"


@pytest.mark.parametrize("purpose", ["canary", "shadow", "judge"])
async def test_errands_neither_read_nor_write_sessions(purpose: Any) -> None:
    made = bench(tiny=Replies(REFUSAL, REFUSAL, "A small answer about it.", repeat_last=True))
    await begun(made, purpose=purpose)
    await begun(made)
    decision = await decide(made, turn("A.", "And then?", purpose=purpose))
    assert decision.chosen == "tiny"
    assert semconv.SESSION_OUTCOME not in (made.roots[-1].attributes or {})


async def test_the_guard_goes_before_the_session_and_the_decision_says_what_leaving_costs() -> None:
    rule = """
[[rules]]
name = "stays-here"
any_of = [{ tags = ["private"] }]
then = { kind = "require", location = "local" }
"""
    prices = {**PRICES, "tiny": 'price = { kind = "tokens", input = "1", output = "2", cache_read = "0.1" }'}
    made = bench(rules=rule, prices=prices)
    await begun(made)
    decision = await decide(made, turn("A.", "And then?", context=Context(tags=("private",))))
    assert decision.chosen == "tiny"
    assert "It left huge, which answered this conversation before (rule:stays-here" in decision.reason
    attributes = made.roots[-1].attributes or {}
    assert attributes[semconv.SESSION_OUTCOME] == "left"
    assert attributes[semconv.SESSION_MODEL] == "huge"
    cold = attributes[semconv.SESSION_COLD_CACHE_NANO]
    assert isinstance(cold, int)
    assert cold > 0
    assert cold % 900 == 0  # a token read anew costs 1,000 nano-USD, from a warm cache 100


async def test_what_a_cold_cache_costs_is_unknown_where_no_price_says_so() -> None:
    made = bench(huge=Replies("A large answer about it.", UpstreamFailure("it is down"), repeat_last=True))
    await begun(made)
    decision = await decide(made, turn("A.", "And then?"))
    assert (decision.chosen, decision.fell_back) == ("tiny", True)
    assert "it failed: " in decision.reason
    assert decision.reason.endswith("what reading the conversation anew costs is not known.")
    assert semconv.SESSION_COLD_CACHE_NANO not in (made.roots[-1].attributes or {})
    assert candidate(decision, "tiny").cold_cache_usd is None


async def test_an_escalation_leaves_the_model_and_is_told_with_its_price() -> None:
    made = bench(
        prices=CACHED, tiny=Replies("A small answer about it.", REFUSAL), huge=Replies("A large answer about it.")
    )
    assert (await decide(made, turn())).chosen == "tiny"
    decision = await decide(made, turn("A.", "And then?"))
    assert (decision.chosen, decision.escalated) == ("huge", True)
    assert "It left tiny, which answered this conversation before (it scored low on polite)" in decision.reason
    assert "more than from a warm cache" in decision.reason
    assert candidate(decision, "huge").cold_cache_usd is not None
    assert candidate(decision, "tiny").cold_cache_usd is None


async def test_an_explanation_says_that_it_would_stay_and_changes_nothing() -> None:
    made = bench()
    await begun(made)
    next_turn = turn("A.", "And then?")
    explained = await made.router.explain(next_turn)
    assert explained.status == "planned"
    assert "huge would be asked first: stayed with huge" in explained.reason
    assert len(made.roots) == 1


async def test_another_policy_still_knows_the_conversation() -> None:
    made = bench()
    await begun(made)
    scripts = {name: made.scripts[name] for name in ("tiny", "twin", "huge")}
    loaded = policy(route=STICKY, top='owner = "somebody else"')
    following = Router.from_policy(loaded, scripts=scripts, clock=made.clock, previous=made.router)
    assert (await following.aroute(turn("A.", "And then?"))).decision.chosen == "huge"


async def test_a_tenant_that_is_erased_is_met_as_a_stranger() -> None:
    made = bench()
    await begun(made, context=Context(tenant="acme"))
    assert await made.router.entries.forget([tenant_owner("acme")]) == 1
    again = turn("A.", "And then?", context=Context(tenant="acme"))
    assert (await decide(made, again)).chosen == "tiny"


class Away(MemoryEntries):
    """A store that cannot be reached."""

    async def get(self, *_: object) -> bytes | None:
        raise StateUnavailable("the store is away")

    async def put(self, *_: object) -> None:
        raise StateUnavailable("the store is away")


async def test_a_store_that_is_away_holds_nobody_up() -> None:
    made = bench()
    made.router = Router.from_policy(
        made.loaded, scripts=made.scripts, clock=made.clock, entries=Away(made.clock), state=made.state
    )
    assert (await made.router.aroute(turn("A.", "And then?"))).decision.chosen == "huge"


def test_tokens_that_are_warm_elsewhere_cost_what_reading_them_anew_costs_more() -> None:
    price = TokenPrice(Decimal("2"), Decimal("8"), Decimal("0.5"))
    session = Session("a", 1000)
    assert cold_cost(price, session.cold_tokens(5000, None)) == 1_500_000
    assert cold_cost(price, session.cold_tokens(400, None)) == 600_000
    assert cold_cost(price, session.cold_tokens(5000, 300)) == 1_050_000
    assert cold_cost(price, Session("a", None).cold_tokens(5000, None)) is None
    assert cold_cost(TokenPrice(Decimal("2"), Decimal("8")), 1000) is None
    assert cold_cost(None, 1000) is None


# --- tool loops -----------------------------------------------------------------------------------------------------

TOOLS = 'capabilities = ["tools"]'
LOOKUP = (Function("lookup"),)


def loop(*results: str, **fields: Any) -> RouteRequest:
    messages: list[Message] = [GREETING]
    for at, result in enumerate(results):
        call = FunctionCall(f"c{at}", "lookup", f'{{"try": {at}}}')
        messages += [Message("assistant", "", (call,)), Message("tool", result, answers=f"c{at}")]
    return RouteRequest(messages=tuple(messages), functions=LOOKUP, **fields)


def with_tools(route: str) -> Bench:
    tiny, twin, huge = (Replies(f"The answer of {name}.", repeat_last=True) for name in ("tiny", "twin", "huge"))
    text = policy().text.replace('capabilities = ["json"]', TOOLS)
    text = text.replace("max_output_tokens = 100\n", f"max_output_tokens = 100\n{route}\n")
    return Bench(parse_policy(text, Path("test.toml")), tiny=tiny, twin=twin, huge=huge)


async def test_a_loop_in_trouble_goes_on_with_a_stronger_model() -> None:
    made = with_tools("escalate_on_tool_trouble = 0.5")
    assert (await decide(made, loop("4 degrees", "Error"))).chosen == "tiny"
    decision = await decide(made, loop("Error: 1", "Error: 2"))
    assert (decision.chosen, decision.signals.tool_errors, decision.signals.tool_trouble) == ("huge", 2, 0.5)
    assert "the last tool calls went badly (2 said an error, 2 rounds: 0.50 of 0.50)" in decision.reason
    assert not decision.escalated


async def test_a_loop_in_trouble_leaves_even_the_model_that_it_was_to_stay_with() -> None:
    made = with_tools(f"escalate_on_tool_trouble = 0.5\n{STICKY}")
    await decide(made, loop("4 degrees"))
    assert (await decide(made, loop("4 degrees", "Error"))).chosen == "tiny"
    decision = await decide(made, loop("Error: 1", "Error: 2"))
    assert decision.chosen == "huge"
    assert "It left tiny, which answered this conversation before (the last tool calls went badly" in decision.reason


async def test_where_nobody_is_stronger_the_plan_stays_as_it_was() -> None:
    made = with_tools("escalate_on_tool_trouble = 0.5")
    rule = RouteRequest(messages=loop("Error", "Error").messages, route="huge", functions=LOOKUP)
    assert (await decide(made, rule)).chosen == "huge"


async def test_rules_can_ask_how_tool_calls_went() -> None:
    rule = """
[[rules]]
name = "gone-astray"
any_of = [{ min_tool_trouble = 0.5 }, { min_tool_rounds = 3 }]
then = { kind = "deny", message = "ask a person" }
"""
    made = bench(route="", rules=rule, tiny=Replies("Fine.", repeat_last=True))

    async def verdict(request: RouteRequest) -> str:
        return (await made.router.explain(request)).verdicts[0].outcome

    assert await verdict(loop("4 degrees")) == "passed"
    assert await verdict(loop("Error: 1", "Error: 2")) == "denied"
    assert await verdict(loop("fine", "good", "well")) == "denied"
    assert await verdict(turn()) == "passed"


async def test_tokens_of_the_last_turn_are_what_may_be_warm() -> None:
    made = bench(tiny=Replies(Reply.saying("A small answer about it.", usage=Usage(100, 20)), REFUSAL), prices=CACHED)
    await decide(made, turn())
    decision = await decide(made, turn("A.", " ".join(["word"] * 500)))
    assert (decision.chosen, decision.escalated) == ("huge", True)
    assert "reading about 120 tokens of it anew costs $0.001080 more" in decision.reason
