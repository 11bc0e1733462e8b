"""Several generators side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from router_core.merge import merge


class Source:
    """Gives items once it may, then fails or hangs if told to; knows when it was asked and when it was closed."""

    def __init__(
        self, *items: str, after: asyncio.Event | None = None, error: Exception | None = None, hangs: bool = False
    ) -> None:
        self.items, self.after, self.error, self.hangs = items, after, error, hangs
        self.begun, self.ended = asyncio.Event(), asyncio.Event()
        self.closed = False

    async def stream(self) -> AsyncGenerator[str]:
        self.begun.set()
        try:
            if self.after is not None:
                await self.after.wait()
            for item in self.items:
                yield item
            self.ended.set()
            if self.error is not None:
                raise self.error
            if self.hangs:
                await asyncio.Event().wait()
        finally:
            self.closed = True


async def collect(*sources: Source) -> list[str]:
    async with aclosing(merge([source.stream() for source in sources])) as items:
        return [item async for item in items]


async def test_nothing_merged_is_nothing() -> None:
    assert await collect() == []


async def test_everything_comes_in_the_order_of_its_coming() -> None:
    quick = Source("a", "b")
    assert await collect(Source("slow", after=quick.ended), quick) == ["a", "b", "slow"]


async def test_the_first_error_ends_all_at_once() -> None:
    waiting = Source("x", hangs=True)
    async with asyncio.timeout(60):
        with pytest.raises(ValueError, match="broken"):
            await collect(Source("a", error=ValueError("broken")), waiting)
    assert waiting.closed


async def test_items_before_an_error_are_not_lost() -> None:
    seen: list[str] = []
    with pytest.raises(ValueError, match="broken"):
        async with aclosing(merge([Source("a", "b", error=ValueError("broken")).stream()])) as items:
            async for item in items:
                seen.append(item)
    assert seen == ["a", "b"]


async def test_closing_closes_every_source() -> None:
    sources = [Source("a", hangs=True), Source("b", hangs=True)]
    async with aclosing(merge([source.stream() for source in sources])) as items:
        await anext(items)
        await anext(items)
    assert [source.closed for source in sources] == [True, True]


async def test_cancelling_the_consumer_closes_every_source() -> None:
    sources = [Source("a", hangs=True), Source(hangs=True)]
    task = asyncio.create_task(collect(*sources))
    for source in sources:
        await source.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [source.closed for source in sources] == [True, True]
