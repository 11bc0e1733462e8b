"""Several async generators side by side, their items in the order in which they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


async def merge(generators: Sequence[AsyncGenerator[Item]]) -> AsyncGenerator[Item]:
    """Yield from all; the first error ends all, and so does closing this generator."""
    queue: asyncio.Queue[Item | None] = asyncio.Queue()

    async def drain(generator: AsyncGenerator[Item]) -> None:
        try:
            async for item in generator:
                await queue.put(item)
        finally:
            await generator.aclose()
            await queue.put(None)

    tasks = [asyncio.create_task(drain(generator)) for generator in generators]
    open_count = len(tasks)
    try:
        while open_count:
            item = await queue.get()
            if item is None:
                open_count -= 1
            else:
                yield item
        for task in tasks:
            task.result() if task.done() else await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
