"""The HTTP provider against a real server: every fault becomes one error of our tree, and nothing is retried."""

from __future__ import annotations

import asyncio
import json
import socket
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
from router_core.pricing import Usage
from router_core.providers.base import Call, Completion, TextChunk
from router_core.providers.keys import Key
from router_core.providers.openai_http import OpenAIProvider
from router_core.request import Message
from tests import upstream as up
from tests.upstream import Upstream

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


def call(**fields: object) -> Call:
    given = {"model": "m", "messages": (Message("user", "hi"),), "timeout_s": 60.0, "max_output_tokens": 32, **fields}
    return Call(**given)  # type: ignore[arg-type]


async def ask(base_url: str, one: Call | None = None) -> tuple[str, Completion]:
    """The text and the end of one call."""
    provider = OpenAIProvider(base_url=base_url, upstream_model="upstream-1", key=Key(KEY))
    text, end = "", None
    try:
        async with aclosing(provider.stream(one or call())) as items:  # type: ignore[type-var]
            async for item in items:
                if isinstance(item, TextChunk):
                    text += item.text
                else:
                    assert end is None, "more than one completion"
                    end = item
    finally:
        await provider.aclose()
    assert end is not None
    return text, end


async def test_a_streamed_answer_comes_whole_with_its_counts(upstream: Upstream) -> None:
    upstream.plays(up.answer(["Hel", "lo", " there"]))
    text, end = await ask(upstream.base_url)
    assert text == "Hello there"
    assert end == Completion("stop", Usage(11, 3, 4), "upstream-1", "chatcmpl-1")


async def test_the_request_says_what_the_call_says(upstream: Upstream) -> None:
    schema = {"type": "object"}
    await ask(upstream.base_url, call(temperature=0.0, seed=7, stop=("END",), response_schema=schema))
    seen = upstream.seen[0]
    assert seen.headers["Authorization"] == f"Bearer {KEY}"
    assert seen.body["messages"] == [{"role": "user", "content": "hi"}]
    assert seen.body["max_tokens"] == 32
    assert (seen.body["temperature"], seen.body["seed"], seen.body["stop"]) == (0.0, 7, ["END"])
    assert seen.body["response_format"]["json_schema"]["schema"] == schema
    assert seen.body["stream_options"] == {"include_usage": True}


async def test_what_comes_together_goes_on_together_and_before_the_fault_that_came_with_it(upstream: Upstream) -> None:
    fault = json.dumps({"error": {"message": "overloaded", "code": 503}})
    upstream.plays(up.body(up.wire(up.chunk("Hel"), up.chunk("lo"), fault), "text/event-stream"))
    provider, texts = OpenAIProvider(base_url=upstream.base_url, upstream_model="upstream-1", key=Key(KEY)), []
    with pytest.raises(UpstreamFailure, match="overloaded"):
        async with aclosing(provider.stream(call())) as items:  # type: ignore[type-var]
            async for item in items:
                assert isinstance(item, TextChunk)
                texts.append(item.text)
    assert texts == ["Hello"]
    await provider.aclose()


async def test_counts_that_do_not_come_are_unknown(upstream: Upstream) -> None:
    upstream.plays(up.answer("x", usage=None))
    assert (await ask(upstream.base_url))[1].usage == Usage()


async def test_an_upstream_that_does_not_stream_is_read_as_well(upstream: Upstream) -> None:
    choice = {"message": {"content": "whole"}, "finish_reason": "length"}
    upstream.plays(up.body(json.dumps({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 2}})))
    text, end = await ask(upstream.base_url)
    assert (text, end.finish_reason, end.usage) == ("whole", "length", Usage(1, 2))


async def test_lines_may_end_in_carriage_returns(upstream: Upstream) -> None:
    upstream.plays(up.answer(["a", "b"], newline="\r\n"))
    assert (await ask(upstream.base_url))[0] == "ab"


async def test_a_finish_reason_is_enough_even_without_the_end_mark(upstream: Upstream) -> None:
    upstream.plays(up.answer("fine", done=False))
    assert (await ask(upstream.base_url))[0] == "fine"


EMPTY = json.dumps({"choices": []})
NULL = json.dumps({"choices": [{"message": {"content": None}, "finish_reason": "stop"}]})
NULL_DELTA = json.dumps({"choices": [{"delta": {"content": None}, "finish_reason": "stop"}]})
LONG = {"error": {"message": "This model's maximum context length is 4096 tokens", "code": "context_length_exceeded"}}
LLAMA_LONG = {
    "error": {"message": "the request exceeds the available context size", "type": "exceed_context_size_error"}
}
FILTER = {"error": {"message": "stopped", "code": "content_filter"}}


@pytest.mark.parametrize(
    ("behaviour", "expected", "words"),
    [
        (up.status(500), UpstreamFailure, "answered 500"),
        (up.status(503, "<html>nginx</html>"), UpstreamFailure, "answered 503$"),
        (up.status(504), ProviderTimeout, "504"),
        (up.status(400, LONG), ContextTooLong, "maximum context length"),
        (up.status(400, LLAMA_LONG), ContextTooLong, "available context size"),
        (up.status(413), ContextTooLong, "413"),
        (up.status(400), UpstreamRejected, "answered 400: scripted 400"),
        (up.status(404, {"detail": "no such model"}), NotServed, "404: no such model|answered 404"),
        (up.status(400, FILTER), ContentFiltered, "stopped"),
        (up.answer("half", finish="content_filter"), ContentFiltered, "content filter"),
        (up.status(302, None, Location="/elsewhere"), BadUpstreamResponse, "redirects are not followed"),
        (up.body("<html>hello</html>", "text/html"), BadUpstreamResponse, "no choices"),
        (up.body("not json"), BadUpstreamResponse, "not JSON"),
        (up.body("[1]"), BadUpstreamResponse, "not a JSON object"),
        (up.body(EMPTY), BadUpstreamResponse, "no choices"),
        (up.body(NULL), BadUpstreamResponse, "empty"),
        (up.events(EMPTY, "[DONE]"), BadUpstreamResponse, "no choices"),
        (up.events(NULL_DELTA, "[DONE]"), BadUpstreamResponse, "empty"),
        (up.events("{oops"), BadUpstreamResponse, "not JSON"),
        (up.events(json.dumps({"error": {"message": "overloaded", "code": 503}})), UpstreamFailure, "overloaded"),
        (up.answer("half", finish=None, done=False), BadUpstreamResponse, "without a finish reason"),
        (up.answer("half", finish=None, done=True), BadUpstreamResponse, "without a finish reason"),
        (up.cut("some ", "words"), BadUpstreamResponse, "broke off after 10 characters"),
        (up.reset(), ProviderUnreachable, "cannot be reached"),
        (up.endless(), BadUpstreamResponse, "did not stop"),
        (up.events("x" * 1_100_000), BadUpstreamResponse, "too large"),
    ],
)
async def test_each_fault_has_its_error(
    upstream: Upstream, behaviour: up.Behaviour, expected: type[ProviderError], words: str
) -> None:
    upstream.plays(behaviour)
    with pytest.raises(expected, match=words) as caught:
        await ask(upstream.base_url)
    assert type(caught.value) is expected
    assert len(upstream.seen) == 1, "one attempt is one request"


async def test_a_rate_limit_says_how_long_to_wait(upstream: Upstream) -> None:
    upstream.plays(up.status(429, None, Retry_After="17"))
    with pytest.raises(RateLimited) as caught:
        await ask(upstream.base_url)
    assert caught.value.retry_after_s == 17.0


@pytest.mark.parametrize("code", [401, 403])
async def test_a_refused_key_is_not_repeated_in_the_message(upstream: Upstream, code: int) -> None:
    upstream.plays(up.echo_key(code))
    with pytest.raises(AuthenticationFailed) as caught:
        await ask(upstream.base_url)
    assert "refused the key" in str(caught.value)
    assert KEY not in str(caught.value)
    assert "0123456789" not in repr(caught.value)


async def test_nobody_listening_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        with pytest.raises(ProviderUnreachable, match="cannot be reached"):
            await ask(url)


async def test_a_base_url_that_is_none_is_unreachable_not_a_crash() -> None:
    with pytest.raises(ProviderUnreachable):
        await ask("nonsense")


@pytest.mark.timeout(60)  # the upstream hangs for an hour
@pytest.mark.parametrize("behaviour", [up.hang(), up.hang("some ")])
async def test_a_call_ends_at_its_timeout(upstream: Upstream, behaviour: up.Behaviour) -> None:
    upstream.plays(behaviour)
    with pytest.raises(ProviderTimeout, match=r"within 0\.3 s"):
        await ask(upstream.base_url, call(timeout_s=0.3))


async def test_closing_the_stream_closes_the_connection(upstream: Upstream) -> None:
    upstream.plays(up.endless("a"))
    provider = OpenAIProvider(base_url=upstream.base_url, upstream_model="x")
    async with aclosing(provider.stream(call())) as items:  # type: ignore[type-var]
        async for _ in items:
            break
    assert await asyncio.to_thread(upstream.closed_early.wait, 60)
    await provider.aclose()


async def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert (await ask(upstream.base_url))[0] == "Hello from upstream."


async def test_concurrent_calls_do_not_mix(upstream: Upstream) -> None:
    upstream.plays(*[up.answer([str(n), str(n)], chunk_s=0.01) for n in range(8)])
    provider = OpenAIProvider(base_url=upstream.base_url, upstream_model="x")

    async def one() -> str:
        return "".join([item.text async for item in provider.stream(call()) if isinstance(item, TextChunk)])

    texts = await asyncio.gather(*[one() for _ in range(8)])
    await provider.aclose()
    assert sorted(texts) == [f"{n}{n}" for n in range(8)]


def test_a_provider_serves_one_loop_after_another(upstream: Upstream) -> None:
    provider = OpenAIProvider(base_url=upstream.base_url, upstream_model="x")

    async def one() -> int:
        return len([item async for item in provider.stream(call())])

    assert asyncio.run(one()) == 2
    assert asyncio.run(one()) == 2
    asyncio.run(provider.aclose())


def test_a_missing_key_is_a_reason_not_an_error() -> None:
    provider = OpenAIProvider(
        base_url="http://x/v1", upstream_model="x", key=Key(None, "environment variable K is not set")
    )
    assert not provider.readiness().ready
    assert provider.readiness().reason == "environment variable K is not set"
