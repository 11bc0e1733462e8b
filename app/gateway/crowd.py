"""How many requests are served at a time: beyond that one is told to come again, before its body is read.

A request in flight waits for models for most of its time and takes some hundred kilobytes meanwhile. Without a bound a
slow upstream fills the memory, and then nobody is answered.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.gateway.admission import COUNTED
from app.gateway.errors import error_body

MOST: Final = 1000
"""Requests for models in flight, in one process."""


class Crowd:
    """ASGI middleware that lets so many requests for models in at a time; all others are cheap, and not counted."""

    def __init__(self, app: ASGIApp, most: int = MOST) -> None:
        self._app = app
        self._most = most
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here with 503."""
        if scope["type"] != "http" or scope["path"] not in COUNTED:
            await self._app(scope, receive, send)
            return
        if self._inside >= self._most:
            words = f"{self._most:,} requests are being answered already; send it again in a moment"
            body = error_body(words, "overloaded", "server_error")
            await JSONResponse(body, 503, {"retry-after": "1"})(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1
