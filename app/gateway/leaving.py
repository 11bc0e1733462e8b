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
    doing = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        return Response(status_code=CLIENT_LEFT)
    finally:
        leaving.cancel()
        doing.cancel()
        # To its end: a request that is cancelled still settles its decision.
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
