"""A client that leaves while it waits: what is done for it ends too, and what was spent is recorded.

ASGI tells that a client has left to whoever waits for its next message. That takes a task beside each request, which
cost as much as reading its body. Our own connection knows it at once, and calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")

CLIENT_LEFT = 499
"""Nobody reads this status; access logs of proxies know it by nginx's name, client closed request."""
LEAVING: Final = "routescope.leaving"
"""Where a request's scope has its connection's `Leaving`; another server's scope has none."""


class Leaving:
    """Whether the client of one connection has left, and who wants to be told when it does."""

    __slots__ = ("_tell", "left")

    def __init__(self) -> None:
        self.left = False
        self._tell: Callable[[], object] | None = None

    def then(self, tell: Callable[[], object] | None) -> None:
        """Have this called when the client leaves, or now when it has left; None: nobody asks any more."""
        self._tell = tell
        if self.left and tell is not None:
            tell()

    def leave(self) -> None:
        """It has left."""
        self.left = True
        if self._tell is not None:
            self._tell()


async def unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T | Response:
    """What the work gives, or an answer that nobody reads when the client leaves first; the work is cancelled then."""
    leaving: Leaving = request.scope.get(LEAVING) or Leaving()
    doing, left = asyncio.current_task(), False
    assert doing is not None

    def leave() -> None:
        nonlocal left
        left = True
        doing.cancel()

    leaving.then(leave)
    try:
        # To its end: a request that is cancelled still settles its decision.
        return await work
    except asyncio.CancelledError:
        # Whoever else has cancelled it wants it to end so.
        if left and doing.cancelling() == 1:
            return Response(status_code=CLIENT_LEFT)
        raise
    finally:
        leaving.then(None)
        if left:
            doing.uncancel()
