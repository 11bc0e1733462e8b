from __future__ import annotations

import logging
import os
import random
from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from telemetry.tracer import DecisionTracer, DecisionTracerProvider
from tests.traces import Attempt, Routed, emit

RESOURCE = Resource({"service.name": "routescope"})
CALLER = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(0))


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(exporter: InMemorySpanExporter) -> DecisionTracer:
    provider = DecisionTracerProvider(RESOURCE)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider.get_tracer("test", "1")


def only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def said(spans: Sequence[ReadableSpan]) -> list[dict[str, Any]]:
    """All that spans say but their ids, which are random."""
    places = {span.context.span_id: place for place, span in enumerate(spans)}
    return [
        {
            "name": span.name,
            "parent": None if span.parent is None else places[span.parent.span_id],
            "flags": (span.context.trace_flags, span.context.is_remote, span.context.trace_state),
            "kind": span.kind,
            "times": (span.start_time, span.end_time),
            "status": (span.status.status_code, span.status.description),
            "attributes": dict(span.attributes or {}),
            "links": [(link.context, dict(link.attributes or {})) for link in span.links],
            "events": [(event.name, dict(event.attributes or {})) for event in span.events],
            "resource": span.resource.attributes,
            "scope": span.instrumentation_scope,
            "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
        }
        for span in spans
    ]


def test_a_decisions_spans_are_those_of_the_sdks_own_tracer(tracer: DecisionTracer, exporter: InMemorySpanExporter):
    theirs = InMemorySpanExporter()
    provider = TracerProvider(resource=RESOURCE, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(theirs))
    routed = Routed("d1", attempts=(Attempt(outcome="rejected"), Attempt("large")), prompt="why?")
    for one in (tracer, provider.get_tracer("test", "1")):
        emit(one, routed, link=Link(CALLER))
    assert said(exporter.get_finished_spans()) == said(theirs.get_finished_spans())
    assert len(exporter.get_finished_spans()) == 6


def test_a_collector_can_be_sent_them(tracer: DecisionTracer, exporter: InMemorySpanExporter):
    span = tracer.start_span("one", attributes={"list": ["a", "b"], "number": 1, "real": 0.5, "flag": True})
    span.add_event("something", {"what": "happened"}, 5)
    span.end()
    (sent,) = encode_spans(exporter.get_finished_spans()).resource_spans[0].scope_spans[0].spans
    assert (sent.name, len(sent.attributes), sent.events[0].name) == ("one", 4, "something")


def test_every_trace_has_an_id_of_its_own_and_its_spans_share_it(tracer: DecisionTracer):
    roots = [tracer.start_span("root", context=Context()) for _ in range(100)]
    assert len({root.context.trace_id for root in roots}) == 100
    child = tracer.start_span("child", context=trace.set_span_in_context(roots[0], Context()))
    assert child.context.trace_id == roots[0].context.trace_id and child.parent == roots[0].context
    assert child.context.span_id != roots[0].context.span_id


def test_a_program_that_seeds_pythons_random_does_not_get_the_same_ids_again(tracer: DecisionTracer):
    made = []
    for _ in range(2):
        random.seed(7)
        made.append(tracer.start_span("root", context=Context()).context)
    assert made[0].trace_id != made[1].trace_id and made[0].span_id != made[1].span_id


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_makes_ids_of_its_own(tracer: DecisionTracer):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, f"{tracer.start_span('root', context=Context()).context.trace_id}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = int(os.read(reading, 100))
    os.close(reading)
    os.close(writing)
    assert theirs != tracer.start_span("root", context=Context()).context.trace_id


def test_a_span_under_an_unsampled_one_is_kept(tracer: DecisionTracer, exporter: InMemorySpanExporter):
    span = tracer.start_span("one", context=trace.set_span_in_context(NonRecordingSpan(CALLER)))
    assert span.is_recording() and span.context.trace_flags.sampled
    span.end()
    assert only(exporter).parent == CALLER


def test_a_list_that_changes_later_does_not_change_what_was_said(
    tracer: DecisionTracer, exporter: InMemorySpanExporter
):
    tags = ["a"]
    span = tracer.start_span("one")
    span.set_attribute("tags", tags)
    tags.append("b")
    span.end()
    assert (only(exporter).attributes or {})["tags"] == ("a",)


def test_what_is_said_after_the_end_is_ignored_and_logged(
    tracer: DecisionTracer, exporter: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
):
    span = tracer.start_span("one", kind=SpanKind.CLIENT, start_time=3)
    span.end(9)
    with caplog.at_level(logging.WARNING):
        span.set_attribute("late", 1)
        span.update_name("late")
        span.add_event("late")
        span.add_link(CALLER)
        span.set_status(StatusCode.ERROR, "late")
        span.end(10)
    ended = only(exporter)
    assert (ended.name, dict(ended.attributes or {}), ended.events, ended.links) == ("one", {}, (), ())
    assert (ended.start_time, ended.end_time, ended.status.status_code) == (3, 9, StatusCode.UNSET)
    assert len(caplog.records) == 6 and "has ended" in caplog.text


def test_a_status_that_is_ok_stays(tracer: DecisionTracer, exporter: InMemorySpanExporter):
    span = tracer.start_span("one")
    span.set_status(StatusCode.ERROR, "no")
    span.set_status(StatusCode.UNSET)
    assert span.status.status_code is StatusCode.ERROR
    span.set_status(Status(StatusCode.OK))
    span.set_status(StatusCode.ERROR, "no")
    span.end()
    assert only(exporter).status.status_code is StatusCode.OK


def test_an_exception_that_leaves_the_block_is_on_the_span(tracer: DecisionTracer, exporter: InMemorySpanExporter):
    with (
        pytest.raises(ValueError, match="no such thing"),
        tracer.start_as_current_span("one", attributes={"a": 1}) as span,
    ):
        assert trace.get_current_span() is span
        raise ValueError("no such thing")
    ended = only(exporter)
    assert (ended.status.status_code, ended.status.description) == (StatusCode.ERROR, "ValueError: no such thing")
    (event,) = ended.events
    assert (event.name, (event.attributes or {})["exception.type"]) == ("exception", "ValueError")
    assert (ended.attributes or {})["a"] == 1


@pytest.mark.parametrize("told", [True, False])
def test_a_span_as_a_block_tells_of_its_exception_only_when_it_may(
    tracer: DecisionTracer, exporter: InMemorySpanExporter, told: bool
):
    with (
        pytest.raises(ValueError, match="x"),
        tracer.start_span("one", record_exception=told, set_status_on_exception=told),
    ):
        raise ValueError("x")
    assert bool(only(exporter).events) is told is (only(exporter).status.status_code is StatusCode.ERROR)


class Slow(SpanProcessor):
    """Counts; says whether it kept all."""

    def __init__(self, kept: bool) -> None:
        self.kept = kept
        self.asked = 0
        self.closed = 0

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        self.asked += 1
        return self.kept

    def shutdown(self) -> None:
        self.closed += 1


def test_every_processor_is_flushed_and_shut_down_whatever_another_says():
    provider = DecisionTracerProvider(RESOURCE)
    processors = Slow(False), Slow(True)
    for processor in processors:
        provider.add_span_processor(processor)
    assert provider.force_flush(100) is False
    provider.shutdown()
    assert [(one.asked, one.closed) for one in processors] == [(1, 1), (1, 1)]
