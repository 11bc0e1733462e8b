"""litellm really calls a server on loopback; what it guesses is not believed, and one attempt is one request."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from router_core.errors import (
    AuthenticationFailed,
    BadUpstreamResponse,
    ContentFiltered,
    ContextTooLong,
    NotServed,
    ProviderError,
    ProviderTimeout,
    ProviderUnreachable,
    RateLimited,
    UpstreamFailure,
    UpstreamRejected,
)
from router_core.functions import Function, FunctionCall, TheFunction
from router_core.images import Image
from router_core.pricing import Usage
from router_core.providers.base import Call, Completion, TextChunk
from router_core.providers.keys import Key
from router_core.providers.litellm import LiteLLMProvider
from router_core.providers.litellm_import import load
from router_core.request import Message
from tests import upstream as up
from tests.sockets import sockets
from tests.upstream import Upstream

KEY = "sk-test-0123456789abcdef"


@pytest.fixture(scope="module", autouse=True)
def litellm_is_loaded() -> None:
    """The import takes seconds, and is no part of what is measured here."""
    load()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


def call(**fields: object) -> Call:
    given = {"model": "m", "messages": (Message("user", "hi"),), "timeout_s": 60.0, "max_output_tokens": 32, **fields}
    return Call(**given)  # type: ignore[arg-type]


def provider_for(upstream: Upstream, key: Key | None = None) -> LiteLLMProvider:
    return LiteLLMProvider(upstream_model="openai/upstream-1", key=key or Key(KEY), base_url=upstream.base_url)


async def ask(provider: LiteLLMProvider, one: Call | None = None) -> tuple[list[str], Completion]:
    chunks: list[str] = []
    end = None
    async with aclosing(provider.stream(one or call())) as items:
        async for item in items:
            if isinstance(item, TextChunk):
                chunks.append(item.text)
            elif isinstance(item, Completion):
                end = item
    assert end is not None
    return chunks, end


async def test_an_answer_streams_and_ends_with_the_upstreams_counts(upstream: Upstream) -> None:
    upstream.plays(up.answer(["Hel", "lo"]))
    chunks, end = await ask(provider_for(upstream))
    assert chunks == ["Hel", "lo"]
    assert (end.finish_reason, end.usage, end.response_model) == ("stop", Usage(11, 3, 4), "upstream-1")
    assert upstream.seen[0].headers["Authorization"] == f"Bearer {KEY}"
    assert upstream.seen[0].body["model"] == "upstream-1"


async def test_an_answer_that_nobody_watches_comes_whole_and_says_nothing_of_its_first_token(
    upstream: Upstream,
) -> None:
    upstream.plays(up.answer(["Hel", "lo"]))
    items = [item async for item in provider_for(upstream).stream(call(whole=True))]
    assert items == [TextChunk("Hello", whole=True), Completion("stop", Usage(11, 3, 4), "upstream-1", "chatcmpl-1")]
    assert "stream" not in upstream.seen[0].body


@pytest.mark.parametrize("whole", [True, False])
async def test_an_upstream_that_streams_unasked_or_not_although_asked_is_understood(
    upstream: Upstream, whole: bool
) -> None:
    upstream.plays(up.body(up.wire(up.chunk("Paris."), up.chunk(None, "stop", usage=up.USAGE), "[DONE]"), "text/plain"))
    chunks, end = await ask(provider_for(upstream), call(whole=whole))
    assert (chunks, end.finish_reason, end.usage) == (["Paris."], "stop", Usage(11, 3, 4))


async def test_another_makers_whole_answer_is_taken_at_litellms_word(upstream: Upstream) -> None:
    said = {
        "id": "msg-1",
        "type": "message",
        "role": "assistant",
        "model": "claude-upstream",
        "content": [{"type": "text", "text": "Paris."}],
        "stop_reason": "max_tokens",
        "usage": {"input_tokens": 11, "output_tokens": 3},
    }
    upstream.plays(up.body(json.dumps(said)))
    provider = LiteLLMProvider(
        upstream_model="anthropic/claude-sonnet-5-5", key=Key(KEY), base_url=upstream.base_url.removesuffix("/v1")
    )
    chunks, end = await ask(provider, call(whole=True))
    assert (chunks, end.finish_reason, end.response_model) == (["Paris."], "length", "claude-upstream")
    assert (end.usage.input_tokens, end.usage.output_tokens) == (11, 3)
    assert upstream.seen[0].path == "/v1/messages"


async def test_litellm_tells_its_loggers_of_others_calls_and_not_of_our_whole_answers(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    from litellm.integrations.custom_logger import CustomLogger

    told: list[str] = []

    class Listener(CustomLogger):
        async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):  # type: ignore[no-untyped-def]
            told.append(response_obj.choices[0].message.content)

    litellm = load()
    monkeypatch.setattr(litellm, "callbacks", [Listener()])
    upstream.plays(up.answer("ours"), up.answer("theirs"))
    await ask(provider_for(upstream), call(whole=True))
    theirs = await litellm.acompletion(
        model="openai/upstream-1",
        messages=[{"role": "user", "content": "hi"}],
        api_base=upstream.base_url,
        api_key="none",
    )
    assert "response_cost" in theirs._hidden_params
    for _ in range(200):
        if told:
            break
        await asyncio.sleep(0.02)
    assert told == ["theirs"]


@pytest.mark.parametrize("whole", [True, False])
async def test_counts_that_litellm_made_up_are_unknown(upstream: Upstream, whole: bool) -> None:
    upstream.plays(up.answer("a b c", usage=None))
    assert (await ask(provider_for(upstream), call(whole=whole)))[1].usage == Usage()


async def test_a_finish_reason_that_litellm_made_up_is_not_believed(upstream: Upstream) -> None:
    upstream.plays(up.answer("half", finish=None))
    with pytest.raises(BadUpstreamResponse, match="without a finish reason"):
        await ask(provider_for(upstream), call(whole=True))


async def test_a_schema_and_the_sampling_reach_the_upstream(upstream: Upstream) -> None:
    await ask(provider_for(upstream), call(temperature=0.0, seed=7, stop=("END",), response_schema={"type": "object"}))
    body = upstream.seen[0].body
    assert (body["temperature"], body["seed"], body["stop"]) == (0.0, 7, ["END"])
    assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}


LONG = {"error": {"message": "This model's maximum context length is 4096 tokens", "code": "context_length_exceeded"}}


@pytest.mark.parametrize(
    ("behaviour", "expected", "words"),
    [
        (up.status(500), UpstreamFailure, "scripted 500"),
        (up.status(503), UpstreamFailure, "scripted 503"),
        (up.status(400, LONG), ContextTooLong, "maximum context length"),
        (up.status(400), UpstreamRejected, "scripted 400"),
        (up.status(404), NotServed, "scripted 404"),
        (up.answer("half", finish="content_filter"), ContentFiltered, "content filter"),
        (up.answer("half", finish=None, done=False), BadUpstreamResponse, "without a finish reason"),
        (up.answer("half", finish=None, done=True), BadUpstreamResponse, "without a finish reason"),
        (up.answer([], finish="stop"), BadUpstreamResponse, "empty"),
        (up.events('{"choices": []}', "[DONE]"), BadUpstreamResponse, "without a finish reason"),
        (up.body("not json"), BadUpstreamResponse, "without a finish reason"),
        (up.cut("some ", "words"), BadUpstreamResponse, "broke off"),
        (up.reset(), ProviderUnreachable, "cannot be reached"),
        (up.endless("ten words "), BadUpstreamResponse, "repeating the same chunk"),
    ],
)
async def test_each_fault_has_its_error(
    upstream: Upstream, behaviour: up.Behaviour, expected: type[ProviderError], words: str
) -> None:
    upstream.plays(behaviour)
    with pytest.raises(expected, match=words) as caught:
        await ask(provider_for(upstream))
    assert type(caught.value) is expected
    assert len(upstream.seen) == 1, "one attempt is one request"


async def test_a_rate_limit_says_how_long_to_wait_and_is_not_retried(upstream: Upstream) -> None:
    upstream.plays(up.status(429, None, Retry_After="86400"))
    with pytest.raises(RateLimited) as caught:
        await ask(provider_for(upstream))
    assert caught.value.retry_after_s == 86400
    assert len(upstream.seen) == 1


@pytest.mark.parametrize("code", [401, 403])
async def test_a_refused_key_is_not_repeated_in_the_error(upstream: Upstream, code: int) -> None:
    upstream.plays(up.echo_key(code))
    with pytest.raises(AuthenticationFailed, match="refused the key") as caught:
        await ask(provider_for(upstream))
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert "0123456789" not in shown


@pytest.mark.timeout(60)  # the upstream hangs for an hour
@pytest.mark.parametrize("behaviour", [up.hang(), up.hang("some ")])
async def test_a_call_ends_at_its_timeout(upstream: Upstream, behaviour: up.Behaviour) -> None:
    upstream.plays(behaviour)
    with pytest.raises(ProviderTimeout, match=r"within 0\.5 s"):
        await ask(provider_for(upstream), call(timeout_s=0.5))
    assert len(upstream.seen) == 1


async def test_closing_the_stream_closes_the_connection(upstream: Upstream) -> None:
    upstream.plays(up.hang("first"))
    async with aclosing(provider_for(upstream).stream(call())) as items:
        async for _ in items:
            break
    assert await asyncio.to_thread(upstream.closed_early.wait, 60)


async def test_another_endpoint_is_not_sent_the_providers_own_key(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-the-real-one-000000")
    provider = LiteLLMProvider(upstream_model="openai/x", base_url=upstream.base_url)
    await ask(provider)
    assert "real-one" not in upstream.seen[0].headers.get("Authorization", "")


@pytest.mark.parametrize(
    ("model", "name"),
    [("gpt-6-luna", "openai"), ("gemini/gemini-3.8-flash", "gcp.gemini"), ("anthropic/claude-sonnet-5-5", "anthropic")],
)
def test_a_provider_has_the_conventions_name(model: str, name: str) -> None:
    assert LiteLLMProvider(upstream_model=model).name == name


@pytest.mark.parametrize("whole", [False, True], ids=["streamed", "whole"])
async def test_calls_of_functions_come_as_the_model_wrote_them(upstream: Upstream, whole: bool) -> None:
    upstream.plays(up.calls(("weather", '{"city": "Bern"}'), ("time", "{}")))
    offered = (Function("weather", "Tells it.", {"type": "object"}), Function("time"))
    made = FunctionCall("c", "time", "{}")
    before = (Message("user", "hi"), Message("assistant", "", (made,)), Message("tool", "9", answers="c"))
    chosen = {"functions": offered, "function_choice": TheFunction("weather"), "messages": before, "whole": whole}
    chunks, end = await ask(provider_for(upstream), call(**chosen))
    assert (chunks, end.finish_reason, end.usage) == ([], "tool_calls", Usage(11, 3, 4))
    assert end.calls == (FunctionCall("call-0", "weather", '{"city": "Bern"}'), FunctionCall("call-1", "time", "{}"))
    body = upstream.seen[0].body
    assert [entry["function"]["name"] for entry in body["tools"]] == ["weather", "time"]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assert body["messages"][1]["tool_calls"][0]["function"] == {"name": "time", "arguments": "{}"}
    assert body["messages"][2]["tool_call_id"] == "c"


@pytest.mark.parametrize(("maker", "whole"), [("gemini", True), ("gemini", False), ("bedrock", True)])
async def test_no_image_is_fetched_for_a_provider(upstream: Upstream, maker: str, whole: bool) -> None:
    provider = LiteLLMProvider(upstream_model=f"{maker}/anthropic.claude-v1", key=Key(KEY), base_url=upstream.base_url)
    parts = ("What is this?", Image("https://images.example.org/cat.png?as=is"))
    with sockets() as opened, contextlib.suppress(ProviderError):
        await ask(provider, call(messages=(Message("user", "What is this?", (), None, parts),), whole=whole))
    assert not [place for place in opened if "example" in str(place)]
