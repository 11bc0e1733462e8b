"""What may reach the gateway at all: only loopback names, only JSON or OTLP, only bodies of a bearable size.

A web page in the user's browser can send requests to loopback addresses, and by rebinding its own name to one it could
read the answers. So the Host must be a loopback name, an Origin must be one too, and a body must say that it is JSON,
or protobuf where that is taken, which a page of another origin cannot do without asking first.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.gateway.errors import error_body
from app.settings import LOOPBACK as OWN_NAMES

LOOPBACK: Final = frozenset(OWN_NAMES)
MAX_BODY_BYTES: Final = 8 * 1024 * 1024
TRACES: Final = "/v1/traces"


class Doorkeeper:
    """ASGI middleware that turns away what should not come in."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None = LOOPBACK) -> None:
        """``hosts``: the names that it may be called by; None: any, where nobody comes in without a key anyway."""
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here with 403, 413 or 415."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], scope["path"], headers)
        if refusal is not None:
            status, message, code = refusal
            response = JSONResponse(error_body(message, code, "invalid_request_error"), status_code=status)
            await response(scope, receive, send)
            return
        with suppress(ClientDisconnect):  # It left before its body had come: nobody is there to be told anything.
            await self._app(scope, _bounded(receive), send)

    def _refusal(self, method: str, path: str, headers: Headers) -> tuple[int, str, str] | None:
        host = _name(headers.get("host", ""))
        if self._hosts is not None and host not in self._hosts:
            return 403, "the Host header does not name this gateway; call it as 127.0.0.1 or localhost", "host"
        origin = headers.get("origin")
        if origin is not None and _origin_name(origin) not in LOOPBACK:
            return 403, "requests from web pages of other origins are not taken", "origin"
        if method == "POST":
            kind = headers.get("content-type", "").partition(";")[0].strip().lower()
            if kind != "application/json" and (path, kind) != (TRACES, "application/x-protobuf"):
                return 415, "send the body as JSON, with Content-Type: application/json", "content_type"
            length = headers.get("content-length", "0")
            if length.isdigit() and int(length) > MAX_BODY_BYTES:
                message = f"the body has {int(length):,} bytes; at most {MAX_BODY_BYTES:,} are taken"
                return 413, message, "body_too_large"
        return None


class BodyTooLarge(Exception):
    """A body without a length turned out to be too long."""


def _bounded(receive: Receive) -> Receive:
    seen = 0

    async def bounded() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b"")) if message["type"] == "http.request" else 0
        if seen > MAX_BODY_BYTES:
            raise BodyTooLarge
        return message

    return bounded


def _origin_name(origin: str) -> str | None:
    try:
        return urlsplit(origin).hostname
    except ValueError:  # unbalanced brackets
        return None


def _name(host: str) -> str:
    """The name in a Host header, without its port; IPv6 without brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
