"""A store of made-up traffic, as large as wanted: one day is made row by row, the days before it are its copies."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from router_core import semconv
from telemetry.cells import NS_PER_HOUR
from telemetry.content import ContentPolicy
from telemetry.levels import FAMILIES, HOURS_A_DAY
from telemetry.rollup import rebuild
from telemetry.rows import Bundle, Row, bundle_of
from telemetry.storage.bulk import bulk_of
from telemetry.storage.engine import add, open_engine
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN
from telemetry.storage.rollups import TOP_COST
from tests.traces import Attempt, Routed, emit

BATCH: Final = 5000
END: Final = datetime(2026, 6, 1, tzinfo=UTC)
ROUTES: Final = ("chat", "support", "code")
TENANTS: Final = ("default", "acme", "globex", "initech")
INTENTS: Final = (
    *("summarise", "extract", "classify", "translate", "code"),
    *("reason", "math", "chat", "creative", "search"),
)
CLASSES: Final = ("internal", "public", "sensitive", "regulated")
LOCAL: Final = ("tiny", "calculator")
STAYS: Final = '[{"rule":"stays-local","outcome":"required","reason":"sensitive","models_removed":["small","large"]}]'
PASSED: Final = '[{"rule":"stays-local","outcome":"passed","reason":"its conditions do not hold"}]'

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

_PREFIX: Final = 4
"""Digits of an id that tell a copy from what was made."""


def fill(url: str, requests: int, days: int) -> float:
    """Write so many requests over so many days until `END`, and their rollups. Returns requests a second.

    Rows and rollups are what the writer would have made of such traffic. Spans and content are of the last day alone.
    """
    engine = open_engine(url)
    begin = time.perf_counter()
    stream = day_of_traffic(max(requests // days, 1))
    while batch := list(islice(stream, BATCH)):
        add(engine, partial(insert, batch))
    rebuild(engine)
    print(f"a day made in {time.perf_counter() - begin:,.0f} s", file=sys.stderr)
    repeat(engine, days)
    if engine.dialect.name == "postgresql":
        # What autovacuum would do within a minute; until then it searches by guesses.
        with engine.begin() as connection:
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()
    return requests / (time.perf_counter() - begin)


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


def day_of_traffic(requests: int) -> Iterator[Bundle]:
    """Requests evenly over the day before `END`, oldest first."""
    rng = random.Random(7)
    shapes = templates()
    picks = rng.choices(range(len(shapes)), [share for share, _, _ in SHAPES], k=requests)
    step = timedelta(days=1) / requests
    for number, pick in enumerate(picks):
        shape = shapes[pick]
        ts = END - timedelta(days=1) + step * number
        moment = {"trace_id": random_id(rng, 128), "ts": ts}
        placed = {**moment, "start_ns": int(ts.timestamp() * 1e6) * 1000}
        shared = {
            **placed,
            "route": rng.choice(ROUTES),
            "tenant": rng.choices(TENANTS, (8, 4, 2, 1))[0],
            "intent": rng.choice(INTENTS),
            "risk": "low" if rng.random() < 0.9 else "high",
            "data_class": rng.choices(CLASSES, (80, 14, 5, 1))[0],
            "decision_id": decision_id(number),
        }
        governed = {"verdicts": STAYS if shared["data_class"] in CLASSES[2:] else PASSED}
        latency = rng.lognormvariate(6, 0.8)
        cost = rng.randrange(1_000, 2_000_000)
        timed = {"latency_ms": latency, "ttft_ms": latency / 4, "cost_nano": cost, "output_tokens": cost // 10_000}
        saved = {"savings_nano": 3_000_000 - cost, "baseline_nano": 3_000_000}
        named = {row["span_id"]: random_id(rng, 64) for row in (*shape.requests, *shape.branches, *shape.spans)}
        yield Bundle(
            requests=[row | shared | governed | timed | saved | _ids(row, named) for row in shape.requests],
            branches=[
                row
                | shared
                | {"location": "local" if row["model"] in LOCAL else "cloud"}
                | (timed if row["kind"] != "tool" else {})
                | _ids(row, named)
                for row in shape.branches
            ],
            spans=[row | placed | _ids(row, named) for row in shape.spans],
            contents=[row | moment | _ids(row, named) for row in shape.contents],
        )


def _ids(row: Row, named: Mapping[str, str]) -> Row:
    """Those of a row, by their new names."""
    return {name: named[row[name]] for name in ("span_id", "parent_span_id") if row.get(name)}


def decision_id(number: int, days_before: int = 0) -> str:
    """The id of a day's decision of this number, or of its copy on a day before."""
    return f"{days_before:0{_PREFIX}x}{number:0{32 - _PREFIX}x}"


def random_id(rng: random.Random, bits: int) -> str:
    """As OpenTelemetry makes them, but for the first digit: those of copies begin with 0."""
    return f"{rng.getrandbits(bits) | 1 << bits - 1:0{bits // 4}x}"


def insert(batch: list[Bundle], connection: sa.Connection) -> None:
    """Write the facts, and no rollups."""
    for table, rows in (
        (REQUEST, [row for bundle in batch for row in bundle.requests]),
        (BRANCH, [row for bundle in batch for row in bundle.branches]),
        (SPAN, [row for bundle in batch for row in bundle.spans]),
        (CONTENT, [row for bundle in batch for row in bundle.contents]),
    ):
        bulk_of(connection).insert(connection, table, rows)


def repeat(engine: sa.Engine, days: int) -> None:
    """Put all that is stored down again on each of ``days`` - 1 days before, by statements of the database.

    Indexes are made at the end, which takes a tenth of the time that keeping them takes.
    """
    facts = (REQUEST, BRANCH)
    indexes = [index for table in facts for index in sorted(table.indexes, key=lambda one: str(one.name))]
    rollups = [table for family in FAMILIES for table in (family.hours, family.days)]
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA cache_size = -400000")
            connection.commit()
        with connection.begin():
            for index in indexes:
                index.drop(connection)
            for table in (*facts, *rollups, TOP_COST):
                # A name of our own tables, here and below.
                connection.exec_driver_sql(f"CREATE TEMPORARY TABLE made_{table.name} AS SELECT * FROM {table.name}")
        for number in range(days - 1, 0, -1):
            with connection.begin():
                for table in (*facts, *rollups, TOP_COST):
                    connection.execute(_earlier(table, number, engine.dialect.name))
        for index in indexes:
            with connection.begin():
                index.create(connection)


def _earlier(table: sa.Table, number: int, dialect: str) -> sa.Insert:
    """What was made for a table, as many days earlier."""
    made = table.to_metadata(sa.MetaData(), name=f"made_{table.name}")
    moment = f"ts - interval '{number} days'"
    if dialect == "sqlite":
        moment = f"date(substr(ts, 1, 10), '-{number} days') || substr(ts, 11)"
    changed: dict[str, sa.ColumnElement[Any]] = {"ts": sa.literal_column(moment)}
    for name, units in (("start_ns", HOURS_A_DAY * NS_PER_HOUR), ("hour", HOURS_A_DAY), ("day", 1)):
        if name in made.c:
            changed[name] = made.c[name] - number * units
    for name in ("span_id", "parent_span_id", "trace_id", "decision_id"):
        if name in made.c:
            changed[name] = sa.literal(f"{number:0{_PREFIX}x}") + sa.func.substr(made.c[name], _PREFIX + 1)
    names = [column.name for column in table.columns]
    return sa.insert(table).from_select(names, sa.select(*(changed.get(name, made.c[name]) for name in names)))
