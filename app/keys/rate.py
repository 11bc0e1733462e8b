"""How many requests a key may send in a minute, all workers together; see `router_core.state.rate` for the bucket."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from router_core.errors import StateUnavailable
from router_core.policy.schema import StateEntry
from router_core.state.store import RateStore

log = logging.getLogger("routescope.gateway")

_PREFIX: Final = "key/"


class Rates:
    """The buckets of all keys. For one event loop."""

    def __init__(self, store: RateStore, policy: Callable[[], StateEntry] = StateEntry) -> None:
        """``policy``: what it says now of a store that is away."""
        self._store = store
        self._policy = policy

    async def take(self, key: str, per_minute: int) -> float | None:
        """Let one more request through: 0, or else how many seconds it has to wait, and then it is not counted.

        None: nobody knows, since the store is away, and the policy lets the request go on.

        Raises:
            StateUnavailable: the store is away, and the policy fails closed.
        """
        try:
            return await self._store.take(_PREFIX + key, per_minute)
        except StateUnavailable as error:
            if self._policy().on_unavailable == "fail_closed":
                raise
            log.debug("the rate of a key was not checked: %s", error)
            return None
