"""Two requests share an answer of the cache when, and only when, nothing that decides the answer differs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router_core.cache_control import CacheControl
from router_core.exact_cache import CachedAnswer, key_of
from router_core.functions import Function, FunctionCall, TheFunction
from router_core.policy.schema import CacheEntry
from router_core.pricing import Usage
from router_core.providers.base import Completion
from router_core.providers.scripted import Replies
from router_core.request import Context, Message, RouteRequest
from router_core.router import Router
from router_core.sealing import SealedPlace
from tests.routing import policy

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20).filter(str.strip)
POLICY = CacheEntry(max_temperature=2, personal_data=True)
LOADED = policy(route="cache = { max_temperature = 2, personal_data = true }", validators=())
ROUTER = Router.from_policy(LOADED, scripts={name: Replies() for name in ("tiny", "twin", "huge")})
OTHER = Router.from_policy(
    policy(route="cache = { max_temperature = 2, personal_data = true }", validators=(), top='owner = "x"'),
    scripts={name: Replies() for name in ("tiny", "twin", "huge")},
)


def key(request: RouteRequest, entry: CacheEntry = POLICY, router: Router = ROUTER) -> SealedPlace:
    """The key of a request as it stands when the guard has let it through."""
    run = router._begin(request)

    async def prepared() -> None:
        async for _ in router._preparation.steps(run):
            pass

    asyncio.run(prepared())
    found = key_of(run, entry)
    assert found is not None
    return found


REQUESTS = st.builds(
    lambda system, text, answer, further: RouteRequest(
        messages=(
            *((Message("system", system),) if system else ()),
            Message("user", text),
            *((Message("assistant", answer), Message("user", further)) if answer else ()),
        )
    ),
    st.none() | TEXT,
    TEXT,
    st.none() | TEXT,
    TEXT,
).map(lambda request: replace(request, temperature=0.5, stop=("a", "b"), max_output_tokens=50))

SCHEMA = {"type": "object"}
Change = Callable[[RouteRequest], RouteRequest]


def context(**fields: Any) -> Change:
    return lambda request: replace(request, context=replace(request.context, **fields))


def fields(**values: Any) -> Change:
    return lambda request: replace(request, **values)


MATTERS: tuple[Change, ...] = (
    lambda request: replace(request, messages=(*request.messages, Message("user", "more"))),
    lambda request: replace(request, messages=(Message("developer", "be brief"), *request.messages)),
    lambda request: replace(
        request,
        messages=(*request.messages[:-1], replace(request.messages[-1], content=request.messages[-1].content + " ")),
    ),
    lambda request: replace(
        request, messages=(*request.messages, Message("assistant", "", (FunctionCall("1", "f", "{}"),)))
    ),
    fields(route="tiny"),
    fields(temperature=0.6),
    fields(temperature=None),
    fields(max_output_tokens=49),
    fields(seed=1),
    fields(stop=("a",)),
    fields(response_schema=SCHEMA),
    fields(response_schema={"type": "array"}),
    fields(top_p=0.5),
    fields(presence_penalty=0.5),
    fields(frequency_penalty=0.5),
    context(tenant="acme"),
    context(data_class="public"),
)
DOES_NOT_MATTER: tuple[Change, ...] = (
    lambda request: request,
    fields(purpose="playground"),
    fields(caller_traceparent="00-11111111111111111111111111111111-2222222222222222-01"),
    fields(stop=("b", "a", "a")),
    fields(presence_penalty=0.0),
    fields(function_choice="auto"),
    fields(cache_control=CacheControl(read=False)),
    context(tags=("x",)),
    context(risk="high"),
    context(key="k1"),
    context(sticky_key="anna"),
    context(session_id="s"),
    context(deadline_ms=10_000),
    context(cost_cap_usd=1.0),
)


@given(REQUESTS, st.sampled_from(MATTERS))
def test_whatever_decides_the_answer_changes_the_key(request: RouteRequest, change: Change) -> None:
    assert key(change(request)) != key(request)


@given(REQUESTS, st.sampled_from(DOES_NOT_MATTER))
def test_whatever_does_not_decide_the_answer_leaves_the_key(request: RouteRequest, change: Change) -> None:
    assert key(change(request)) == key(request)


@given(REQUESTS, REQUESTS)
def test_other_messages_have_another_key(one: RouteRequest, two: RouteRequest) -> None:
    assert (key(one) == key(two)) == (one.messages == two.messages)


@given(TEXT, TEXT)
def test_text_that_moves_from_one_message_to_the_next_changes_the_key(one: str, two: str) -> None:
    split = RouteRequest((Message("system", one), Message("user", two + "!")))
    moved = RouteRequest((Message("system", one + two), Message("user", "!")))
    assert key(split) != key(moved)


FUNCTIONS = (Function("look", "looks", {"type": "object", "properties": {"a": {}}}),)


def test_functions_and_the_choice_among_them_are_part_of_the_key() -> None:
    plain = RouteRequest.from_prompt("Tell me about rivers")
    offered = (
        plain,
        replace(plain, functions=FUNCTIONS),
        replace(plain, functions=(replace(FUNCTIONS[0], description="looks twice"),)),
        replace(plain, functions=(replace(FUNCTIONS[0], strict=True),)),
        replace(plain, functions=FUNCTIONS, function_choice="required"),
        replace(plain, functions=FUNCTIONS, function_choice="none"),
        replace(plain, functions=FUNCTIONS, function_choice=TheFunction("required")),
        replace(plain, functions=FUNCTIONS, function_choice=TheFunction("look")),
        replace(plain, functions=FUNCTIONS, parallel_calls=False),
    )
    assert len({_unguarded(request) for request in offered}) == len(offered)


def _unguarded(request: RouteRequest) -> SealedPlace | None:
    """No model of this policy takes functions; the key does not ask."""
    run = ROUTER._begin(request)
    return key_of(run, POLICY)


def test_keys_of_one_tenant_share_entries_unless_the_scope_says_otherwise() -> None:
    one, two = (RouteRequest.from_prompt("hi there", context=Context(key=name)) for name in ("k1", "k2"))
    own = CacheEntry(scope="key")
    assert key(one) == key(two)
    assert key(one, own) != key(two, own)


def test_another_policy_has_other_keys() -> None:
    request = RouteRequest.from_prompt("hi there")
    assert key(request) != key(request, router=OTHER)


@given(
    TEXT,
    st.sampled_from(["stop", "tool_calls"]),
    st.builds(Usage, st.none() | st.integers(0, 10**6), st.none() | st.integers(0, 10**6)),
    st.lists(st.builds(FunctionCall, TEXT, TEXT, TEXT), max_size=3),
)
def test_an_answer_comes_back_as_it_was_kept(text: str, finish: str, usage: Usage, calls: list[FunctionCall]) -> None:
    answer = CachedAnswer(text, "tiny", "d1", 7, Completion(finish, usage, "m-1", calls=tuple(calls)))
    assert CachedAnswer.from_bytes(answer.to_bytes()) == answer


@given(st.binary(max_size=50), st.binary(max_size=50), st.binary(max_size=200))
def test_only_who_knows_the_request_opens_its_answer(one: bytes, two: bytes, value: bytes) -> None:
    sealed = SealedPlace.of(one).close(value)
    assert SealedPlace.of(one).open(sealed) == value
    assert (SealedPlace.of(two).open(sealed) is None) == (one != two)
    assert SealedPlace.of(one).open(sealed[:-1]) is None
    assert len(value) < 8 or value not in sealed
