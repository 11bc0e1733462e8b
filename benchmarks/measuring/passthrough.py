"""The least that a gateway can do: hand a request on to one upstream over aiohttp, and its answer back.

    python -m benchmarks.measuring.passthrough PORT UPSTREAM_URL

The same server and the same client library as ours, with nothing between them: no signals, no policy, no record.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route


def create_app(upstream: str) -> Starlette:
    """The server; ``upstream`` goes up to and with ``/v1``."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            app.state.session = session
            yield

    async def hand_on(request: Request) -> Response:
        session: aiohttp.ClientSession = request.app.state.session
        body = await request.body()
        headers = {"content-type": "application/json"}
        if b'"stream":true' not in body:
            async with session.post(f"{upstream}/chat/completions", data=body, headers=headers) as answer:
                return Response(await answer.read(), answer.status, media_type="application/json")
        answer = await session.post(f"{upstream}/chat/completions", data=body, headers=headers)

        async def pieces() -> AsyncIterator[bytes]:
            async with answer:
                async for piece in answer.content.iter_any():
                    yield piece

        return StreamingResponse(pieces(), media_type="text/event-stream")

    return Starlette(routes=[Route("/v1/chat/completions", hand_on, methods=["POST"])], lifespan=lifespan)


if __name__ == "__main__":
    uvicorn.run(create_app(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
