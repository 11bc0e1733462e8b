"""What other systems send over OTLP/HTTP, from bytes to spans: bounded, checked, and never trusted.

A body is refused as a whole when it is no OTLP or holds more than a body may; a span alone when its ids, its times or
the number of its attributes cannot be right. Which is which the protocol leaves to the receiver ("partial success").
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode

from router_core import semconv
from telemetry.errors import InvalidOtlp, OtlpTooLarge

Encoding: TypeAlias = Literal["protobuf", "json"]

LARGEST_BODY: Final = 8 * 1024 * 1024
"""Bytes, before and after they are inflated. 8 MiB of nothing but empty attributes take 250 MB to parse."""
MOST_SPANS: Final = 5_000
MOST_ATTRIBUTES: Final = 512
"""Of one span."""
MOST_VALUES: Final = 200_000
"""Of one body."""
DEEPEST: Final = 16
LONGEST_NAME: Final = 255
_DAY_NS: Final = 86_400 * 10**9
_IDS: Final = {"traceId": 16, "spanId": 8, "parentSpanId": 8}
_KINDS: Final = {
    trace_pb2.Span.SPAN_KIND_SERVER: SpanKind.SERVER,
    trace_pb2.Span.SPAN_KIND_CLIENT: SpanKind.CLIENT,
    trace_pb2.Span.SPAN_KIND_PRODUCER: SpanKind.PRODUCER,
    trace_pb2.Span.SPAN_KIND_CONSUMER: SpanKind.CONSUMER,
}
_STATUSES: Final = {
    trace_pb2.Status.STATUS_CODE_OK: StatusCode.OK,
    trace_pb2.Status.STATUS_CODE_ERROR: StatusCode.ERROR,
}


@dataclass(slots=True)
class Received:
    """What a body held."""

    spans: list[ReadableSpan] = field(default_factory=list)
    """Their resources hold the attributes of whoever sent them."""
    rejected: int = 0
    why: str = ""
    """Of the first that was rejected."""

    def reject(self, why: str) -> None:
        """Leave a span out."""
        self.rejected += 1
        self.why = self.why or why


def inflate(body: bytes) -> bytes:
    """A gzip body, however many members it has.

    Raises:
        OtlpTooLarge: it is longer than `LARGEST_BODY`, which is known before it is all inflated.
        InvalidOtlp: it is no gzip, or ends too early.
    """
    parts: list[bytes] = []
    room = LARGEST_BODY
    try:
        while body:
            member = zlib.decompressobj(wbits=31)
            part = member.decompress(body, room + 1)
            if len(part) > room:
                raise OtlpTooLarge(f"the body has more than {LARGEST_BODY:,} bytes when inflated; send smaller batches")
            if not member.eof:
                raise InvalidOtlp("the body ends before its gzip does; send it whole")
            room -= len(part)
            parts.append(part)
            body = member.unused_data
    except zlib.error:
        raise InvalidOtlp("the body is no gzip; leave Content-Encoding out, or compress it") from None
    return b"".join(parts)


def read(body: bytes, encoding: Encoding, now_ns: int) -> Received:
    """The spans of an ``ExportTraceServiceRequest``.

    Raises:
        InvalidOtlp: the body is no such request.
        OtlpTooLarge: it holds more spans or values than a body may.
    """
    request = _from_json(body) if encoding == "json" else _from_protobuf(body)
    received = Received()
    spans = [
        (sender, scope.scope.name, span)
        for resource in request.resource_spans
        for sender in (_sender(resource.resource.attributes),)
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    if len(spans) > MOST_SPANS:
        raise OtlpTooLarge(f"the body holds {len(spans):,} spans; at most {MOST_SPANS:,} are taken")
    values = _Values()
    for resource, scope_name, span in spans:
        try:
            received.spans.append(_span(span, scope_name, resource, values, now_ns))
        except ValueError as error:
            received.reject(str(error))
    return received


def _from_protobuf(body: bytes) -> ExportTraceServiceRequest:
    try:
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        return request
    except DecodeError:
        raise InvalidOtlp("the body is no ExportTraceServiceRequest in protobuf; check its Content-Type") from None


def _from_json(body: bytes) -> ExportTraceServiceRequest:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidOtlp("the body is no JSON; check its Content-Type") from None
    if not isinstance(document, dict):
        raise InvalidOtlp("the body is no JSON object; send an ExportTraceServiceRequest")
    _ids_to_base64(document)
    try:
        request = ExportTraceServiceRequest()
        ParseDict(document, request, ignore_unknown_fields=True, max_recursion_depth=64)
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        # The message may quote the body: what people wrote.
        raise InvalidOtlp("the body is no ExportTraceServiceRequest in JSON; see the OTLP specification") from None
    return request


def _ids_to_base64(document: dict[str, Any]) -> None:
    """OTLP writes ids in hexadecimal where protobuf's JSON has base64; what is neither is left empty, and found later.

    Raises:
        OtlpTooLarge: there are more values than a body may hold.
    """
    waiting: list[Any] = [document]
    seen = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > MOST_VALUES:
            raise OtlpTooLarge(f"the body holds more than {MOST_VALUES:,} values; send smaller batches")
        if isinstance(value, dict):
            for name, size in _IDS.items():
                if name in value:
                    value[name] = _base64(value[name], size)
            waiting.extend(inner for inner in value.values() if isinstance(inner, (dict, list)))
        else:
            waiting.extend(inner for inner in value if isinstance(inner, (dict, list)))


def _base64(text: Any, size: int) -> str:
    try:
        raw = bytes.fromhex(text) if isinstance(text, str) and len(text) == 2 * size else b""
    except ValueError:
        raw = b""
    return base64.b64encode(raw if raw or not text else b"\0").decode()


def _span(span: trace_pb2.Span, scope_name: str, resource: Resource, values: _Values, now_ns: int) -> ReadableSpan:
    """A span as the SDK has them; ValueError says in one sentence why it cannot be one."""
    if scope_name == semconv.INSTRUMENTATION_NAME:
        raise ValueError("spans of RouteScope itself are in its database already; they would be counted twice")
    context = _context(span.trace_id, span.span_id)
    if len(span.attributes) > MOST_ATTRIBUTES:
        raise ValueError(f"a span has {len(span.attributes):,} attributes; at most {MOST_ATTRIBUTES} are taken")
    start, end = span.start_time_unix_nano, span.end_time_unix_nano
    if not 0 < start <= now_ns + _DAY_NS:
        raise ValueError("a span begins at no time, or more than a day from now; check the sender's clock")
    if not start <= end <= now_ns + _DAY_NS:
        raise ValueError("a span ends before it begins, or more than a day from now; check the sender's clock")
    parent = _context(span.trace_id, span.parent_span_id) if span.parent_span_id else None
    return ReadableSpan(
        name=span.name,
        context=context,
        parent=parent,
        resource=resource,
        attributes={pair.key: values.of(pair.value) for pair in span.attributes},
        kind=_KINDS.get(span.kind, SpanKind.INTERNAL),
        status=Status(_STATUSES.get(span.status.code, StatusCode.UNSET), _described(span)),
        start_time=start,
        end_time=end,
    )


def _described(span: trace_pb2.Span) -> str | None:
    """Only an error has a description; the SDK would complain of others."""
    return span.status.message or None if span.status.code == trace_pb2.Status.STATUS_CODE_ERROR else None


def _context(trace_id: bytes, span_id: bytes) -> SpanContext:
    context = SpanContext(int.from_bytes(trace_id), int.from_bytes(span_id), is_remote=True)
    if len(trace_id) != 16 or len(span_id) != 8 or not context.is_valid:
        raise ValueError("a span's trace id is not 16 bytes or its span id not 8, or one of them is zero")
    return context


def _sender(attributes: Sequence[KeyValue]) -> Resource:
    """Who sent spans, as far as a short text says it."""
    texts = {pair.key: pair.value.string_value for pair in attributes[:MOST_ATTRIBUTES]}
    return Resource({key: text for key, text in texts.items() if text and len(text) <= LONGEST_NAME})


class _Values:
    """Attribute values as plain ones; counts those of a whole body."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def of(self, value: AnyValue, depth: int = 0) -> Any:
        """A scalar, a list or a dictionary.

        Raises:
            ValueError: it is nested too deeply.
            OtlpTooLarge: the body holds too many of them.
        """
        self._left -= 1
        if self._left < 0:
            raise OtlpTooLarge(f"the body holds more than {MOST_VALUES:,} values; send smaller batches")
        if depth > DEEPEST:
            raise ValueError(f"an attribute is nested deeper than {DEEPEST} levels")
        kind = value.WhichOneof("value")
        if kind == "array_value":
            return [self.of(item, depth + 1) for item in value.array_value.values]
        if kind == "kvlist_value":
            return {pair.key: self.of(pair.value, depth + 1) for pair in value.kvlist_value.values}
        # Nothing that we know of is bytes.
        return None if kind is None or kind == "bytes_value" else getattr(value, kind)
