"""One request's spans."""

from __future__ import annotations

from datetime import UTC, datetime

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from router_core.clock import ManualClock, Timeline
from router_core.tracing import NO_TRACER, Trace, new_decision_id

START = datetime(2026, 11, 23, tzinfo=UTC)


def recorded(traceparent: str | None = None) -> tuple[Trace, ManualClock, InMemorySpanExporter]:
    exporter, clock = InMemorySpanExporter(), ManualClock(START)
    provider = TracerProvider(sampler=ALWAYS_ON)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Trace(provider.get_tracer("t"), Timeline(clock), "chat", traceparent), clock, exporter


def test_decision_ids_sort_by_their_time_and_are_version_7() -> None:
    clock = ManualClock(START)
    ids = []
    for _ in range(50):
        ids.append(new_decision_id(clock))
        clock.advance(0.001)
    assert ids == sorted(ids)
    assert all(len(one) == 32 and one[12] == "7" and one[16] in "89ab" for one in ids)
    assert int(ids[0][:12], 16) == int(START.timestamp() * 1000)


def test_decision_ids_of_one_moment_differ() -> None:
    clock = ManualClock(START)
    assert len({new_decision_id(clock) for _ in range(1000)}) == 1000


def test_spans_are_stamped_by_the_requests_own_clock() -> None:
    trace, clock, exporter = recorded()
    child = trace.child("signals")
    clock.advance(1.5)
    trace.end(child, {})
    trace.end(trace.root, {})
    start = int(START.timestamp() * 1e9)
    assert [
        (s.name, (s.start_time or 0) - start, (s.end_time or 0) - start) for s in exporter.get_finished_spans()
    ] == [
        ("signals", 0, 1_500_000_000),
        ("route chat", 0, 1_500_000_000),
    ]


def test_unknown_values_are_absent_and_errors_mark_the_span() -> None:
    trace, _, exporter = recorded()
    trace.end(trace.root, {"known": 1, "unknown": None}, "it broke")
    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes or {}) == {"known": 1}
    assert (span.status.status_code.name, span.status.description) == ("ERROR", "it broke")


def test_a_caller_is_linked_and_never_the_parent() -> None:
    trace, _, exporter = recorded("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
    trace.end(trace.root, {})
    (span,) = exporter.get_finished_spans()
    assert span.parent is None
    assert [f"{link.context.trace_id:032x}" for link in span.links] == ["0af7651916cd43dd8448eb211c80319c"]


def test_without_a_tracer_nothing_is_kept_and_nothing_breaks() -> None:
    trace = Trace(NO_TRACER, Timeline(ManualClock(START)), "chat", None)
    trace.end(trace.child("plan"), {"a": 1})
    assert (trace.recording, trace.trace_id) == (False, 0)
