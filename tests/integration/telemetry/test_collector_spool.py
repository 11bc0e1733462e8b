"""A collector that is away for long: what it misses waits on disk, also for the next process, and can be erased."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, Tracer, set_span_in_context

from router_core import semconv
from telemetry.collector import Collector, CollectorProcessor
from telemetry.collector_spool import CollectorSpool, waiting
from telemetry.content import ContentPolicy
from telemetry.erasure import Tenant, Trace, erase
from telemetry.setup import Telemetry
from telemetry.spooled import spool_folder
from telemetry.storage.engine import open_engine
from tests.collector import Says, ScriptedCollector, attributes
from tests.serving import free_port
from tests.traces import Routed, emit


@contextmanager
def sending(port: int, folder: Path, *, largest_bytes: int = 1 << 20) -> Iterator[tuple[CollectorProcessor, Tracer]]:
    processor = CollectorProcessor(
        Collector(f"http://127.0.0.1:{port}/v1/traces"),
        ContentPolicy("off"),
        spool=CollectorSpool(folder, largest_bytes=largest_bytes),
        first_delay_s=0.05,
    )
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    try:
        yield processor, provider.get_tracer("test")
    finally:
        processor.close()


def kept(port: int, folder: Path, *decisions: Routed) -> None:
    """What a process that then ends as it should leaves for a collector that is away."""
    with sending(port, folder) as (processor, tracer):
        for routed in decisions:
            emit(tracer, routed)
        assert processor.force_flush(20_000)
        assert processor.health().spooled == 5 * len(decisions)
    assert processor.health().dropped == 0


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it has not come"
        time.sleep(0.01)


def tenants(collector: ScriptedCollector) -> Counter[str]:
    found = (attributes(span).get(semconv.TENANT) for span in collector.spans)
    return Counter(tenant for tenant in found if tenant is not None)


def test_what_a_collector_missed_arrives_after_a_restart_though_nobody_asks_anything(tmp_path: Path):
    port = free_port()
    kept(port, tmp_path, Routed("d1"), Routed("d2"))
    with ScriptedCollector(port) as collector, sending(port, tmp_path) as (processor, _):
        until(lambda: processor.health().sent == 10)
        until(lambda: processor.health().spooled == 0)
    assert len({span.span_id for span in collector.spans}) == len(collector.spans) == 10
    assert waiting(tmp_path).files == 0


def test_what_a_killed_process_left_is_sent_by_the_next(tmp_path: Path):
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1/traces"
    command = [sys.executable, "-m", "tests.integration.telemetry.sending_child", url, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "5"
        child.kill()
    with ScriptedCollector(port) as collector, sending(port, tmp_path) as (processor, _):
        until(lambda: processor.health().sent == 5)
    assert len(collector.spans) == 5


def test_a_collector_that_comes_back_gets_what_it_missed_before_what_is_new(tmp_path: Path):
    port = free_port()
    with sending(port, tmp_path) as (processor, tracer):
        emit(tracer, Routed("old"))
        assert processor.force_flush(20_000)
        with ScriptedCollector(port) as collector:
            until(lambda: processor.health().sent == 5)
            emit(tracer, Routed("new"))
            until(lambda: processor.health().sent == 10)
        health = processor.health()
    said = [attributes(span).get(semconv.DECISION_ID) for span in collector.spans]
    assert said[:5].count("old") == 2 == said[5:].count("new")
    assert (health.spooled, health.dropped, health.last_error) == (0, 0, None)


def test_what_a_collector_does_not_want_leaves_the_disk_too(tmp_path: Path):
    port = free_port()
    kept(port, tmp_path, Routed("d1"))
    with ScriptedCollector(port) as collector:
        collector.answers(Says(400))
        with sending(port, tmp_path) as (processor, _):
            until(lambda: processor.health().refused == 5)
    assert waiting(tmp_path).files == 0


def test_what_is_too_large_as_one_request_is_sent_as_several(tmp_path: Path):
    port = free_port()
    kept(port, tmp_path, Routed("d1"), Routed("d2"))
    with ScriptedCollector(port) as collector:
        collector.answers(Says(413), Says())
        with sending(port, tmp_path) as (processor, _):
            until(lambda: processor.health().sent == 10)
    assert len(collector.spans) == 10
    assert len(collector.requests) == 3


def test_when_the_disk_takes_no_more_spans_are_left_out_and_counted(tmp_path: Path):
    with sending(free_port(), tmp_path, largest_bytes=5_000) as (processor, tracer):
        for number in range(30):
            emit(tracer, Routed(f"d{number}"))
            assert processor.force_flush(20_000)
        health = processor.health()
    assert health.dropped + health.spooled == 150
    assert 0 < health.spooled < 150
    assert "has reached its limit" in str(health.last_error)
    assert waiting(tmp_path).bytes <= 5_000


def test_an_erased_tenant_never_arrives(tmp_path: Path):
    port, copies = free_port(), tmp_path / "collector"
    kept(port, copies, Routed("d1", tenant="ours"), Routed("d2", tenant="theirs"))
    engine = open_engine(f"sqlite:///{tmp_path / 't.db'}")
    erased = erase(engine, spool_folder(tmp_path), Tenant("ours"), copies=copies, wait_s=0)
    assert erased.removed["copies"] == 1
    assert erased.complete
    with ScriptedCollector(port) as collector, sending(port, copies) as (processor, _):
        until(lambda: processor.health().sent == 5)
    assert tenants(collector) == {"theirs": 2}


def test_spans_that_do_not_say_whose_they_are_go_with_their_decision(tmp_path: Path):
    copies = tmp_path / "collector"
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry:
        processor = CollectorProcessor(
            Collector(f"http://127.0.0.1:{free_port()}/v1/traces"), ContentPolicy("off"), spool=CollectorSpool(copies)
        )
        tracer = telemetry.tracer_provider.get_tracer("test")
        trace_id = emit(tracer, Routed("d1", tenant="ours"))
        # Only now do copies go out: spans of the same request that came late, and name nobody.
        telemetry.tracer_provider.add_span_processor(processor)
        late = tracer.start_span("late", context=within(trace_id))
        late.end()
        assert processor.force_flush(20_000)
        processor.close()
    engine = open_engine(url)
    assert waiting(copies).spans == 1
    assert erase(engine, spool_folder(tmp_path), Tenant("theirs"), copies=copies, wait_s=0).nothing
    assert erase(engine, spool_folder(tmp_path), Trace("d1"), copies=copies, wait_s=0).removed["copies"] == 1
    assert waiting(copies).files == 0


def within(trace_id: int) -> Context:
    return set_span_in_context(NonRecordingSpan(SpanContext(trace_id, 1, True, TraceFlags(1))))
