"""The same traces in SQLite and in PostgreSQL give the same answer to every question of telemetry.query."""

from __future__ import annotations

import importlib
import inspect
import io
import json
import pkgutil
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import telemetry.query
from router_core import semconv
from telemetry import rollup
from telemetry.alerts.tables import ALERTS
from telemetry.content import ContentPolicy
from telemetry.drift.run import run_drift
from telemetry.drift.tables import DRIFT_BASELINE, DRIFT_DETAIL, DRIFT_METRIC, DRIFT_RUN, KEY
from telemetry.erasure import Tenant, erase
from telemetry.evaluation import Opinion, keep
from telemetry.evidence.bundle import Period, write_file
from telemetry.evidence.check import check
from telemetry.evidence.key import SigningKey
from telemetry.export import export_to
from telemetry.query import sensitive
from telemetry.query.alerts import alerts
from telemetry.query.decisions import Path as PathTaken
from telemetry.query.decisions import page
from telemetry.query.drift import cell, heatmap
from telemetry.query.filters import Filters
from telemetry.query.pipeline import StoreHealth
from telemetry.query.sizes import sizes
from telemetry.query.store import StoreState
from telemetry.retention import prune
from telemetry.rows import Bundle, bundle_of
from telemetry.storage import fulltext
from telemetry.storage.engine import add, open_engine, open_reader, reading, writing
from telemetry.storage.erase import delete_simulated
from telemetry.storage.models import FACTS, REQUEST, ROLLUPS
from telemetry.storage.upkeep import compact
from telemetry.storage.writer import write_bundles
from tests import alerting, evaluations, operation
from tests.postgres import new_schema, postgres
from tests.traces import START, Attempt, Routed, emit

__all__ = ["postgres"]

NAMES = ("chat", "Chat", "Äpfel", "zebra", "_x", "a-b", "a b", "école", "日本", "z\0\ud800")
"""Some sort differently by their letters than by their bytes."""
PROMPTS = ("Why IS it 100% so?", "größe_über\\alles", "GRÖSSE", "a.b*c", None, "why? " * 50)
MONDAY = date(2026, 3, 2)
FILTERS = (
    Filters(),
    Filters(purposes=(), simulated=True),
    Filters(start=START + timedelta(hours=3), end=START + timedelta(days=2, minutes=20)),
    Filters(tenants=("acme",), simulated=False),
    Filters(routes=("chat", "zebra"), intents=("code",)),
    Filters(models=("large", "Größe")),
    Filters(statuses=("failed", "denied"), risks=("low",), policy_version="v1"),
    Filters(routes=("z\0\ud800",)),
    Filters(tenants=("nobody",)),
    Filters(data_classes=("sensitive", ""), source="router"),
    Filters(source="otlp"),
)
SEARCHES = ("why", "100%", "größe", "GRÖSSE", "_", "\\", "d00000", "nowhere")


@dataclass(frozen=True)
class Stores:
    """Two readers on equal stores."""

    sqlite: sa.Engine
    postgresql: sa.Engine

    def both(self, question: Callable[[sa.Engine], Any]) -> tuple[Any, Any]:
        return _comparable(question(self.sqlite)), _comparable(question(self.postgresql))


def _comparable(answer: Any) -> Any:
    """A store's size on disk is its own."""
    return replace(answer, bytes=0) if isinstance(answer, StoreState | StoreHealth) else answer


def made_up(number: int, rng: random.Random) -> Routed:
    def attempt(outcome: str) -> Attempt:
        cost = rng.choice((None, 0, 7, 12_345, 10**12))
        tokens = rng.choice((None, 0, 3, 900))
        model = rng.choice(("small", "large", "Größe"))
        speed = rng.choice((0.0, 1.5, 40.0, 3_000.0))
        extra = {semconv.ERROR_TYPE: "timeout"} if outcome == "failed" else {}
        extra |= rng.choice(({}, {semconv.BRANCH_LOCATION: "local"}, {semconv.BRANCH_LOCATION: "cloud"}))
        return Attempt(model, "model", outcome, cost, tokens, tokens, speed, rng.choice((None, 2.5)), extra=extra)

    status = rng.choice(("ok", "ok", "ok", "failed", "denied"))
    tried = [attempt(rng.choice(("rejected", "failed"))) for _ in range(rng.randrange(3))]
    return Routed(
        f"d{number:06}",
        at=START + timedelta(minutes=rng.randrange(60 * 24 * 4), microseconds=rng.randrange(10**6)),
        attempts=[*tried, attempt("accepted")] if status == "ok" else tried,
        route=rng.choice(NAMES),
        tenant=rng.choice(("acme", "Acme", "default")),
        intent=rng.choice(("code", "math", *NAMES)),
        purpose=rng.choice(("user", "user", "user", "canary")),
        simulated=rng.random() < 0.2,
        status=status,
        policy_version=rng.choice(("v1", "v2")),
        baseline_nano=rng.choice((None, 5_000)),
        prompt=rng.choice(PROMPTS),
        extra=governed(rng),
    )


def governed(rng: random.Random) -> dict[str, Any]:
    """What the root says of rules, of its data and of who told of it."""
    outcomes = [rng.choice(("passed", "passed", "required", "denied", "redacted")) for _ in range(rng.randrange(4))]
    verdicts = [
        {"rule": rng.choice(NAMES), "outcome": outcome, "reason": "so", "models_removed": ["small"] * (n % 2)}
        for n, outcome in enumerate(outcomes)
    ]
    return {
        semconv.VERDICTS: json.dumps(verdicts, separators=(",", ":")),
        semconv.DATA_CLASS: rng.choice(("public", "internal", "sensitive", "regulated")),
        semconv.SOURCE: "otlp" if rng.random() < 0.1 else "router",
    }


def bundle_of_one(routed: Routed) -> Bundle:
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    emit(provider.get_tracer("test"), routed)
    return bundle_of(exporter.get_finished_spans(), ContentPolicy("full"))


def bundles() -> list[Bundle]:
    rng = random.Random(20)
    return [bundle_of_one(made_up(number, rng)) for number in range(160)]


def shadow_calls() -> list[Bundle]:
    """A repetition of every fourth decision by another model."""
    rng = random.Random(23)
    made = ((number, made_up(number, rng)) for number in range(0, 160, 4))
    return [
        bundle_of_one(
            replace(
                one,
                decision_id=f"s{number:06}",
                attempts=(Attempt("large"),),
                purpose="shadow",
                extra={**one.extra, semconv.PARENT_DECISION_ID: f"d{number:06}"},
            )
        )
        for number, one in made
    ]


def fill(url: str, traces: list[Bundle]) -> sa.Engine:
    """A writer, on a store that holds these."""
    engine = open_engine(url)
    for start in range(0, len(traces), 33):
        some = traces[start : start + 33]
        add(engine, lambda connection, some=some: write_bundles(connection, some))  # type: ignore[misc]
    return engine


def everything(engine: sa.Engine) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, but what is said of the database itself."""
    with reading(engine) as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in (*FACTS, *ROLLUPS, DRIFT_METRIC)
        }


def rate(engine: sa.Engine) -> None:
    """What two people say of every third decision."""
    rng = random.Random(21)
    for number in range(0, 160, 3):
        for author in ("me", "Äpfel"):
            opinion = Opinion(f"d{number:06}", rng.choice((-1.0, 0.0, 0.5, 1.0)), author, rng.choice(PROMPTS))
            assert keep(engine, ContentPolicy("full"), opinion, now=START + timedelta(minutes=number)) is not None


def drift_rows() -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    run = {"started": START, "seconds": 1.5, "weeks": 2, "cells": 2, "tested": 4, "drifted": 1}
    runs = [{**run, "run_id": name, "finished": START + timedelta(minutes=n)} for n, name in enumerate("ab")]
    finding = {"run_id": "b", "unit": "ms", "kind": "numeric", "n": 10, "n_reference": 40, "effect_name": "psi"}
    finding |= {"threshold": 0.2, "p_name": "ks", "q": None, "part": "", "scope": "model", "side": "model"}
    finding |= {"before": 1.5, "after": None, "category": None, "like_effect": 0.3, "change_at": START}
    shape = json.dumps({"shares": [0.5, 0.5], "edges": [1.0], "labels": [], "median": 1.5, "p95": 2.5})
    detail = {"run_id": "b", "statistics": '{"psi": 0.1}', "reference": shape, "current": shape, "examples": '["d"]'}
    metrics = [
        {
            **finding,
            "week": MONDAY + timedelta(weeks=n % 2),
            "model": model,
            "simulated": n == 3,
            "purpose": "canary" if n == 1 else "user",
            "against": "trailing",
            "cause": "model" if n % 3 == 1 else None,
            "metric": metric,
            "state": ("ok", "drift", "not_enough_data")[n % 3],
            "effect": None if n % 3 == 2 else 0.1 * n,
            "p": 0.01 * n,
        }
        for n, model in enumerate(("small", "Größe", "large", "Small"))
        for metric in ("latency", "Cost")
    ]
    return runs, metrics, [{name: row[name] for name in KEY} | detail for row in metrics]


@pytest.fixture(scope="module")
def stores(postgres: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stores]:
    folder: Path = tmp_path_factory.mktemp("storage")
    urls = (f"sqlite:///{folder / 't.db'}", new_schema(postgres))
    traces, (runs, metrics, details) = [*bundles(), *shadow_calls()], drift_rows()
    for url in urls:
        engine = fill(url, traces)
        with writing(engine) as connection:
            connection.execute(sa.insert(DRIFT_RUN), runs)
            connection.execute(sa.insert(DRIFT_METRIC), metrics)
            connection.execute(sa.insert(DRIFT_DETAIL), details)
            connection.execute(sa.insert(DRIFT_BASELINE), [{"model": "", "week": MONDAY, "pinned": START}])
        operation.fill(engine)
        alerting.fill(engine)
        rate(engine)
        evaluations.fill(engine)
        engine.dispose()
    yield Stores(*map(open_reader, urls))


def functions() -> dict[str, Callable[..., Any]]:
    """Every public function of telemetry.query that asks a store."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.iter_modules(telemetry.query.__path__):
        here = importlib.import_module(f"telemetry.query.{module.name}")
        for name, function in inspect.getmembers(here, inspect.isfunction):
            asks = "engine" in inspect.signature(function).parameters and not name.startswith("_")
            if asks and function.__module__ == here.__name__:
                found[f"{module.name}.{name}"] = function
    return found


VALUES: dict[str, tuple[Any, ...]] = {
    "filters": FILTERS,
    "decision_id": tuple(f"d{number:06}" for number in range(160)),
    "model": ("small", "Größe"),
    "metric": ("latency", "Cost"),
    "error_type": ("timeout",),
    "evaluator": ("helpful", "Äpfel", "feedback", "nobody"),
    "week": (MONDAY, MONDAY + timedelta(weeks=1)),
    "simulated": (False, True),
    "trace_id": ("absent",),
    "start": (START, START - timedelta(days=60)),
    "end": (START + timedelta(hours=2),),
}
"""What is asked, by the parameter's name; literals are asked with all their values."""
MANY, EVERY = 1000, 7
"""Of more than so many combinations every seventh is asked: no list above has a multiple of seven, so that each
value is among them."""


def questions(function: Callable[..., Any]) -> list[dict[str, Any]]:
    asked: list[dict[str, Any]] = [{}]
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        if name == "engine" or parameter.default is not parameter.empty:
            continue
        values = VALUES.get(name) or get_args(parameter.annotation)
        assert values, f"{function.__name__}: say in VALUES what to ask for {name}"
        asked = [{**so_far, name: value} for so_far in asked for value in values]
    return asked[::EVERY] if len(asked) > MANY else asked


@pytest.mark.parametrize("name", functions())
def test_both_give_the_same_answers(stores: Stores, name: str):
    function = functions()[name]
    for asked in questions(function):
        on_sqlite, on_postgresql = stores.both(lambda engine, asked=asked: function(engine, **asked))  # type: ignore[misc]
        assert on_postgresql == on_sqlite, asked


def test_the_stores_are_not_empty(stores: Stores):
    for engine in (stores.sqlite, stores.postgresql):
        assert len(page(engine, Filters(purposes=()), limit=400).rows) == 160 + 40


@pytest.mark.parametrize("filters", FILTERS)
def test_both_turn_the_pages_alike(stores: Stores, filters: Filters):
    def walk(engine: sa.Engine) -> list[Any]:
        cursor, pages = None, []
        while not pages or cursor is not None:
            some = page(engine, filters, cursor=cursor, limit=7)
            cursor = some.next_cursor
            pages.append(some)
        return pages

    on_sqlite, on_postgresql = stores.both(walk)
    assert on_postgresql == on_sqlite


@pytest.mark.parametrize("path", get_args(PathTaken))
def test_both_list_the_same_that_went_a_path(stores: Stores, path: PathTaken):
    on_sqlite, on_postgresql = stores.both(lambda engine: page(engine, Filters(purposes=()), path=path, limit=200))
    assert on_postgresql == on_sqlite
    # None of those that are made up here went to a tool.
    assert bool(on_sqlite.rows) == (path != "by_tool") and len(on_sqlite.rows) < 160


def test_both_tell_the_same_sizes_of_tables(stores: Stores):
    on_sqlite, on_postgresql = stores.both(lambda engine: sizes(engine, since=START - timedelta(days=1)))
    assert on_postgresql == on_sqlite
    assert [(one.name, one.rows, one.bytes) for one in on_sqlite] == [("branch", 9, 900), ("request", 5, 500)]


@pytest.mark.parametrize("search", SEARCHES)
def test_both_find_the_same_text(stores: Stores, search: str):
    on_sqlite, on_postgresql = stores.both(lambda engine: page(engine, Filters(purposes=()), search=search, limit=200))
    assert on_postgresql == on_sqlite
    assert bool(on_sqlite.rows) == (search != "nowhere")


@pytest.mark.parametrize("piece", ("why", "WHY", "100%", "größe", "roß", "\\\\", '\\"', "no", "nowhere"))
def test_both_indexes_lead_to_the_same_texts(stores: Stores, piece: str):
    def led_to(engine: sa.Engine) -> list[str] | None:
        with reading(engine) as connection:
            assert fulltext.available(connection)
            found = fulltext.traces_with(connection, piece, 1_000, look_ms=60_000)
        return None if found is None else sorted(found)

    on_sqlite, on_postgresql = stores.both(led_to)
    assert on_postgresql == on_sqlite
    assert (on_sqlite is None) == (len(piece) < fulltext.SHORTEST)


def test_both_hold_the_same_rollups_and_rebuild_the_same(stores: Stores):
    def rollups(engine: sa.Engine) -> list[list[tuple[Any, ...]]]:
        with reading(engine) as connection:
            return [[tuple(row) for row in connection.execute(sa.select(t).order_by(*t.primary_key))] for t in ROLLUPS]

    before = stores.both(rollups)
    assert before[0] == before[1]
    for engine in (stores.sqlite, stores.postgresql):
        writer = open_engine(engine.url.render_as_string(hide_password=False))
        rollup.rebuild(writer)
        writer.dispose()
    assert stores.both(rollups) == before


def test_both_export_the_same_bytes(stores: Stores):
    def exported(engine: sa.Engine) -> list[bytes]:
        made = []
        for table, format_ in product(("requests", "branches"), ("csv", "jsonl")):
            out = io.BytesIO()
            export_to(engine, Filters(purposes=()), out, table=table, format=format_)  # type: ignore[arg-type]
            made.append(out.getvalue())
        return made

    on_sqlite, on_postgresql = stores.both(exported)
    assert on_postgresql == on_sqlite and all(len(one) > 10_000 for one in on_sqlite)


def test_both_give_the_same_evidence(stores: Stores, tmp_path: Path):
    key, period = SigningKey.of_home(tmp_path), Period(None, START + timedelta(days=30), simulated=None)

    def hashes(engine: sa.Engine) -> dict[str, str]:
        write_file(engine, period, tmp_path / "e.zip", key, by="me", at=START)
        found = check(tmp_path / "e.zip")
        assert found.intact
        return {one["name"]: one["sha256"] for one in found.manifest["files"]}

    on_sqlite, on_postgresql = stores.both(hashes)
    assert on_postgresql == on_sqlite
    assert len(on_sqlite) > 5


def test_both_list_the_same_that_left(stores: Stores):
    def left(engine: sa.Engine) -> list[Any]:
        return sensitive.page(engine, Filters(purposes=()), left=True, limit=200).rows

    on_sqlite, on_postgresql = stores.both(left)
    assert on_postgresql == on_sqlite


def test_both_prune_erase_clear_and_compact_alike(postgres: Any, tmp_path: Path):
    traces = bundles()[:80]
    engines = [fill(url, traces) for url in (f"sqlite:///{tmp_path / 't.db'}", new_schema(postgres))]

    def after(change: Callable[[sa.Engine], Any]) -> dict[str, list[tuple[Any, ...]]]:
        told = [change(engine) for engine in engines]
        left = [everything(engine) for engine in engines]
        assert left[0] == left[1] and told[0] == told[1]
        return left[0]

    def pruned(engine: sa.Engine) -> dict[str, int]:
        now = START + timedelta(days=3)
        return prune(engine, keep_days=2, keep_content_days=1, now=now).removed

    def compacted(engine: sa.Engine) -> bool:
        return compact(engine).after > 0

    assert len(after(lambda engine: None)["request"]) == 80
    assert 0 < len(after(pruned)["request"]) < 80
    left = after(lambda engine: erase(engine, tmp_path / "spool", Tenant("acme")))
    assert left["request"] and "acme" not in {row[REQUEST.c.keys().index("tenant")] for row in left["request"]}
    left = after(delete_simulated)
    assert left["request"] and left["request_day"]
    assert after(compacted) == left
    for engine in engines:
        engine.dispose()


def test_both_find_the_same_drift(postgres: Any, tmp_path: Path):
    rng = random.Random(3)
    history = [
        replace(made_up(n, rng), at=START + timedelta(weeks=n % 5, minutes=n), simulated=False, purpose="user")
        for n in range(200)
    ]
    traces = [bundle_of_one(routed) for routed in history]
    answers = []
    for url in (f"sqlite:///{tmp_path / 't.db'}", new_schema(postgres)):
        engine = fill(url, traces)
        run_drift(engine, all_weeks=True)
        answers.append((heatmap(engine), cell(engine, "small", MONDAY + timedelta(weeks=4), False)))
        engine.dispose()
    assert answers[0] == answers[1] and answers[0][0]


def test_both_hold_the_same_alerts(stores: Stores):
    on_sqlite, on_postgresql = stores.both(alerting.kept)
    assert on_postgresql == on_sqlite
    assert {table.name for table in ALERTS} == on_sqlite.keys()
    assert not any("'Acme'" in row for rows in on_sqlite.values() for row in rows), "it was erased"
    states = {one.rule.name: one.state for one in alerts(stores.sqlite)}
    assert states["failures"] == "firing" and states["by tenant"] == "firing" and states["quiet"] == "ok"
