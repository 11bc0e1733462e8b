from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry import histogram, rollup
from telemetry.content import ContentPolicy
from telemetry.levels import FAMILIES
from telemetry.query.filters import Filters
from telemetry.query.overview import series, totals
from telemetry.rows import Bundle, bundle_of
from telemetry.storage.engine import open_engine
from telemetry.storage.models import ROLLUPS
from telemetry.storage.writer import write_bundles
from tests.traces import START, Attempt, Routed, emit

amounts = st.none() | st.integers(0, 10**9)
attempts = st.builds(
    Attempt,
    model=st.sampled_from(["small", "large"]),
    kind=st.sampled_from(["model", "tool", "probe"]),
    outcome=st.sampled_from(["accepted", "rejected", "failed"]),
    cost_nano=amounts,
    input_tokens=st.none() | st.integers(0, 1000),
    output_tokens=st.none() | st.integers(0, 1000),
    latency_ms=st.floats(0.01, 60_000),
    ttft_ms=st.none() | st.floats(0.01, 1000),
)
requests = st.builds(
    Routed,
    decision_id=st.uuids().map(str),
    at=st.integers(0, 5 * 3600).map(lambda seconds: START + timedelta(seconds=seconds)),
    attempts=st.lists(attempts, max_size=3),
    tenant=st.sampled_from(["a", "b"]),
    intent=st.sampled_from(["chat", "code"]),
    purpose=st.sampled_from(["user", "canary"]),
    simulated=st.booleans(),
    status=st.sampled_from(["ok", "failed"]),
    baseline_nano=amounts,
)
histories = st.lists(requests, min_size=1, max_size=12, unique_by=lambda routed: routed.decision_id)


@contextmanager
def database() -> Iterator[sa.Engine]:
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 't.db'}")
        yield engine
        engine.dispose()


def bundles_of(history: list[Routed]) -> list[Bundle]:
    bundles = []
    for routed in history:
        exporter = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        emit(provider.get_tracer("test"), routed)
        bundles.append(bundle_of(exporter.get_finished_spans(), ContentPolicy()))
    return bundles


def write(engine: sa.Engine, bundles: list[Bundle]) -> None:
    with engine.begin() as connection:
        write_bundles(connection, bundles)


def rollups(engine: sa.Engine) -> list[list[Any]]:
    with engine.connect() as connection:
        return [connection.execute(sa.select(table).order_by(*table.primary_key)).all() for table in ROLLUPS]


@settings(max_examples=25, deadline=None)
@given(history=histories, data=st.data())
def test_rollups_do_not_depend_on_batches_order_or_repetition(history, data):
    bundles = bundles_of(history)
    shuffled = data.draw(st.permutations(bundles + bundles[: len(bundles) // 2 + 1]))
    size = data.draw(st.integers(1, len(shuffled)))
    with database() as engine:
        write(engine, bundles)
        at_once = rollups(engine)
    with database() as engine:
        for start in range(0, len(shuffled), size):
            write(engine, shuffled[start : start + size])
        assert rollups(engine) == at_once


@settings(max_examples=25, deadline=None)
@given(history=histories, size=st.integers(1, 5))
def test_a_rebuild_from_raw_rows_gives_identical_tables(history, size):
    bundles = bundles_of(history)
    with database() as engine:
        for start in range(0, len(bundles), size):
            write(engine, bundles[start : start + size])
        live = rollups(engine)
        assert any(live)
        rollup.rebuild(engine)
        assert rollups(engine) == live


@settings(max_examples=25, deadline=None)
@given(history=histories)
def test_every_level_adds_up_to_the_same(history):
    with database() as engine:
        write(engine, bundles_of(history))
        with engine.connect() as connection:
            for family in FAMILIES:
                for table in (family.hours, family.days):
                    sums = [sa.func.sum(table.c[name]) for name in family.sums]
                    by_level = connection.execute(sa.select(*sums).group_by(table.c.level)).all()
                    assert len(set(by_level)) <= 1
                    assert len(by_level) in (0, len(family.kept_in(table)))


moments = st.none() | st.integers(-60, 6 * 24).map(lambda hours: START + timedelta(hours=hours, minutes=hours % 7 * 10))
chosen = st.builds(
    Filters,
    start=moments,
    end=moments,
    tenants=st.sampled_from([(), ("a",), ("a", "b")]),
    intents=st.sampled_from([(), ("chat",)]),
    models=st.sampled_from([(), ("small",)]),
    statuses=st.sampled_from([(), ("ok",)]),
    risks=st.sampled_from([(), ("low",), ("high",)]),
    purposes=st.sampled_from([(), ("user",)]),
    simulated=st.none() | st.booleans(),
    policy_version=st.sampled_from([None, "v1", "v2"]),
)


@settings(max_examples=60, deadline=None)
@given(history=histories, filters=chosen, spread=st.integers(1, 40))
def test_every_filter_and_range_counts_exactly_the_hours_it_names(history, filters, spread):
    history = [replace(one, at=START + (one.at - START) * spread) for one in history]

    def inside(one: Routed) -> bool:
        hour = one.at.replace(minute=0, second=0, microsecond=0)
        answered = next((attempt.model for attempt in one.attempts if attempt.outcome == "accepted"), None)
        return (
            (filters.start is None or hour >= filters.start.replace(minute=0))
            and (filters.end is None or hour < filters.end)
            and one.tenant in (filters.tenants or (one.tenant,))
            and one.intent in (filters.intents or (one.intent,))
            and answered in (filters.models or (answered,))
            and one.status in (filters.statuses or (one.status,))
            and "low" in (filters.risks or ("low",))
            and one.purpose in (filters.purposes or (one.purpose,))
            and filters.simulated in (None, one.simulated)
            and filters.policy_version in (None, "v1")
        )

    expected = [one for one in history if inside(one)]
    with database() as engine:
        write(engine, bundles_of(history))
        shown = totals(engine, filters)
        assert shown.requests == len(expected)
        assert shown.branches == sum(len(one.attempts) for one in expected)
        for step in ("hour", "day"):
            assert sum(bucket.requests for bucket in series(engine, filters, step)) == len(expected)
        days = {bucket.start.date(): bucket.requests for bucket in series(engine, filters, "day")}
        assert days == Counter(one.at.date() for one in expected)


@settings(max_examples=25, deadline=None)
@given(history=histories)
def test_a_forgotten_tenant_leaves_what_the_others_would_have_made_alone(history):
    bundles = bundles_of(history)
    with database() as engine:
        write(engine, [bundle for bundle in bundles if bundle.requests[0]["tenant"] != "a"])
        alone = rollups(engine)
    with database() as engine:
        write(engine, bundles)
        with engine.begin() as connection:
            rollup.forget_tenant(connection, "a")
        assert rollups(engine) == alone


@settings(max_examples=25, deadline=None)
@given(history=histories)
def test_totals_are_what_adding_up_the_requests_gives(history):
    with database() as engine:
        write(engine, bundles_of(history))
        shown = totals(engine, Filters(purposes=()))
    costs = [routed.cost_nano for routed in history]
    known = [cost for cost in costs if cost is not None]
    both = [(routed.baseline_nano, routed.cost_nano) for routed in history]
    savings = [base - cost for base, cost in both if base is not None and cost is not None]
    assert shown.requests == len(history)
    assert shown.cost_nano == (sum(known) if known else None)
    assert shown.cost_unknown == len(costs) - len(known)
    assert shown.savings_n == len(savings)
    assert shown.savings_nano == (sum(savings) if savings else None)
    assert shown.failed == sum(routed.status == "failed" for routed in history)
    latencies = sorted(routed.latency_ms for routed in history)
    exact = latencies[(len(latencies) + 1) // 2 - 1]
    assert shown.latency_p50_ms is not None
    assert abs(shown.latency_p50_ms - exact) / exact <= histogram.RELATIVE_ERROR * 1.001
