"""`POST /v1/traces`: OTLP/HTTP from other routers and applications, so that the dashboard shows their calls too.

Answers are those of the protocol: what was rejected, and the first reason; errors as ``google.rpc.Status``. With 503 a
sender is to come again.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Final

from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.requests import Request
from starlette.responses import Response

from app.gateway.admission import known_caller
from app.gateway.doorkeeper import BodyTooLarge
from app.wiring import Service
from telemetry.errors import OtlpError, OtlpTooLarge
from telemetry.foreign import rows_of
from telemetry.otlp import LARGEST_BODY, Encoding, Received, inflate, read

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
_INVALID, _EXHAUSTED, _UNAVAILABLE = 3, 8, 14
"""Codes of google.rpc."""


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):
    status: int
    code: int
    sentence: str


async def traces(request: Request) -> Response:
    """Keep what the body holds, and answer once it is in the database or on the spool."""
    service: Service = request.app.state.service
    encoding: Encoding = "json" if request.headers.get("content-type", "").startswith(JSON) else "protobuf"
    try:
        received = await _received(request, encoding)
        if received.spans:
            tenant = known_caller(request).tenant
            state = await service.telemetry.sink.keep(lambda content: rows_of(received.spans, content, tenant))
            if state is None or state == "not_durable":
                raise _Refusal(503, _UNAVAILABLE, "the gateway cannot keep these spans now; send them again later")
    except _Refusal as refusal:
        return _refused(refusal, encoding)
    return _accepted(received, encoding)


async def _received(request: Request, encoding: Encoding) -> Received:
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip"):
        raise _Refusal(415, _INVALID, "only Content-Encoding gzip is understood; use it, or leave it out")
    try:
        body = await request.body()
        # One after the other, so that several large ones do not add up in memory.
        async with request.app.state.reading:
            return await asyncio.to_thread(_read, body, coding == "gzip", encoding)
    except BodyTooLarge:
        raise _Refusal(413, _EXHAUSTED, f"the body has more than {LARGEST_BODY:,} bytes") from None
    except OtlpError as error:
        too_large = isinstance(error, OtlpTooLarge)
        raise _Refusal(413 if too_large else 400, _EXHAUSTED if too_large else _INVALID, str(error)) from None


def _read(body: bytes, is_gzip: bool, encoding: Encoding) -> Received:
    return read(inflate(body) if is_gzip else body, encoding, time.time_ns())


def _accepted(received: Received, encoding: Encoding) -> Response:
    if encoding == "json":
        partial = {"rejectedSpans": str(received.rejected), "errorMessage": received.why} if received.rejected else None
        document = {} if partial is None else {"partialSuccess": partial}
        return Response(json.dumps(document), media_type=JSON)
    answer = ExportTraceServiceResponse()
    if received.rejected:
        answer.partial_success.rejected_spans = received.rejected
        answer.partial_success.error_message = received.why
    return Response(answer.SerializeToString(), media_type=PROTOBUF)


def _refused(refusal: _Refusal, encoding: Encoding) -> Response:
    headers = {"retry-after": "1"} if refusal.status == 503 else {}
    if encoding == "json":
        content = json.dumps({"code": refusal.code, "message": refusal.sentence})
        return Response(content, status_code=refusal.status, headers=headers, media_type=JSON)
    status = Status(code=refusal.code, message=refusal.sentence).SerializeToString()
    return Response(status, status_code=refusal.status, headers=headers, media_type=PROTOBUF)
