"""How fast the dashboard's questions are answered, uncached, beside the same question asked of the raw rows.

    python benchmarks/queries.py [--requests 100000] [--days 90] [--data FILE.db] [--database-url URL] [--json]

``--data`` keeps the database there, and uses it again when it has been made before; ``--database-url`` names another,
as one of PostgreSQL. Ends with a JSON list: p95 in milliseconds, ``limit`` 100; where there is a raw scan of the same,
it is the ``peer``.
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
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from router_core import semconv
from telemetry.content import ContentPolicy
from telemetry.query import incidents, pipeline
from telemetry.query.compliance import data_classes, exposures, rules
from telemetry.query.costs import CostDimension, spend, waterfall
from telemetry.query.dearest import most_expensive
from telemetry.query.decision import decision
from telemetry.query.decisions import page
from telemetry.query.escalations import escalations, validators
from telemetry.query.facets import facets
from telemetry.query.failures import branch_failures, deadline_misses, request_failures
from telemetry.query.filters import Filters
from telemetry.query.funnel import funnel, model_shares
from telemetry.query.overview import by_intent, by_model, flows, model_series, series, totals
from telemetry.query.speed import heat_map, percentiles, token_speeds
from telemetry.query.store import store_state
from telemetry.rollup import rebuild
from telemetry.rows import Bundle, bundle_of
from telemetry.storage.bulk import bulk_of
from telemetry.storage.engine import add, open_engine, open_reader, reading
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN
from tests.traces import Attempt, Routed, emit

LIMIT_MS = 100.0
RUNS, RAW_RUNS = 20, 2
BATCH = 5000
END = datetime(2026, 6, 1, tzinfo=UTC)
ROUTES = ("chat", "support", "code")
TENANTS = ("default", "acme", "globex", "initech")
INTENTS = ("summarise", "extract", "classify", "translate", "code", "reason", "math", "chat", "creative", "search")

CLASSES = ("internal", "public", "sensitive", "regulated")
LOCAL = ("tiny", "calculator")
STAYS = '[{"rule":"stays-local","outcome":"required","reason":"sensitive","models_removed":["small","large"]}]'
PASSED = '[{"rule":"stays-local","outcome":"passed","reason":"its conditions do not hold"}]'

RETRY = {semconv.BRANCH_REASON: "attempt 2 after 0.50 s: timeout"}
TIMEOUT = {semconv.ERROR_TYPE: "timeout"}
SHAPES: tuple[tuple[int, str, tuple[Attempt, ...]], ...] = (
    (55, "ok", (Attempt("small", extra={semconv.BRANCH_TIER: "cheap"}),)),
    (10, "ok", (Attempt("medium", extra={semconv.BRANCH_TIER: "middle"}),)),
    (8, "ok", (Attempt("calculator", kind="tool", cost_nano=0),)),
    (15, "ok", (Attempt("small", outcome="rejected"), Attempt("large", extra={semconv.BRANCH_TIER: "strong"}))),
    (6, "ok", (Attempt("small"), Attempt("tiny", "probe", "compared"), Attempt("grader", "judge", "compared"))),
    (4, "ok", (Attempt("small", outcome="failed", extra=TIMEOUT), Attempt("small", extra=RETRY))),
    (2, "failed", (Attempt("large", outcome="failed", extra={semconv.ERROR_TYPE: "rate_limit"}),)),
)
"""How many of a hundred requests, how they end, and their branches."""


def templates() -> list[Bundle]:
    """One trace of each shape, as the router's spans give them."""
    made = []
    for _, status, attempts in SHAPES:
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        routed = Routed("x", attempts=attempts, status=status, prompt="how do I return a parcel?")
        emit(provider.get_tracer("bench"), routed)
        made.append(bundle_of(exporter.get_finished_spans(), ContentPolicy("full")))
    return made


def traffic(requests: int, days: int) -> Iterator[Bundle]:
    """Requests evenly over the days, oldest first; spans and content for the newest hundredth alone."""
    rng = random.Random(7)
    shapes = templates()
    picks = rng.choices(range(len(shapes)), [share for share, _, _ in SHAPES], k=requests)
    step = timedelta(days=days) / requests
    begin = END - timedelta(days=days)
    for number, pick in enumerate(picks):
        shape = shapes[pick]
        ts = begin + step * number
        start_ns = int(ts.timestamp() * 1e6) * 1000
        moment = {"trace_id": f"{rng.getrandbits(128):032x}", "ts": ts}
        shared = {
            **moment,
            "start_ns": start_ns,
            "route": rng.choice(ROUTES),
            "tenant": rng.choices(TENANTS, (8, 4, 2, 1))[0],
            "intent": rng.choice(INTENTS),
            "risk": "low" if rng.random() < 0.9 else "high",
            "data_class": rng.choices(CLASSES, (80, 14, 5, 1))[0],
            "decision_id": f"{number:032x}",
        }
        governed = {"verdicts": STAYS if shared["data_class"] in CLASSES[2:] else PASSED}
        latency = rng.lognormvariate(6, 0.8)
        cost = rng.randrange(1_000, 2_000_000)
        timed = {"latency_ms": latency, "ttft_ms": latency / 4, "cost_nano": cost, "output_tokens": cost // 10_000}
        saved = {"savings_nano": 3_000_000 - cost, "baseline_nano": 3_000_000}
        bundle = Bundle(requests=[shape.requests[0] | shared | governed | timed | saved | {"span_id": span_id(rng)}])
        bundle.branches = [
            row
            | shared
            | {"span_id": span_id(rng), "location": "local" if row["model"] in LOCAL else "cloud"}
            | (timed if row["kind"] != "tool" else {})
            for row in shape.branches
        ]
        if number >= requests * 0.99:
            bundle.spans = [row | moment | {"start_ns": start_ns, "span_id": span_id(rng)} for row in shape.spans]
            bundle.contents = [row | moment | {"span_id": span_id(rng)} for row in shape.contents]
        yield bundle


def span_id(rng: random.Random) -> str:
    return f"{rng.getrandbits(64):016x}"


def fill(url: str, requests: int, days: int) -> float:
    """Write the rows as fast as it goes, then the rollups from them, as `routescope db rebuild-rollups` does.

    That gives the very tables that the writer would have made on the way. Returns requests a second.
    """
    engine = open_engine(url)
    begin = time.perf_counter()
    stream = traffic(requests, days)
    while batch := list(islice(stream, BATCH)):
        add(engine, partial(insert, batch))
    print(f"{requests:,} requests written in {time.perf_counter() - begin:,.0f} s", file=sys.stderr)
    rebuild(engine)
    if engine.dialect.name == "postgresql":
        # What autovacuum would do within a minute; until then it searches by guesses.
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return requests / (time.perf_counter() - begin)


def insert(batch: list[Bundle], connection: sa.Connection) -> None:
    for table, rows in (
        (REQUEST, [row for bundle in batch for row in bundle.requests]),
        (BRANCH, [row for bundle in batch for row in bundle.branches]),
        (SPAN, [row for bundle in batch for row in bundle.spans]),
        (CONTENT, [row for bundle in batch for row in bundle.contents]),
    ):
        bulk_of(connection).insert(connection, table, rows)


def p95(question: Callable[[], Any], runs: int = RUNS) -> float:
    """Of some runs after a first one, which pays for imports and the file cache; nothing of ours is cached."""
    question()
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        question()
        times.append((time.perf_counter() - begin) * 1e3)
    return sorted(times)[round(0.95 * (runs - 1))]


def questions(reader: sa.Engine, requests: int) -> dict[str, Callable[[], Any]]:
    every = Filters()
    week = Filters(start=END - timedelta(days=7), end=END)
    # Neither end on a midnight: both edges are read by the hour.
    odd = Filters(start=END - timedelta(days=89, hours=5), end=END - timedelta(hours=7))
    acme = Filters(tenants=("acme",))
    narrow = Filters(tenants=("acme",), routes=("chat",), intents=("code",), risks=("low",), statuses=("ok",))
    newest = f"{requests - 1:032x}"
    second = page(reader, every).next_cursor
    asked: dict[str, Callable[[], Any]] = {
        "store_state": lambda: store_state(reader),
        "facets": lambda: facets(reader),
        "totals_90_days": lambda: totals(reader, every),
        "totals_90_days_one_tenant": lambda: totals(reader, acme),
        "totals_90_days_five_filters": lambda: totals(reader, narrow),
        "totals_90_days_one_risk": lambda: totals(reader, Filters(risks=("high",))),
        "totals_odd_range": lambda: totals(reader, odd),
        "totals_7_days": lambda: totals(reader, week),
        "series_by_day_90_days": lambda: series(reader, every, "day"),
        "series_by_day_five_filters": lambda: series(reader, narrow, "day"),
        "series_by_hour_7_days": lambda: series(reader, week, "hour"),
        "by_model_90_days": lambda: by_model(reader, every),
        "by_model_one_tenant": lambda: by_model(reader, acme),
        "model_series_by_day_90_days": lambda: model_series(reader, every, "day"),
        "by_intent_90_days": lambda: by_intent(reader, every),
        "by_intent_one_tenant": lambda: by_intent(reader, acme),
        "flows_90_days": lambda: flows(reader, every),
        "waterfall_90_days": lambda: waterfall(reader, every),
        "escalations_by_day": lambda: escalations(reader, every, step="day"),
        "escalations_by_intent": lambda: escalations(reader, every, "intent"),
        "validators_90_days": lambda: validators(reader, every),
        "funnel_90_days": lambda: funnel(reader, every),
        "model_shares_90_days": lambda: model_shares(reader, every),
        "branch_failures_90_days": lambda: branch_failures(reader, every),
        "branch_failures_one_tenant": lambda: branch_failures(reader, acme),
        "request_failures_by_day": lambda: request_failures(reader, every, "day"),
        "percentiles_by_model": lambda: percentiles(reader, every, by="model"),
        "percentiles_by_day": lambda: percentiles(reader, every, step="day"),
        "percentiles_by_model_and_day": lambda: percentiles(reader, every, by="model", step="day"),
        "heat_map_by_day": lambda: heat_map(reader, every, step="day"),
        "heat_map_by_hour_7_days": lambda: heat_map(reader, week, step="hour", measure="ttft"),
        "token_speeds_90_days": lambda: token_speeds(reader, every),
        "rules_90_days": lambda: rules(reader, every),
        "rules_by_day_one_tenant": lambda: rules(reader, acme, "day"),
        "exposures_90_days": lambda: exposures(reader, every),
        "exposures_one_tenant": lambda: exposures(reader, acme),
        "data_classes_90_days": lambda: data_classes(reader, every),
        "deadline_misses_by_day": lambda: deadline_misses(reader, every, "day"),
        "most_expensive_90_days": lambda: most_expensive(reader, every),
        "most_expensive_five_filters": lambda: most_expensive(reader, narrow),
        "incidents_first_page": lambda: incidents.timeline(reader, every),
        "breaker_intervals": lambda: incidents.breaker_intervals(reader, every),
        "fallbacks_by_hour_7_days": lambda: incidents.fallbacks(reader, week),
        "store_health": lambda: pipeline.store_health(reader),
        "decisions_first_page": lambda: page(reader, every),
        "decisions_second_page": lambda: page(reader, every, cursor=second),
        "decisions_failed": lambda: page(reader, Filters(statuses=("failed",))),
        "decisions_by_model_and_intent": lambda: page(reader, Filters(models=("large",), intents=("code",))),
        "decisions_search_id": lambda: page(reader, every, search=f"{requests // 2:032x}"[:31]),
        "decisions_search_text_found": lambda: page(reader, every, search="return a parcel"),
        "decisions_search_text_nowhere": lambda: page(reader, every, search="nowhere to be found"),
        "decision_whole": lambda: decision(reader, newest),
    }
    for by in get_args(CostDimension):
        asked[f"spend_by_{by}_and_day"] = partial(spend, reader, every, by, "day")
    return asked


def raw_questions(reader: sa.Engine) -> dict[str, Callable[[], Any]]:
    """The same of the raw rows, which no page does."""
    day = sa.func.substr(sa.cast(BRANCH.c.ts, sa.Text), 1, 10)
    by_day = sa.select(day, BRANCH.c.model, sa.func.sum(BRANCH.c.cost_nano)).group_by(day, BRANCH.c.model)
    sums = sa.select(sa.func.count(), sa.func.sum(REQUEST.c.cost_nano)).where(REQUEST.c.purpose == "user")
    ordered = sa.select(REQUEST.c.latency_ms).where(REQUEST.c.purpose == "user").order_by(REQUEST.c.latency_ms)

    def ask(*statements: sa.Executable) -> None:
        with reading(reader) as connection:
            for statement in statements:
                connection.execute(statement).all()

    return {
        "model_series_by_day_90_days": lambda: ask(by_day),
        "spend_by_model_and_day": lambda: ask(by_day),
        "totals_90_days": lambda: ask(sums, ordered),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--data", type=Path, help="where to keep the database, or one made before")
    parser.add_argument("--database-url", help="another database, as postgresql+psycopg://HOST/NAME")
    parser.add_argument("--json", action="store_true", help="nothing but the JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.data or Path(folder) / "t.db"
        url = options.database_url or f"sqlite:///{path}"
        reader = open_reader(url)
        if store_state(reader).requests == 0:
            rate = fill(url, options.requests, options.days)
            print(f"{options.requests:,} requests written, {rate:,.0f} a second", file=sys.stderr)
        requests = store_state(reader).requests
        raw = {name: p95(ask, RAW_RUNS) for name, ask in raw_questions(reader).items()}
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
            beside = "" if entry["peer"] is None else f"  (raw rows: {entry['peer']:,.0f} ms)"
            print(f"{entry['name']:<42}{entry['value']:>9,.1f} ms{beside}", file=sys.stderr)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
