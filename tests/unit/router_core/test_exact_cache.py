"""The same request gets the same answer again, for nothing, and only where policy, caller and guard allow it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from router_core import semconv
from router_core.cache_control import CacheControl
from router_core.errors import StateUnavailable, UpstreamFailure
from router_core.events import Answered, BranchEnded, BranchStarted, Token
from router_core.functions import Function, FunctionCall
from router_core.images import Image
from router_core.policy.loading import parse_policy
from router_core.pricing import Usage
from router_core.providers.scripted import Replies, Reply
from router_core.request import Context, Message, RouteRequest
from router_core.result import Decision
from router_core.router import Router
from router_core.state.entries import MemoryEntries, decision_owner, tenant_owner
from tests.routing import Bench, policy

CACHE = "cache = { ttl_s = 600 }"
PROMPT = "Tell me something about rivers"


def bench(route: str = CACHE, *, tiny: Replies | None = None, **fields: Any) -> Bench:
    answers = tiny or Replies("The first answer.", "The second answer.", "The third answer.", repeat_last=True)
    return Bench(policy(route=route, **fields), tiny=answers, twin=Replies(), huge=Replies("Large.", repeat_last=True))


def ask(prompt: str = PROMPT, **fields: Any) -> RouteRequest:
    return RouteRequest.from_prompt(prompt, **{"temperature": 0.0, **fields})


async def told(made: Bench, request: RouteRequest) -> tuple[str, str | None]:
    result = await made.router.aroute(request)
    return result.text, result.decision.chosen_kind


async def decide(made: Bench, request: RouteRequest) -> Decision:
    return (await made.router.aroute(request)).decision


# --- a hit ----------------------------------------------------------------------------------------------------------


async def test_a_hit_is_a_branch_that_costs_nothing_and_the_baseline_is_what_the_answer_would_have_taken() -> None:
    made = bench(tiny=Replies(Reply.saying("The answer.", usage=Usage(100, 20)), repeat_last=True))
    first = await decide(made, ask())
    made.clock.advance(180)
    decision = await decide(made, ask())
    (branch,) = decision.branches
    assert (branch.kind, branch.model, branch.outcome, branch.cost_usd) == ("cache", "cache", "accepted", 0)
    assert (branch.input_tokens, branch.output_tokens, branch.finish_reason) == (0, 0, "stop")
    assert (decision.chosen, decision.chosen_kind, decision.cost_usd, decision.status) == ("cache", "cache", 0, "ok")
    # huge reads 100 tokens at 10 USD a million, and writes 20 at 20.
    assert (decision.baseline_model, decision.baseline_cost_usd) == ("huge", 0.0014)
    assert (decision.savings_usd, decision.baseline_source) == (0.0014, "estimated")
    assert decision.reason == (
        "The cache answered, with no model called: tiny gave this answer to the same request 3 min ago "
        f"(decision {first.decision_id})."
    )
    assert not decision.escalated
    assert not decision.fell_back


async def test_a_hit_leaves_the_spans_of_a_decision() -> None:
    made = bench()
    await made.router.aroute(ask())
    made.exporter.clear()
    await made.router.aroute(ask())
    (span,) = made.branches
    attributes = span.attributes or {}
    assert span.name == "cache"
    assert attributes[semconv.BRANCH_KIND] == "cache"
    assert semconv.REQUEST_MODEL not in attributes
    assert semconv.OPERATION_NAME not in attributes
    assert (made.root.attributes or {})[semconv.CHOSEN_KIND] == "cache"
    assert [one.name for one in made.spans] == ["signals", "guard", "cache", "route chat"]


async def test_who_watches_sees_the_branch_and_then_the_whole_answer() -> None:
    made = bench()
    await made.router.aroute(ask())
    events = await made.events(ask())
    assert not any(isinstance(event, Token) for event in events)
    started = next(event for event in events if isinstance(event, BranchStarted))
    ended = next(event for event in events if isinstance(event, BranchEnded))
    answer = next(event for event in events if isinstance(event, Answered))
    assert (started.kind, ended.branch.outcome) == ("cache", "accepted")
    assert (answer.text, answer.kind, answer.finish_reason) == ("The first answer.", "cache", "stop")


async def test_an_explanation_tells_whether_there_would_be_a_hit() -> None:
    made = bench()
    assert (await made.router.explain(ask())).reason.endswith("The cache holds no answer to it.")
    await made.router.aroute(ask())
    planned = await made.router.explain(ask())
    assert planned.reason.startswith("The cache would answer, with no model called: tiny gave this answer")
    assert [(branch.kind, branch.outcome) for branch in planned.branches] == [("cache", "planned")]
    warm = await made.router.explain(ask(temperature=0.7))
    assert warm.reason.endswith("It passes the cache by: its temperature is above 0.")


async def test_calls_of_functions_come_back_as_they_were() -> None:
    call = FunctionCall("c1", "lookup", '{"city": "Oslo"}')
    text = policy(route=CACHE).text.replace('capabilities = ["json"]', 'capabilities = ["tools"]')
    reply = Reply(calls=(call,), finish_reason="tool_calls")
    loaded = parse_policy(text, Path("test.toml"))
    made = Bench(loaded, tiny=Replies(reply), twin=Replies(), huge=Replies())
    request = ask(functions=(Function("lookup", parameters={"type": "object"}),))
    results = [await made.router.aroute(request) for _ in range(2)]
    assert [result.decision.chosen_kind for result in results] == ["model", "cache"]
    assert [(result.calls, result.finish_reason) for result in results] == [((call,), "tool_calls")] * 2


# --- who gets none --------------------------------------------------------------------------------------------------


async def test_without_a_word_in_the_policy_everything_is_answered_anew() -> None:
    made = bench(route="")
    assert [await told(made, ask()) for _ in range(2)] == [
        ("The first answer.", "model"),
        ("The second answer.", "model"),
    ]
    assert "cache" not in [span.name for span in made.spans]


async def test_an_answer_is_given_for_as_long_as_the_policy_says() -> None:
    made = bench()
    await told(made, ask())
    made.clock.advance(599)
    assert (await told(made, ask()))[1] == "cache"
    made.clock.advance(2)
    assert await told(made, ask()) == ("The second answer.", "model")


@pytest.mark.parametrize(
    ("route", "temperature", "kind"),
    [
        ("cache = {}", None, "model"),
        ("cache = {}", 0.0, "cache"),
        ("cache = {}", 0.1, "model"),
        ("cache = { max_temperature = 1 }", None, "cache"),
        ("cache = { max_temperature = 0.5 }", None, "model"),
        ("cache = { max_temperature = 0.5 }", 0.5, "cache"),
        ("cache = { max_temperature = 1 }", 1.5, "model"),
    ],
)
async def test_a_request_that_wants_variety_gets_it(route: str, temperature: float | None, kind: str) -> None:
    made = bench(route=route)
    await told(made, ask(temperature=temperature))
    assert (await told(made, ask(temperature=temperature)))[1] == kind


@pytest.mark.parametrize(
    ("route", "data_class", "kind"),
    [
        ("cache = {}", "internal", "cache"),
        ("cache = {}", "public", "cache"),
        ("cache = {}", "sensitive", "model"),
        ('cache = { max_data_class = "public" }', "internal", "model"),
        ('cache = { max_data_class = "regulated" }', "regulated", "cache"),
    ],
)
async def test_nothing_is_kept_of_data_that_the_policy_protects(route: str, data_class: Any, kind: str) -> None:
    made = bench(route=route)
    request = ask(context=Context(data_class=data_class))
    await told(made, request)
    assert (await told(made, request))[1] == kind


@pytest.mark.parametrize(("route", "kind"), [("cache = {}", "model"), ("cache = { personal_data = true }", "cache")])
async def test_personal_data_are_kept_only_where_the_policy_says_so(route: str, kind: str) -> None:
    made = bench(route=route)
    request = ask("Write to anna.lind@example.org about rivers")
    await told(made, request)
    assert (await told(made, request))[1] == kind


REDACT = """
[[rules]]
name = "no-names"
any_of = [{ pii = true }]
then = { kind = "redact", restore = true }
"""


async def test_what_is_redacted_is_kept_redacted_and_everybody_gets_his_own_data_back() -> None:
    made = bench(rules=REDACT, tiny=Replies("I will write to [email-1] about it.", repeat_last=True))
    anna, ben = (ask(f"Write to {name}@example.org about rivers") for name in ("anna.lind", "ben.holt"))
    assert await told(made, anna) == ("I will write to anna.lind@example.org about it.", "model")
    assert await told(made, ben) == ("I will write to ben.holt@example.org about it.", "cache")


async def test_a_prompt_with_an_image_is_always_looked_at_anew() -> None:
    text = policy(route=CACHE).text.replace('capabilities = ["json"]', 'capabilities = ["images"]')
    loaded = parse_policy(text, Path("test.toml"))
    made = Bench(loaded, tiny=Replies("One.", "Two."), twin=Replies(), huge=Replies())
    message = Message("user", PROMPT, parts=(PROMPT, Image("https://example.org/a.png")))
    request = RouteRequest(messages=(message,), temperature=0)
    assert [await told(made, request) for _ in range(2)] == [("One.", "model"), ("Two.", "model")]


@pytest.mark.parametrize("purpose", ["canary", "shadow", "judge"])
async def test_errands_are_answered_anew_and_leave_nothing(purpose: Any) -> None:
    made = bench()
    await told(made, ask(purpose=purpose))
    assert await told(made, ask()) == ("The second answer.", "model")
    assert (await told(made, ask(purpose=purpose)))[1] == "model"


async def test_no_cache_gets_a_new_answer_that_later_ones_get_too() -> None:
    made = bench()
    await told(made, ask())
    assert await told(made, ask(cache_control=CacheControl(read=False))) == ("The second answer.", "model")
    assert await told(made, ask()) == ("The second answer.", "cache")


async def test_no_store_leaves_nothing_behind() -> None:
    made = bench()
    await told(made, ask(cache_control=CacheControl(store=False)))
    assert await told(made, ask()) == ("The second answer.", "model")


async def test_max_age_wants_no_older_answer() -> None:
    made = bench()
    await told(made, ask())
    made.clock.advance(30)
    assert (await told(made, ask(cache_control=CacheControl(max_age_s=31))))[1] == "cache"
    assert (await told(made, ask(cache_control=CacheControl(max_age_s=29))))[1] == "model"


# --- which answers are kept -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    [
        Reply.saying("It breaks off", finish_reason="length"),
        Reply.saying("It was stopped", finish_reason="content_filter"),
        Reply.saying("I'm sorry, but I can't help with that."),
        Reply.saying(""),
    ],
    ids=["truncated", "filtered", "refused", "empty"],
)
async def test_what_is_no_good_answer_is_not_given_twice(reply: Reply) -> None:
    made = bench(tiny=Replies(reply, "A good answer.", repeat_last=True), validators=(), tiers='"small"')
    await told(made, ask())
    assert await told(made, ask()) == ("A good answer.", "model")


async def test_an_answer_that_did_not_pass_is_not_given_twice() -> None:
    made = bench(
        tiny=Replies("Too short.", "It is as long as the policy wants an answer to be.", repeat_last=True),
        validators=("long",),
        rules='[validators.long]\nkind = "length"\nmin_words = 8\n',
        tiers='"small"',
    )
    await told(made, ask())
    assert (await told(made, ask()))[1] == "model"
    assert (await told(made, ask()))[1] == "cache"


async def test_an_answer_of_a_fallback_is_as_good_as_any() -> None:
    made = bench(tiny=Replies(UpstreamFailure("down"), repeat_last=True))
    made.scripts["twin"].replies.append(Reply.saying("The twin's answer."))  # type: ignore[attr-defined]
    assert await told(made, ask()) == ("The twin's answer.", "model")
    assert await told(made, ask()) == ("The twin's answer.", "cache")


# --- the guard goes first -------------------------------------------------------------------------------------------

LOCAL = """
[[rules]]
name = "stays-here"
any_of = [{ tags = ["private"] }]
then = { kind = "require", location = "cloud" }
"""


async def test_an_answer_of_a_model_that_the_guard_removes_is_not_given() -> None:
    made = bench(rules=LOCAL)
    await told(made, ask())
    assert await told(made, ask(context=Context(tags=("private",)))) == ("Large.", "model")
    assert (await told(made, ask(context=Context(tags=("public",)))))[1] == "cache"


async def test_a_denied_request_is_denied_whatever_is_kept() -> None:
    rule = '[[rules]]\nname = "no"\nany_of = [{ tags = ["x"] }]\nthen = { kind = "deny", message = "no" }\n'
    made = bench(rules=rule)
    await told(made, ask())
    planned = await made.router.explain(ask(context=Context(tags=("x",))))
    assert planned.error_type == "denied"
    assert not planned.branches


async def test_what_a_model_said_before_it_failed_is_still_there() -> None:
    made = bench(
        tiny=Replies("The first answer.", UpstreamFailure("down"), repeat_last=True),
        resilience="breaker = { failures_in_row = 1 }",
    )
    made.scripts["twin"].replies.append(Reply.saying("The twin's answer."))  # type: ignore[attr-defined]
    await told(made, ask())
    await told(made, ask("Something else"))
    planned = await made.router.explain(ask("Something else again"))
    assert next(one for one in planned.candidates if one.model == "tiny").excluded_by == "breaker"
    assert await told(made, ask()) == ("The first answer.", "cache")


# --- policy, erasure, the store -------------------------------------------------------------------------------------


async def test_another_policy_answers_anew() -> None:
    made = bench()
    await told(made, ask())
    loaded = policy(route=CACHE, top='owner = "somebody else"')
    following = Router.from_policy(loaded, scripts=made.scripts, clock=made.clock, previous=made.router)
    assert (await following.aroute(ask())).decision.chosen_kind == "model"


@pytest.mark.parametrize("by", ["tenant", "decision"])
async def test_what_is_erased_is_gone(by: str) -> None:
    made = bench()
    decision = await decide(made, ask(context=Context(tenant="acme")))
    owner = tenant_owner("acme") if by == "tenant" else decision_owner(decision.decision_id)
    assert await made.router.entries.forget([owner]) == 1
    assert (await told(made, ask(context=Context(tenant="acme"))))[1] == "model"


class Away(MemoryEntries):
    """A store that cannot be reached."""

    async def get(self, *_: object) -> bytes | None:
        raise StateUnavailable("the store is away")

    async def put(self, *_: object) -> None:
        raise StateUnavailable("the store is away")


async def test_a_store_that_is_away_holds_nobody_up() -> None:
    made = bench()
    made.router = Router.from_policy(made.loaded, scripts=made.scripts, clock=made.clock, entries=Away(made.clock))
    assert [await told(made, ask()) for _ in range(2)] == [
        ("The first answer.", "model"),
        ("The second answer.", "model"),
    ]


async def test_a_request_that_no_encoding_takes_passes_the_cache_by() -> None:
    made = bench(validators=())
    odd = replace(ask(), functions=(), stop=("half \ud800",))
    assert [(await told(made, odd))[1] for _ in range(2)] == ["model", "model"]
