"""The scripted provider plays what it is told, on the clock it was given."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from router_core.clock import ManualClock
from router_core.errors import ProviderTimeout, RateLimited
from router_core.pricing import Usage
from router_core.providers.base import Call, Completion, Readiness, StreamItem, TextChunk
from router_core.providers.scripted import Replies, Reply, ScriptedProvider
from router_core.request import Message

START = datetime(2026, 11, 23, tzinfo=UTC)


def call(prompt: str = "say something nice", timeout_s: float = 30.0) -> Call:
    return Call(model="m", messages=(Message("user", prompt),), timeout_s=timeout_s, max_output_tokens=64)


async def collect(provider: ScriptedProvider, one: Call) -> list[StreamItem]:
    async with aclosing(provider.stream(one)) as items:
        return [item async for item in items]


async def test_an_answer_comes_in_words_and_ends_with_its_counts() -> None:
    provider = ScriptedProvider(Replies("two words"), ManualClock(START))
    items = await collect(provider, call())
    assert items == [TextChunk("two "), TextChunk("words"), Completion("stop", Usage(3, 2))]


async def test_usage_is_unknown_when_the_script_says_so() -> None:
    provider = ScriptedProvider(Replies(Reply(("hi",), usage=Usage())), ManualClock(START))
    assert (await collect(provider, call()))[-1] == Completion("stop", Usage(None, None))


async def test_waiting_moves_the_clock_and_nobody_waits() -> None:
    clock = ManualClock(START)
    provider = ScriptedProvider(Replies(Reply.saying("a b c", first_chunk_s=2.0, chunk_s=0.5)), clock)
    await collect(provider, call())
    assert clock.monotonic_ns() == 3_000_000_000


async def test_a_reply_slower_than_the_timeout_ends_at_the_timeout() -> None:
    clock = ManualClock(START)
    provider = ScriptedProvider(Replies(Reply.saying("late", first_chunk_s=40.0)), clock)
    with pytest.raises(ProviderTimeout, match="did not answer within 5 s"):
        await collect(provider, call(timeout_s=5))
    assert clock.monotonic_ns() == 5_000_000_000


async def test_an_error_follows_the_text_that_came_before_it() -> None:
    error = RateLimited("slow down", retry_after_s=3)
    provider = ScriptedProvider(Replies(Reply.failing(error, after=("half",))), ManualClock(START))
    seen: list[StreamItem] = []
    with pytest.raises(RateLimited) as caught:
        async with aclosing(provider.stream(call())) as items:
            async for item in items:
                seen.append(item)
    assert seen == [TextChunk("half")]
    assert caught.value is error


async def test_a_hang_lasts_until_it_is_cancelled() -> None:
    provider = ScriptedProvider(Replies(Reply(("x",), hangs=True)), ManualClock(START))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await collect(provider, call())


async def test_replies_come_in_order_and_one_too_many_is_an_error_of_the_test() -> None:
    script = Replies("one", "two")
    provider = ScriptedProvider(script, ManualClock(START))
    assert [(await collect(provider, call(word)))[0] for word in ("a", "b")] == [TextChunk("one"), TextChunk("two")]
    with pytest.raises(IndexError, match="called 3 times, 2 scripted"):
        await collect(provider, call())
    assert [one.messages[0].content for one in script.calls] == ["a", "b", "say something nice"]


async def test_the_last_reply_repeats_when_asked() -> None:
    provider = ScriptedProvider(Replies("same", repeat_last=True), ManualClock(START))
    assert [(await collect(provider, call()))[0] for _ in range(3)] == [TextChunk("same")] * 3


def test_readiness_is_what_the_test_says() -> None:
    reason = Readiness(False, "loading")
    assert ScriptedProvider(Replies(), ManualClock(START), readiness=reason).readiness() == reason
