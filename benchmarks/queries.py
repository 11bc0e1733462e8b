"""How fast the dashboard's questions are answered, uncached, beside the same question asked of the raw rows.

    python benchmarks/queries.py [--requests 100000] [--days 90] [--data FILE.db] [--json]

``--data`` keeps the database there, and uses it again when it has been made before. Ends with a JSON list: p95 in
milliseconds, ``limit`` 100; where there is a raw scan of the same, it is the ``peer``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry.content import ContentPolicy
from telemetry.query.decision import decision
from telemetry.query.decisions import page
from telemetry.query.facets import facets
from telemetry.query.filters import Filters
from telemetry.query.overview import by_intent, by_model, flows, model_series, series, totals
from telemetry.query.store import store_state
from telemetry.rows import Bundle, bundle_of
from telemetry.storage.engine import open_engine, open_reader, reading
from telemetry.storage.models import BRANCH, REQUEST
from telemetry.storage.writer import write_bundles
from tests.traces import Attempt, Routed, emit

LIMIT_MS = 100.0
RUNS = 7
BATCH = 2000
END = datetime(2026, 6, 1, tzinfo=UTC)
ROUTES = ("chat", "support", "code")
TENANTS = ("default", "acme", "globex", "initech")
INTENTS = ("summarise", "extract", "classify", "translate", "code", "reason", "math", "chat", "creative", "search")


def templates() -> dict[bool, Bundle]:
    """A plain trace and one that escalates, as the router's spans give them."""
    made = {}
    for escalates in (False, True):
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        attempts = (Attempt(outcome="rejected"), Attempt("large")) if escalates else (Attempt(),)
        emit(provider.get_tracer("bench"), Routed("x", attempts=attempts, prompt="how do I return a parcel?"))
        made[escalates] = bundle_of(exporter.get_finished_spans(), ContentPolicy("full"))
    return made


def traffic(requests: int, days: int) -> Iterator[Bundle]:
    """Requests evenly over the days, oldest first; spans and content for the newest hundredth alone."""
    rng = random.Random(7)
    shapes = templates()
    step = timedelta(days=days) / requests
    for number in range(requests):
        shape = shapes[rng.random() < 0.25]
        ts = END - timedelta(days=days) + step * number
        start_ns = int(ts.timestamp() * 1e6) * 1000
        shared = {
            "trace_id": f"{rng.getrandbits(128):032x}",
            "ts": ts,
            "start_ns": start_ns,
            "route": rng.choice(ROUTES),
            "tenant": rng.choices(TENANTS, (8, 4, 2, 1))[0],
            "intent": rng.choice(INTENTS),
            "status": "ok" if rng.random() < 0.98 else "failed",
        }
        latency = rng.lognormvariate(6, 0.8)
        cost = rng.randrange(1_000, 2_000_000)
        names = shared | {"decision_id": f"{number:032x}"}
        whole = {"latency_ms": latency, "cost_nano": cost, "savings_nano": 3_000_000 - cost, "baseline_nano": 3_000_000}
        bundle = Bundle(requests=[shape.requests[0] | names | whole | {"span_id": span_id(rng)}])
        bundle.branches = [
            row | names | {"span_id": span_id(rng), "latency_ms": latency, "cost_nano": cost} for row in shape.branches
        ]
        if number >= requests * 0.99:
            own = {name: shared[name] for name in ("trace_id", "ts", "start_ns")}
            bundle.spans = [row | own | {"span_id": span_id(rng)} for row in shape.spans]
            moment = {name: shared[name] for name in ("trace_id", "ts")}
            bundle.contents = [row | moment | {"span_id": span_id(rng)} for row in shape.contents]
        yield bundle


def span_id(rng: random.Random) -> str:
    return f"{rng.getrandbits(64):016x}"


def fill(url: str, requests: int, days: int) -> float:
    """Write the traffic; returns rows of requests a second."""
    engine = open_engine(url)
    begin = time.perf_counter()
    batch: list[Bundle] = []
    for bundle in traffic(requests, days):
        batch.append(bundle)
        if len(batch) == BATCH:
            write(engine, batch)
            batch = []
    write(engine, batch)
    engine.dispose()
    return requests / (time.perf_counter() - begin)


def write(engine: sa.Engine, batch: list[Bundle]) -> None:
    with engine.begin() as connection:
        write_bundles(connection, batch)


def p95(question: Callable[[], Any]) -> float:
    """Of some runs after a first one, which pays for imports and the file cache; nothing of ours is cached."""
    question()
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        question()
        times.append((time.perf_counter() - begin) * 1e3)
    return sorted(times)[round(0.95 * (RUNS - 1))]


def questions(reader: sa.Engine, requests: int) -> dict[str, Callable[[], Any]]:
    every = Filters()
    week = Filters(start=END - timedelta(days=7), end=END)
    middle = f"{requests // 2:032x}"
    newest = f"{requests - 1:032x}"
    second = page(reader, every).next_cursor
    return {
        "store_state": lambda: store_state(reader),
        "facets": lambda: facets(reader),
        "totals_90_days": lambda: totals(reader, every),
        "totals_90_days_one_tenant": lambda: totals(reader, Filters(tenants=("acme",))),
        "totals_7_days": lambda: totals(reader, week),
        "series_by_day_90_days": lambda: series(reader, every, "day"),
        "series_by_hour_7_days": lambda: series(reader, week, "hour"),
        "by_model_90_days": lambda: by_model(reader, every),
        "model_series_by_day_90_days": lambda: model_series(reader, every, "day"),
        "by_intent_90_days": lambda: by_intent(reader, every),
        "flows_90_days": lambda: flows(reader, every),
        "decisions_first_page": lambda: page(reader, every),
        "decisions_second_page": lambda: page(reader, every, cursor=second),
        "decisions_failed": lambda: page(reader, Filters(statuses=("failed",))),
        "decisions_by_model_and_intent": lambda: page(reader, Filters(models=("large",), intents=("code",))),
        "decisions_search_id": lambda: page(reader, every, search=middle[:31]),
        "decisions_search_text_found": lambda: page(reader, every, search="return a parcel"),
        "decisions_search_text_nowhere": lambda: page(reader, every, search="nowhere to be found"),
        "decision_whole": lambda: decision(reader, newest),
    }


def raw_questions(reader: sa.Engine) -> dict[str, Callable[[], Any]]:
    """The same of the raw rows, which no page does."""
    day = sa.func.substr(sa.cast(BRANCH.c.ts, sa.Text), 1, 10)
    spend = sa.select(day, BRANCH.c.model, sa.func.sum(BRANCH.c.cost_nano)).group_by(day, BRANCH.c.model)
    sums = sa.select(sa.func.count(), sa.func.sum(REQUEST.c.cost_nano)).where(REQUEST.c.purpose == "user")
    ordered = sa.select(REQUEST.c.latency_ms).where(REQUEST.c.purpose == "user").order_by(REQUEST.c.latency_ms)

    def ask(*statements: sa.Select[Any]) -> None:
        with reading(reader) as connection:
            for statement in statements:
                connection.execute(statement).all()

    return {
        "model_series_by_day_90_days": lambda: ask(spend),
        "totals_90_days": lambda: ask(sums, ordered),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--data", type=Path, help="where to keep the database, or one made before")
    parser.add_argument("--json", action="store_true", help="nothing but the JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.data or Path(folder) / "t.db"
        url = f"sqlite:///{path}"
        reader = open_reader(url)
        if store_state(reader).requests == 0:
            rate = fill(url, options.requests, options.days)
            print(f"{options.requests:,} requests written, {rate:,.0f} a second", file=sys.stderr)
        requests = store_state(reader).requests
        raw = {name: p95(ask) for name, ask in raw_questions(reader).items()}
        results = []
        for name, question in questions(reader, requests).items():
            value = p95(question)
            peer = raw.get(name)
            results.append(
                {
                    "name": f"query_{name}",
                    "value": round(value, 2),
                    "unit": "ms",
                    "limit": LIMIT_MS,
                    "peer": None if peer is None else round(peer, 2),
                    "ratio_to_peer": None if peer is None else round(value / peer, 4),
                    "ratio_to_limit": round(value / LIMIT_MS, 4),
                    "n": requests,
                }
            )
    if not options.json:
        for entry in results:
            peer = "" if entry["peer"] is None else f"  (raw rows: {entry['peer']:,.0f} ms)"
            print(f"{entry['name']:<42}{entry['value']:>9,.1f} ms{peer}", file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
