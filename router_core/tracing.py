"""One request's spans, stamped by its own time line, in a trace of its own.

A caller's span is linked, never a parent: a caller's unsampled ``traceparent`` must not erase a decision.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, NoOpTracer, Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from router_core import semconv
from router_core.clock import Clock, Timeline

NO_TRACER: Tracer = NoOpTracer()

_PROPAGATOR = TraceContextTextMapPropagator()


def new_decision_id(clock: Clock) -> str:
    """A UUID of version 7 as 32 hex digits: sorts by time of creation, and tells nothing else."""
    milliseconds = clock.time_ns() // 1_000_000 & (1 << 48) - 1
    drawn = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | drawn >> 62 << 64 | 0b10 << 62 | drawn & (1 << 62) - 1
    return f"{value:032x}"


class Trace:
    """The span tree of one request. Children hang under the root; nothing else nests."""

    def __init__(self, tracer: Tracer, timeline: Timeline, route: str, caller_traceparent: str | None) -> None:
        self._tracer = tracer
        self._timeline = timeline
        if tracer is NO_TRACER:
            self.root: Span = INVALID_SPAN
            self.recording = False
            return
        self.root = tracer.start_span(
            f"{semconv.SPAN_ROUTE} {route}",
            context=Context(),
            kind=SpanKind.SERVER,
            links=_links(caller_traceparent),
            start_time=timeline.start_ns,
        )
        self._context = trace.set_span_in_context(self.root, Context())
        self.recording = self.root.is_recording()
        """Whether anybody keeps the spans; the root itself forgets that when it ends."""

    @property
    def trace_id(self) -> int:
        """128 bits; zero without a tracer."""
        return self.root.get_span_context().trace_id

    def child(self, name: str, kind: SpanKind = SpanKind.INTERNAL) -> Span:
        """Start a span under the root, now."""
        if not self.recording:
            return INVALID_SPAN
        return self._tracer.start_span(name, context=self._context, kind=kind, start_time=self._timeline.now_ns())

    def end(self, span: Span, attributes: Mapping[str, Any], error: str | None = None) -> None:
        """Put what is known on a span and end it, now. None values are left out: unknown is absent."""
        if not self.recording:
            return
        if span.is_recording():
            span.set_attributes({name: value for name, value in attributes.items() if value is not None})
            if error is not None:
                span.set_status(Status(StatusCode.ERROR, error))
        span.end(end_time=self._timeline.now_ns())


def as_json(value: Any) -> str:
    """Records as JSON text, for attributes."""
    return orjson.dumps(value).decode()


def _links(traceparent: str | None) -> list[Link]:
    if traceparent is None:
        return []
    context = _PROPAGATOR.extract({"traceparent": traceparent}, context=Context())
    caller = trace.get_current_span(context).get_span_context()
    return [Link(caller)] if caller.is_valid else []
