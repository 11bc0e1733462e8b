"""A tracer for decisions: OpenTelemetry's interface, a third of the cost of its SDK's own tracer.

Every span is kept, whole, whatever the environment says, so the SDK's work at each span (asking a sampler, counting
limits, cleaning each value) answers nothing here, and a request waits for it. What comes out are the SDK's own readable
spans, for its own span processors.
"""

from __future__ import annotations

import atexit
import logging
import os
import random
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.util.types import AnyValue, Attributes

_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)
_ROOT: Final = TraceFlags(TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID)
_UNSET: Final = Status(StatusCode.UNSET)
_IDS: Final = random.Random()  # noqa: S311 - ids are no secrets
"""Our own: a program that seeds Python's would make the same ids again, and rows are known by theirs."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_IDS.seed)

_log = logging.getLogger(__name__)


class DecisionTracerProvider(trace.TracerProvider):
    """Tracers whose spans all go to the same processors, which are told of each span once it has ended."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource
        self._processors: tuple[SpanProcessor, ...] = ()
        atexit.register(self.shutdown)

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Attributes = None,
    ) -> DecisionTracer:
        """See `opentelemetry.trace.TracerProvider`."""
        scope = InstrumentationScope(instrumenting_module_name, instrumenting_library_version, schema_url, attributes)
        return DecisionTracer(self, scope)

    def add_span_processor(self, processor: SpanProcessor) -> None:
        """Tell this one too of each span that ends; its ``on_start`` is never called."""
        self._processors = (*self._processors, processor)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have every processor finish with what it got, within the time; True when all of them did."""
        end, done = time.monotonic() + timeout_millis / 1e3, True
        for processor in self._processors:
            done &= processor.force_flush(max(int((end - time.monotonic()) * 1e3), 0))
        return done

    def shutdown(self) -> None:
        """Shut the processors down; at the end of the program at the latest."""
        atexit.unregister(self.shutdown)
        for processor in self._processors:
            processor.shutdown()

    def ended(self, span: DecisionSpan, end_time: int, scope: InstrumentationScope) -> None:
        """Show a span that has just ended to the processors."""
        shown = ReadableSpan(
            name=span.name,
            context=span.context,
            parent=span.parent,
            resource=self._resource,
            attributes=span.attributes,
            events=span.events,
            links=span.links,
            kind=span.kind,
            status=span.status,
            start_time=span.start_time,
            end_time=end_time,
            instrumentation_scope=scope,
        )
        for processor in self._processors:
            processor.on_end(shown)


class DecisionTracer(trace.Tracer):
    """See `opentelemetry.trace.Tracer`."""

    def __init__(self, provider: DecisionTracerProvider, scope: InstrumentationScope) -> None:
        self._provider = provider
        self._scope = scope

    def start_span(
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
    ) -> DecisionSpan:
        """A span under the context's, or a root; sampled, whatever its parent is."""
        parent: SpanContext | None = trace.get_current_span(context).get_span_context()
        if parent is None or not parent.is_valid:
            parent, trace_id, flags = None, _IDS.getrandbits(128) or 1, _ROOT
        else:
            trace_id, flags = parent.trace_id, _ROOT if parent.trace_flags.random_trace_id else _SAMPLED
        made = SpanContext(trace_id, _IDS.getrandbits(64) or 1, is_remote=False, trace_flags=flags)
        tells = record_exception, set_status_on_exception
        span = DecisionSpan(self, name, made, parent, kind, links or (), start_time, tells)
        if attributes:
            span.set_attributes(attributes)
        return span

    @contextmanager
    def start_as_current_span(  # type: ignore[override] # theirs may decorate coroutines as well
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
    ) -> Iterator[DecisionSpan]:
        """A span that is the current one, and ends, within a block."""
        span = self.start_span(name, context, kind, attributes, links, start_time)
        with trace.use_span(span, end_on_exit, record_exception, set_status_on_exception):
            yield span

    def ended(self, span: DecisionSpan, end_time: int) -> None:
        """See `DecisionTracerProvider.ended`."""
        self._provider.ended(span, end_time, self._scope)


class DecisionSpan(trace.Span):
    """See `opentelemetry.trace.Span`. It belongs to whoever started it: two threads must not end it at once.

    Args:
        tells: whether an exception that leaves its block is recorded on it, and whether that makes its status an error.
    """

    def __init__(
        self,
        tracer: DecisionTracer,
        name: str,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        links: Sequence[Link],
        start_time: int | None,
        tells: tuple[bool, bool],
    ) -> None:
        self._tracer = tracer
        self._tells = tells
        self._recording = True
        self.name = name
        self.context = context
        self.parent = parent
        self.kind = kind
        self.links = links
        self.start_time = time.time_ns() if start_time is None else start_time
        self.status = _UNSET
        self.attributes: dict[str, AnyValue] = {}
        self.events: Sequence[Event] = ()

    def get_span_context(self) -> SpanContext:
        """See `opentelemetry.trace.Span`, as for all that follow."""
        return self.context

    def is_recording(self) -> bool:
        """Until it ends."""
        return self._recording

    def end(self, end_time: int | None = None) -> None:
        """Once; what is said of it later is ignored."""
        if self._may("end"):
            self._recording = False
            self._tracer.ended(self, time.time_ns() if end_time is None else end_time)

    def set_attributes(self, attributes: Mapping[str, AnyValue]) -> None:
        """Lists are copied; values are taken as they are."""
        if self._may("set attributes of"):
            self.attributes |= {
                name: tuple(value) if isinstance(value, list) else value for name, value in attributes.items()
            }

    def set_attribute(self, key: str, value: AnyValue) -> None:
        """One of them."""
        self.set_attributes({key: value})

    def add_event(self, name: str, attributes: Attributes = None, timestamp: int | None = None) -> None:
        """Something that happened at one moment."""
        if self._may("add an event to"):
            self.events = (*self.events, Event(name, dict(attributes or {}), timestamp))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Another span that this one has to do with."""
        if self._may("add a link to"):
            self.links = (*self.links, Link(context, attributes))

    def update_name(self, name: str) -> None:
        """Call it otherwise."""
        if self._may("rename"):
            self.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """OK is final, and unset is no status to be set."""
        given = status if isinstance(status, Status) else Status(status, description)
        final = self.status.status_code is StatusCode.OK or given.status_code is StatusCode.UNSET
        if self._may("set the status of") and not final:
            self.status = given

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,
    ) -> None:
        """As the event ``exception``, by the convention's names."""
        told: dict[str, Any] = {
            "exception.type": type(exception).__qualname__,
            "exception.message": str(exception),
            "exception.stacktrace": "".join(traceback.format_exception(exception)),
            "exception.escaped": str(escaped),
            **(attributes or {}),
        }
        self.add_event("exception", told, timestamp)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: Any) -> None:
        """End it, with the exception that left its block."""
        records, fails = self._tells
        if error is not None and self._recording:
            if records:
                self.record_exception(error, escaped=True)
            if fails:
                self.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
        self.end()

    def _may(self, what: str) -> bool:
        if not self._recording:
            _log.warning("cannot %s a span that has ended", what)
        return self._recording
