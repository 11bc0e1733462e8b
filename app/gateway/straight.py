"""The path that nearly every request takes goes straight to its endpoint.

Starlette's routing, and the layers in which it turns errors into responses, take as long as reading the body does. All
other paths go through them, and other methods of this one too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.gateway.errors import on_routescope_error
from router_core.errors import RouteScopeError


class Straight:
    """ASGI middleware that answers what is posted to one path."""

    def __init__(self, app: ASGIApp, path: str, endpoint: Callable[[Request], Awaitable[Response]]) -> None:
        self._app = app
        self._path = path
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on. Errors that are not RouteScope's own go to the layer around all."""
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await self._endpoint(request)
        except RouteScopeError as error:
            response = await on_routescope_error(request, error)
        await response(scope, receive, send)
