"""Log-probabilities over a real connection: asked for when wanted, averaged over tokens, unknown when not stated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from router_core.providers.base import Call, Completion, Provider
from router_core.providers.keys import Key
from router_core.providers.litellm import LiteLLMProvider
from router_core.providers.openai_http import OpenAIProvider
from router_core.request import Message
from tests import upstream as up
from tests.upstream import Upstream


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture(params=["openai", "litellm"])
def provider(request: pytest.FixtureRequest, upstream: Upstream) -> Provider:
    if request.param == "openai":
        return OpenAIProvider(base_url=upstream.base_url, upstream_model="m")
    return LiteLLMProvider(upstream_model="openai/gpt-4o", key=Key("k"), base_url=upstream.base_url)


def chunk(content: str | None, logprobs: Any = None, finish: str | None = None) -> str:
    delta = {} if content is None else {"role": "assistant", "content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps(body)


def tokens(*logprobs: Any) -> dict[str, Any]:
    return {"content": [{"token": "x", "bytes": None, "logprob": one, "top_logprobs": []} for one in logprobs]}


async def mean_of(provider: Provider, *, wanted: bool = True) -> float | None:
    call = Call("m", (Message("user", "hi"),), timeout_s=30, max_output_tokens=32, logprobs=wanted)
    end = None
    try:
        async with aclosing(provider.stream(call)) as items:  # type: ignore[type-var]
            async for item in items:
                end = item
    finally:
        await provider.aclose()
    assert isinstance(end, Completion)
    return end.mean_logprob


async def test_the_mean_is_over_all_tokens_of_all_chunks(upstream: Upstream, provider: Provider) -> None:
    upstream.plays(
        up.events(chunk("4", tokens(-0.5)), chunk("2", tokens(-0.25, -0.75)), chunk(None, None, "stop"), "[DONE]")
    )
    assert await mean_of(provider) == pytest.approx(-0.5)
    assert upstream.seen[0].body["logprobs"] is True


async def test_it_is_unknown_when_the_upstream_states_none(upstream: Upstream, provider: Provider) -> None:
    upstream.plays(up.answer("42"))
    assert await mean_of(provider) is None


async def test_nobody_is_asked_for_what_no_validator_wants(upstream: Upstream, provider: Provider) -> None:
    upstream.plays(up.answer("42"))
    assert await mean_of(provider, wanted=False) is None
    assert "logprobs" not in upstream.seen[0].body


async def test_one_impossible_token_does_not_outweigh_all_others(upstream: Upstream) -> None:
    provider = OpenAIProvider(base_url=upstream.base_url, upstream_model="m")
    upstream.plays(up.events(chunk("42", tokens(-9999.0, 0.0)), chunk(None, None, "stop"), "[DONE]"))
    assert await mean_of(provider) == -50.0


@pytest.mark.parametrize(
    "garbage", ["x", 3, [], {"content": 1}, {"content": [None, "x", {"logprob": "0"}, {"logprob": True}, {}]}]
)
async def test_garbage_is_no_log_probability_and_no_failure(upstream: Upstream, garbage: Any) -> None:
    provider = OpenAIProvider(base_url=upstream.base_url, upstream_model="m")
    upstream.plays(up.events(chunk("42", garbage), chunk(None, None, "stop"), "[DONE]"))
    assert await mean_of(provider) is None


async def test_a_number_that_no_float_can_hold_counts_as_the_lowest(upstream: Upstream) -> None:
    provider = OpenAIProvider(base_url=upstream.base_url, upstream_model="m")
    huge = chunk("42", tokens(-7)).replace("-7", "-" + "9" * 400)
    upstream.plays(up.events(huge, chunk(None, None, "stop"), "[DONE]"))
    assert await mean_of(provider) == -100.0
