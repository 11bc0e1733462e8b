"""Who may come in: every request needs a key once there is one, and each key opens what its role and scope allow.

Without keys the gateway listens on loopback only, and whoever is on this machine may do everything. The tenant always
comes from the key, never from what a request says.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.gateway.errors import body_of, error_body
from app.keys.rate import Rates
from app.keys.ring import Caller, KeyRing, KeysUnknown
from router_core.errors import RequestError, StateUnavailable

OPEN: Final = frozenset({"/healthz", "/readyz"})
"""Paths that tell those without a key no more than that somebody is there, and ready."""
COUNTED: Final = frozenset({"/v1/chat/completions", "/v1/route/events"})
"""Paths that call models: those that a key's rate counts."""
FOR_CLIENTS: Final = frozenset(
    {"/v1/chat/completions", "/v1/models", "/v1/feedback", "/v1/route/explain", "/v1/traces", "/openapi.json"}
)
"""All else is for operators."""


class TargetNotAllowed(RequestError):
    """The key's scope leaves out the route or model that is asked for."""

    code = "route_not_allowed"
    http_status = 403


class Admission:
    """ASGI middleware: finds out who calls, and turns away who may not."""

    def __init__(self, app: ASGIApp, ring: KeyRing, rates: Rates) -> None:
        self._app = app
        self._ring = ring
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with its caller, or answer it here with 401, 403, 429 or 503."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._ring.caller(_key_in(Headers(scope=scope)))
        except KeysUnknown as error:
            refusal: JSONResponse | None = JSONResponse(body_of(error), error.http_status, {"retry-after": "1"})
            caller = None
        else:
            refusal = _refusal(caller, scope["path"])
            if refusal is None and caller is not None and scope["path"] in COUNTED:
                caller, refusal = await self._counted(caller)
        if refusal is not None and scope["path"] not in OPEN:
            await refusal(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    async def _counted(self, caller: Caller) -> tuple[Caller, JSONResponse | None]:
        """Count a request against its key's rate: the caller, who may be one whose rate nobody could check."""
        if caller.requests_per_minute is None or caller.key_id is None:
            return caller, None
        try:
            wait_s = await self._rates.take(caller.key_id, caller.requests_per_minute)
        except StateUnavailable as error:
            return caller, JSONResponse(body_of(error), error.http_status, {"retry-after": "1"})
        if wait_s is None:
            return replace(caller, rate_unchecked=True), None
        if wait_s > 0:
            words = f"the key {caller.name!r} may send {caller.requests_per_minute:,} requests a minute"
            headers = {"retry-after": str(math.ceil(wait_s))}
            return caller, JSONResponse(error_body(words, "rate_limit_exceeded", "rate_limit_error"), 429, headers)
        return caller, None


def _refusal(caller: Caller | None, path: str) -> JSONResponse | None:
    if caller is None:
        words = "no valid key came with the request; send one as Authorization: Bearer rsk-..."
        headers = {"www-authenticate": "Bearer"}
        return JSONResponse(error_body(words, "invalid_api_key", "invalid_request_error"), 401, headers)
    if caller.role != "operator" and path not in FOR_CLIENTS:
        words = f"{path[:100]} is for operators; the key {caller.name!r} is a client's"
        return JSONResponse(error_body(words, "not_for_clients", "permission_error"), 403)
    return None


def caller_of(request: Request) -> Caller | None:
    """Who sends the request; None only on paths that are open to all."""
    caller: Caller | None = request.scope["state"]["caller"]
    return caller


def known_caller(request: Request) -> Caller:
    """Who sends the request, on a path that nobody reaches without being known."""
    caller = caller_of(request)
    assert caller is not None
    return caller


def check_target(caller: Caller, target: str) -> None:
    """Whether the key's scope holds a target (TargetNotAllowed).

    ``target``: the name that the policy resolved the request's to.
    """
    if not caller.may_ask(target):
        allowed = ", ".join(sorted(caller.routes or ())) or "nothing"
        raise TargetNotAllowed(f"the key {caller.name!r} may not ask for {target!r}; it may ask for {allowed}")


def _key_in(headers: Headers) -> str | None:
    kind, _, text = headers.get("authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" and text.strip() else None
