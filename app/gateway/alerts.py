"""`POST /v1/alerts/silences` and `/v1/alerts/silences/end`: who does not want to be told of a rule, and until when."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.gateway.author import author_of
from app.gateway.bodies import read_body
from app.gateway.errors import error_body
from app.wiring import Service
from router_core.errors import RequestError
from telemetry.alerts.silences import LONGEST, LONGEST_WHY, silence, unsilence
from telemetry.errors import StorageError

LONGEST_MINUTES: Final = LONGEST.total_seconds() / 60


class SilenceBody(BaseModel):
    """Silence a rule, or one subject of it."""

    model_config = ConfigDict(extra="forbid")
    rule: Annotated[str, Field(min_length=1, max_length=200)]
    subject: Annotated[str, Field(max_length=1_000)] | None = None
    """None: every subject."""
    minutes: Annotated[float, Field(gt=0, le=LONGEST_MINUTES, allow_inf_nan=False, strict=True)]
    why: Annotated[str, Field(max_length=LONGEST_WHY)] = ""


class EndBody(BaseModel):
    """Take a silence back."""

    model_config = ConfigDict(extra="forbid")
    silence_id: Annotated[str, Field(min_length=1, max_length=100)]


class UnknownAlert(RequestError):
    """There is no such rule, or no such silence in force."""

    code = "unknown_alert"
    http_status = 404


async def start_silence(request: Request) -> Response:
    """Silence; the answer has its id and its end."""
    body = await read_body(request, SilenceBody)
    service: Service = request.app.state.service
    now = datetime.now(UTC)
    until = now + timedelta(minutes=body.minutes)
    ask = partial(
        silence,
        service.telemetry.engine,
        body.rule,
        body.subject,
        until=until,
        author=author_of(request),
        why=body.why,
        now=now,
    )
    try:
        made = await asyncio.to_thread(ask)
    except StorageError as error:
        return _not_kept(error)
    if made is None:
        raise UnknownAlert(
            f"no rule is called {body.rule[:80]!r}; the page Alerts lists them, once they were evaluated"
        )
    return JSONResponse(
        {
            "silence_id": made.silence_id,
            "rule": made.rule,
            "subject": made.subject,
            "author": made.author,
            "until": made.until.isoformat(),
        }
    )


async def end_silence(request: Request) -> Response:
    """Take it back before its time."""
    body = await read_body(request, EndBody)
    service: Service = request.app.state.service
    engine, now = service.telemetry.engine, datetime.now(UTC)
    ask = partial(unsilence, engine, body.silence_id, author=author_of(request), now=now)
    try:
        ended = await asyncio.to_thread(ask)
    except StorageError as error:
        return _not_kept(error)
    if not ended:
        raise UnknownAlert(f"no silence {body.silence_id[:60]!r} is in force; it may have ended by itself")
    return JSONResponse({"silence_id": body.silence_id, "ended": now.isoformat()})


def _not_kept(error: StorageError) -> Response:
    body = error_body(f"the silence cannot be kept now: {error}", "not_kept", "internal_error")
    return JSONResponse(body, status_code=503, headers={"retry-after": "1"})
