"""How many requests are under way, for whoever has to wait until none is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class InFlight:
    """A count for one event loop at a time."""

    def __init__(self) -> None:
        self.count = 0
        self._none = asyncio.Event()
        self._none.set()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Counts as one from here to the end of the block, however it ends."""
        self.count += 1
        self._none.clear()
        try:
            yield
        finally:
            self.count -= 1
            if not self.count:
                self._none.set()

    async def none(self) -> None:
        """Wait until nothing is under way; at once when nothing is."""
        # Whoever is woken runs a little later, and another may have begun by then.
        while self.count:
            await self._none.wait()
