"""How fast decisions become rows: router-like traces through the processor, beside what SQLite alone can do.

    python benchmarks/ingest.py [--traces 2000] [--json]

Ends with a JSON list; ``limit`` is raw sqlite3 executemany of the same rows, or the SDK with nothing behind it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Tracer

from telemetry.collector import Collector, CollectorProcessor
from telemetry.content import ContentPolicy
from telemetry.foreign import rows_of
from telemetry.metrics import Metrics
from telemetry.otlp import read
from telemetry.rows import Bundle
from telemetry.setup import Telemetry
from telemetry.storage.models import FACTS
from tests.otlp import LITELLM, request, span
from tests.traces import Attempt, Routed, emit

IN_FLIGHT = 64


def routed(number: int) -> Routed:
    """Every third request escalates."""
    attempts = (Attempt(outcome="rejected"), Attempt("large")) if number % 3 == 0 else (Attempt(),)
    return Routed(f"{number:032x}", attempts=attempts)


def result(name: str, value: float, unit: str, n: int, limit: float | None = None) -> dict[str, Any]:
    ratio = None if limit is None else round(value / limit, 4)
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "limit": None if limit is None else round(limit, 3),
        "peer": None,
        "ratio_to_peer": None,
        "ratio_to_limit": ratio,
        "n": n,
    }


async def send(telemetry: Telemetry, traces: int) -> float:
    """Seconds from the first span to the last commit, with `IN_FLIGHT` requests awaiting theirs."""
    tracer = telemetry.tracer_provider.get_tracer("bench")
    numbers = iter(range(traces))

    async def client() -> None:
        for number in numbers:
            state = await telemetry.sink.committed(emit(tracer, routed(number)))
            if state != "committed":
                raise SystemExit(f"trace {number} is {state}: {telemetry.health().last_error}")

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(IN_FLIGHT)))
    return time.perf_counter() - begin


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


def copying(traces: int, baseline_us: float) -> float:
    """Microseconds of the request's own thread for queueing one trace for a collector, which is away."""
    away = Collector("http://127.0.0.1:9/v1/traces")
    processor = CollectorProcessor(away, ContentPolicy(), queue_limit=8 * traces)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    spent = emitting(provider.get_tracer("bench"), traces, 4_000_000) - baseline_us
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=2000)
    parser.add_argument("--json", action="store_true", help="nothing but the JSON")
    options = parser.parse_args()
    n = options.traces
    spans = sum(4 + len(routed(number).attempts) for number in range(n))
    null = TracerProvider()
    null.add_span_processor(SpanProcessor())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder) as telemetry:
            seconds = asyncio.run(send(telemetry, n))
            raw_seconds = executemany(telemetry.engine, folder)
            delays = asyncio.run(lone_commits(telemetry, min(n, 200)))
            baseline_us = emitting(null.get_tracer("bench"), n, 2_000_000)
            ours_us = emitting(telemetry.tracer_provider.get_tracer("bench"), n, 3_000_000)
            if not telemetry.sink.force_flush(60_000) or telemetry.health().not_durable:
                raise SystemExit("something was not kept")
        counting_us = counting(folder, n)
        copying_us = copying(n, baseline_us)
        calls = max(n // 500, 1) * 500
        received_s = asyncio.run(receiving(folder, calls))
        size = (folder / "t.db").stat().st_size
    results = [
        result("ingest_spans_per_second", spans / seconds, "spans/s", n, spans / raw_seconds),
        result("ingest_requests_per_second", n / seconds, "requests/s", n, n / raw_seconds),
        result("ingest_lone_commit_p50", statistics.median(delays), "ms", len(delays)),
        result("ingest_application_cpu_per_request", ours_us, "us", n, baseline_us),
        result("ingest_metrics_cpu_per_request", counting_us, "us", n),
        result("ingest_collector_cpu_per_request", copying_us, "us", n),
        result("ingest_otlp_calls_per_second", calls / received_s, "calls/s", calls),
        result("ingest_bytes_per_request", size / (2 * n + len(delays)), "bytes", n),
    ]
    if not options.json:
        for entry in results:
            limit = "" if entry["limit"] is None else f"  ({entry['ratio_to_limit']:.2f} of {entry['limit']:,.0f})"
            print(f"{entry['name']:<38}{entry['value']:>12,.1f} {entry['unit']}{limit}", file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
