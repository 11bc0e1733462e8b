"""Several async generators side by side, their items in the order in which they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Ended:
    """One generator came to its end."""

    error: Exception | None


async def merge(generators: Sequence[AsyncGenerator[Item]]) -> AsyncGenerator[Item]:
    """Yield from all; the first error ends all, and so does closing this generator."""
    queue: asyncio.Queue[Item | _Ended] = asyncio.Queue()

    async def drain(generator: AsyncGenerator[Item]) -> None:
        error: Exception | None = None
        try:
            async for item in generator:
                await queue.put(item)
        except Exception as raised:  # noqa: BLE001 (raised again below, in the consumer's own task)
            error = raised
        finally:
            await generator.aclose()
            await queue.put(_Ended(error))

    tasks = [asyncio.create_task(drain(generator)) for generator in generators]
    open_count = len(tasks)
    try:
        while open_count:
            item = await queue.get()
            if not isinstance(item, _Ended):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                open_count -= 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
