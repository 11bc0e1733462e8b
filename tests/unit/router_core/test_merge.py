"""Several generators side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from router_core.merge import merge


class Source:
    """Gives items with pauses, then fails or hangs if told to; knows when it was closed."""

    def __init__(self, *items: str, pause_s: float = 0.0, error: Exception | None = None, hangs: bool = False) -> None:
        self.items, self.pause_s, self.error, self.hangs = items, pause_s, error, hangs
        self.closed = False

    async def stream(self) -> AsyncGenerator[str]:
        try:
            for item in self.items:
                await asyncio.sleep(self.pause_s)
                yield item
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
    assert await collect(Source("slow", pause_s=0.05), Source("a", "b")) == ["a", "b", "slow"]


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
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [source.closed for source in sources] == [True, True]
