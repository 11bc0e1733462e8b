"""How fast decisions become rows: router-like traces through the processor, beside OpenTelemetry's SDK and sqlite3.

    python benchmarks/ingest.py [--traces 2000] [--peers] [--peer-traces 400] [--json]

Ours, and the SDK's batch processor with an exporter that does nothing, make and take the same traces in turns; the peer
is that SDK. Its application side is its tracer with a processor that does nothing. With ``--peers`` Phoenix and MLflow
get the same spans over OTLP, in requests of 512, until they can be queried; they are installed into the user's cache
folder first. Ends with a JSON list.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from benchmarks.measuring.collectors import PEERS, Unavailable, feed
from benchmarks.measuring.figures import Figure, command, figure, tell
from telemetry.collector import Collector, CollectorProcessor
from telemetry.content import ContentPolicy
from telemetry.foreign import rows_of
from telemetry.metrics import Metrics
from telemetry.otlp import read
from telemetry.rows import Bundle
from telemetry.setup import Telemetry
from telemetry.storage.models import FACTS, REQUEST
from telemetry.tracer import DecisionTracerProvider
from tests.otlp import LITELLM, request, span
from tests.traces import START, Attempt, Routed, emit

IN_FLIGHT = 64
ROUNDS = 5
"""Turns of each way."""
APPLICATION_LIMIT = 1.3
"""Times the SDK's own cost."""
RATE_LIMIT = 0.6
"""Of the SDK's rate, with an exporter that does nothing."""
PEER_LIMIT = 14
"""Times the better peer's rate."""


class Nowhere(SpanExporter):
    """Takes spans and counts them."""

    def __init__(self) -> None:
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken += len(spans)
        return SpanExportResult.SUCCESS


def routed(number: int) -> Routed:
    """Every third request escalates; fifty begin in a second."""
    attempts = (Attempt(outcome="rejected"), Attempt("large")) if number % 3 == 0 else (Attempt(),)
    return Routed(f"{number:032x}", at=START + timedelta(milliseconds=20 * number), attempts=attempts)


def spans_of(numbers: Sequence[int]) -> int:
    """How many spans these traces have."""
    return sum(4 + len(routed(number).attempts) for number in numbers)


async def send(telemetry: Telemetry, numbers: Sequence[int]) -> float:
    """Seconds from the first span to the last commit, with `IN_FLIGHT` requests awaiting theirs."""
    tracer = telemetry.tracer_provider.get_tracer("bench")
    left = iter(numbers)

    async def client() -> None:
        for number in left:
            state = await telemetry.sink.committed(emit(tracer, routed(number)))
            if state != "committed":
                raise SystemExit(f"trace {number} is {state}: {telemetry.health().last_error}")

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(IN_FLIGHT)))
    return time.perf_counter() - begin


def export_nowhere(numbers: Sequence[int]) -> float:
    """Seconds from the first span to the last export of the SDK's batch processor, with room for all of them."""
    exporter, provider = Nowhere(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=16 * len(numbers)))
    tracer = provider.get_tracer("bench")
    begin = time.perf_counter()
    for number in numbers:
        emit(tracer, routed(number))
    provider.force_flush()
    seconds = time.perf_counter() - begin
    if exporter.taken != spans_of(numbers):
        raise SystemExit(f"the SDK exported {exporter.taken} of {spans_of(numbers)} spans")
    provider.shutdown()
    return seconds


async def lone_commits(telemetry: Telemetry, traces: int) -> list[float]:
    """Milliseconds of awaited commits, one at a time."""
    tracer = telemetry.tracer_provider.get_tracer("bench")
    delays = []
    for number in range(traces):
        trace_id = emit(tracer, routed(1_000_000 + number))
        begin = time.perf_counter()
        await telemetry.sink.committed(trace_id)
        delays.append((time.perf_counter() - begin) * 1e3)
        await asyncio.sleep(0.005)
    return delays


def emitting(tracer: Tracer, traces: int, first: int) -> float:
    """Microseconds of this thread's CPU for making one trace."""
    begin = time.thread_time()
    for number in range(first, first + traces):
        emit(tracer, routed(number))
    return (time.thread_time() - begin) / traces * 1e6


def counting(folder: Path, traces: int) -> float:
    """Microseconds of the writer thread's CPU for counting one trace in all its metrics."""
    bundles: list[Bundle] = []
    with Telemetry.open(f"sqlite:///{folder / 'counted.db'}", home=folder) as telemetry:
        telemetry.sink.listen(lambda bundle, state: bundles.append(bundle))
        tracer = telemetry.tracer_provider.get_tracer("bench")
        for number in range(traces):
            emit(tracer, routed(number))
    metrics = Metrics("bench")
    begin = time.thread_time()
    for bundle in bundles:
        metrics.count(bundle, "committed")
    return (time.thread_time() - begin) / len(bundles) * 1e6


def copying(traces: int) -> float:
    """Microseconds of the request's own thread for queueing one trace for a collector, which is away."""
    away = Collector("http://127.0.0.1:9/v1/traces")
    processor = CollectorProcessor(away, ContentPolicy(), queue_limit=8 * traces)
    provider, null = DecisionTracerProvider(Resource({})), DecisionTracerProvider(Resource({}))
    provider.add_span_processor(processor)
    null.add_span_processor(SpanProcessor())
    alone = emitting(null.get_tracer("bench"), traces, 5_000_000)
    spent = emitting(provider.get_tracer("bench"), traces, 4_000_000) - alone
    if processor.health().dropped:
        raise SystemExit("the queue was too small")
    processor.close(0.1)
    return max(spent, 0.0)


async def receiving(folder: Path, calls: int) -> float:
    """Seconds from OTLP bodies of 500 calls of other systems to committed rows."""
    bodies = [
        request(*(span(LITELLM, 1 + start + number) for number in range(500))).SerializeToString()
        for start in range(0, calls, 500)
    ]
    with Telemetry.open(f"sqlite:///{folder / 'received.db'}", home=folder) as telemetry:
        begin = time.perf_counter()
        for body in bodies:
            received = await asyncio.to_thread(read, body, "protobuf", time.time_ns())
            state = await telemetry.sink.keep(partial(rows_of, received.spans, tenant="default"))
            if received.rejected or state != "committed":
                raise SystemExit(f"{received.rejected} rejected, {state}")
        return time.perf_counter() - begin


def executemany(engine: sa.Engine, folder: Path) -> float:
    """Seconds that plain sqlite3 takes for the rows that were written, in transactions of 512."""
    raw = sqlite3.connect(folder / "raw.db", isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = NORMAL")
    seconds = 0.0
    for table in FACTS:
        with engine.connect() as connection:
            rows = [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {table.name}")]
        raw.execute(f"CREATE TABLE {table.name} ({', '.join(column.name for column in table.columns)})")
        marks = ", ".join("?" for _ in table.columns)
        begin = time.perf_counter()
        for start in range(0, len(rows), 512):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(f"INSERT INTO {table.name} VALUES ({marks})", rows[start : start + 512])
            raw.execute("COMMIT")
        seconds += time.perf_counter() - begin
    raw.close()
    return seconds


def made(numbers: Sequence[int]) -> Sequence[ReadableSpan]:
    """The spans of these traces, by the SDK's own tracer."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("bench")
    for number in numbers:
        emit(tracer, routed(number))
    return exporter.get_finished_spans()


def unpaced(folder: Path, numbers: Sequence[int]) -> float:
    """The share of traces that are committed when they are made as fast as can be, and nobody waits for any."""
    with Telemetry.open(f"sqlite:///{folder / 'unpaced.db'}", home=folder) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("bench")
        for number in numbers:
            emit(tracer, routed(number))
        if not telemetry.sink.force_flush(60_000):
            raise SystemExit("not everything was written within a minute")
        with telemetry.engine.connect() as connection:
            return int(connection.scalar(sa.select(sa.func.count()).select_from(REQUEST)) or 0) / len(numbers)


def peers(rate: float, traces: int) -> list[Figure]:
    """Phoenix and MLflow on the same spans, beside our rate."""
    with tempfile.TemporaryDirectory() as folder:
        figures = [figure("ingest_unpaced_kept", unpaced(Path(folder), range(traces)), "of those sent", traces)]
    first, spans = made(range(50)), made(range(1000, 1000 + traces))
    rates = []
    for peer in PEERS:
        with tempfile.TemporaryDirectory() as folder:
            try:
                fed = feed(peer, first, spans, Path(folder))
            except Unavailable as error:
                print(f"skipped: {error}", file=sys.stderr)
                continue
        theirs = fed.kept / fed.seconds
        rates.append(theirs)
        name = f"ingest_{peer.name.lower()}"
        figures.append(figure(f"{name}_spans_per_second", theirs, "spans/s", traces))
        figures.append(figure(f"{name}_spans_kept", fed.kept / fed.sent, "of those sent", fed.sent))
        figures.append(figure(f"ingest_times_{peer.name.lower()}s", rate / theirs, "times", traces))
    if rates:
        # At most 1, as every ratio to a limit: the time that a span takes us, beside the better peer's.
        figures.append(figure("ingest_time_of_better_peers", max(rates) / rate, "times", traces, limit=1 / PEER_LIMIT))
    return figures


def measure(traces: int, peer_traces: int | None) -> list[Figure]:
    """Everything, on stores of its own; ``peer_traces`` go to each peer, None asks no peer."""
    each = max(traces // ROUNDS, 1)
    first = count(0, each)
    null = TracerProvider(shutdown_on_exit=False)
    null.add_span_processor(SpanProcessor())
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder) as telemetry:
            for start in (next(first) for _ in range(ROUNDS)):
                numbers = range(start, start + each)
                ours.append(spans_of(numbers) / asyncio.run(send(telemetry, numbers)))
                theirs.append(spans_of(numbers) / export_nowhere(numbers))
            n = ROUNDS * each
            spans = spans_of(range(n))
            raw_seconds = executemany(telemetry.engine, folder)
            delays = asyncio.run(lone_commits(telemetry, min(n, 200)))
            baseline_us = emitting(null.get_tracer("bench"), n, 2_000_000)
            ours_us = emitting(telemetry.tracer_provider.get_tracer("bench"), n, 3_000_000)
            if not telemetry.sink.force_flush(60_000) or telemetry.health().not_durable:
                raise SystemExit("something was not kept")
        counting_us = counting(folder, n)
        copying_us = copying(n)
        calls = max(n // 500, 1) * 500
        received_s = asyncio.run(receiving(folder, calls))
        size = (folder / "t.db").stat().st_size
    rate, sdk_rate = statistics.median(ours), statistics.median(theirs)
    of_sdk = statistics.median(one / other for one, other in zip(ours, theirs, strict=True))
    return [
        figure("ingest_spans_per_second", rate, "spans/s", n, peer=sdk_rate),
        figure("ingest_requests_per_second", rate * n / spans, "requests/s", n, peer=sdk_rate * n / spans),
        # At most 1, as every ratio to a limit: the time that a span takes, beside the time that it may.
        figure("ingest_time_of_the_sdks", 1 / of_sdk, "times", ROUNDS, limit=1 / RATE_LIMIT),
        figure("ingest_sqlite3_executemany_alone", spans / raw_seconds, "spans/s", n),
        figure("ingest_lone_commit_p50", statistics.median(delays), "ms", len(delays)),
        figure(
            "ingest_application_cpu_per_request",
            ours_us,
            "us",
            n,
            peer=baseline_us,
            limit=APPLICATION_LIMIT * baseline_us,
        ),
        figure("ingest_metrics_cpu_per_request", counting_us, "us", n),
        figure("ingest_collector_cpu_per_request", copying_us, "us", n),
        figure("ingest_otlp_calls_per_second", calls / received_s, "calls/s", calls),
        figure("ingest_bytes_per_request", size / (2 * n + len(delays)), "bytes", n),
        *([] if peer_traces is None else peers(rate, peer_traces)),
    ]


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--traces", type=int, default=2000)
    parser.add_argument("--peers", action="store_true", help="measure Phoenix and MLflow too; installs them once")
    parser.add_argument("--peer-traces", type=int, default=400, help="for each of them")
    options = parser.parse_args()
    if not options.peers:
        print("skipped: Phoenix and MLflow; --peers installs and measures them", file=sys.stderr)
    tell(
        measure(options.traces, options.peer_traces if options.peers else None),
        only_json=options.json,
        peer="the SDK's",
    )


if __name__ == "__main__":
    main()
