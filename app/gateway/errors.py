"""Errors become responses here and nowhere else, in the shape that OpenAI's clients expect."""

from __future__ import annotations

import logging
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.gateway.headers import of_refusal
from router_core.errors import RequestError, RouteScopeError, RoutingError

log = logging.getLogger("routescope.gateway")


def error_body(message: str, code: str, kind: str) -> dict[str, Any]:
    """OpenAI's error object."""
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}


def routing_kind(status: int) -> str:
    """What the error object of a request that got no answer says it is; OpenAI has a word for one of them."""
    return "rate_limit_error" if status == 429 else "routing_error"


def body_of(error: RouteScopeError) -> dict[str, Any]:
    """The error object of one of our own errors, with the decision's id when there is a decision."""
    kind = "invalid_request_error" if isinstance(error, RequestError) else routing_kind(error.http_status)
    body = error_body(str(error), error.code, kind)
    if isinstance(error, RoutingError) and error.decision_id is not None:
        body["error"]["decision_id"] = error.decision_id
    return body


async def on_routescope_error(request: Request, error: Exception) -> Response:
    """Answer with the error's own status and sentence."""
    assert isinstance(error, RouteScopeError)
    decision_id, wait_s = (error.decision_id, error.retry_after_s) if isinstance(error, RoutingError) else (None, None)
    headers = of_refusal(request, error.http_status, decision_id, wait_s)
    return JSONResponse(body_of(error), status_code=error.http_status, headers=headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Unknown path, wrong method."""
    assert isinstance(error, HTTPException)
    message = f"{request.method} {request.url.path[:200]}: {error.detail}"
    body = error_body(message, "http_error", "invalid_request_error")
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)


async def on_unexpected(request: Request, error: Exception) -> Response:
    """A fault of ours: the log has it, the caller gets one sentence without its innards."""
    log.error("unexpected error in %s", request.url.path, exc_info=error)
    message = "the gateway met an error of its own; its log says more"
    return JSONResponse(error_body(message, "internal", "internal_error"), status_code=500)
