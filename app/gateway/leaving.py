"""A client that leaves while it waits: what is done for it ends too, and what was spent is recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

T = TypeVar("T")

CLIENT_LEFT = 499
"""Nobody reads this status; access logs of proxies know it by nginx's name, client closed request."""


async def unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T | Response:
    """What the work gives, or an answer that nobody reads when the client leaves first; the work is cancelled then.

    The request's body must have been read: from then on all that a server still tells is that the client left.
    """
    doing, left = asyncio.current_task(), False
    assert doing is not None

    async def watch() -> None:
        nonlocal left
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left = True
        doing.cancel()

    leaving = asyncio.create_task(watch())
    try:
        # To its end: a request that is cancelled still settles its decision.
        return await work
    except asyncio.CancelledError:
        # Whoever else has cancelled it wants it to end so.
        if left and doing.cancelling() == 1:
            return Response(status_code=CLIENT_LEFT)
        raise
    finally:
        leaving.cancel()
        if left:
            doing.uncancel()
