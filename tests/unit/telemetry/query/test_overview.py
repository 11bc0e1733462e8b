from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.query.filters import Filters
from telemetry.query.overview import Flow, by_intent, by_model, flows, model_series, series, totals
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit

HISTORY = (
    Routed("answered", baseline_nano=5_000),
    Routed(
        "escalated",
        at=START + timedelta(minutes=10),
        intent="code",
        baseline_nano=9_000,
        attempts=(
            Attempt("small", outcome="rejected", latency_ms=40, cost_nano=1_000),
            Attempt("large", latency_ms=400, cost_nano=8_000),
        ),
    ),
    Routed(
        "tool",
        at=START + timedelta(hours=2),
        intent="math",
        baseline_nano=3_000,
        attempts=(Attempt("calculator", kind="tool", cost_nano=0, input_tokens=0, output_tokens=0, latency_ms=1),),
    ),
    Routed("denied", at=START + timedelta(hours=30), status="denied", attempts=(), baseline_nano=None),
    Routed(
        "unknown",
        at=START + timedelta(hours=31),
        tenant="acme",
        status="failed",
        attempts=(Attempt("large", outcome="failed", cost_nano=None, output_tokens=None, ttft_ms=None),),
    ),
    Routed("canary", purpose="canary"),
    Routed("made-up", simulated=True),
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    folder: Path = tmp_path_factory.mktemp("overview")
    url = f"sqlite:///{folder / 't.db'}"
    with Telemetry.open(url, home=folder) as telemetry:
        for routed in HISTORY:
            emit(telemetry.tracer_provider.get_tracer("test"), routed)
    yield open_reader(url)


REAL = Filters(simulated=False)


def test_totals_of_an_empty_store_are_zero_and_unknown(tmp_path: Path):
    shown = totals(open_reader(f"sqlite:///{tmp_path / 'none.db'}"), Filters())
    assert shown.requests == shown.escalated == shown.failed == 0
    assert shown.cost_nano is shown.savings_nano is shown.latency_p95_ms is None


def test_an_empty_store_has_no_series_and_no_breakdown(tmp_path: Path):
    empty = open_reader(f"sqlite:///{tmp_path / 'none.db'}")
    assert series(empty, Filters(), "day") == []
    assert by_model(empty, Filters()) == by_intent(empty, Filters()) == flows(empty, Filters()) == []


def test_totals_add_up_what_users_asked(reader: sa.Engine):
    shown = totals(reader, REAL)
    assert shown.requests == 5
    assert shown.cost_nano == 1_200 + 9_000 + 0 + 0
    assert shown.cost_unknown == 1
    assert shown.baseline_nano == 5_000 + 9_000 + 3_000
    assert shown.savings_nano == 3_800 + 0 + 3_000
    assert shown.savings_n == 3
    assert shown.discarded_nano == 1_000
    assert (shown.escalated, shown.fell_back, shown.failed, shown.denied, shown.by_tool) == (1, 1, 1, 1, 1)
    assert shown.branches == 5
    assert shown.input_tokens == 20 + 40 + 0 + 0 + 20
    assert shown.tokens_unknown == 1


def test_percentiles_are_of_the_filtered_requests_alone(reader: sa.Engine):
    shown = totals(reader, Filters(intents=("code",)))
    assert shown.latency_p50_ms == pytest.approx(442.0, rel=0.011)
    assert totals(reader, Filters(intents=("math",))).latency_p95_ms == pytest.approx(3.0, rel=0.011)


def test_nothing_but_unknown_costs_add_up_to_unknown(reader: sa.Engine):
    shown = totals(reader, Filters(tenants=("acme",)))
    assert (shown.requests, shown.cost_nano, shown.cost_unknown) == (1, None, 1)


@pytest.mark.parametrize(
    "filters, number",
    [
        (Filters(), 6),
        (Filters(purposes=()), 7),
        (Filters(purposes=("canary",)), 1),
        (Filters(simulated=True), 1),
        (Filters(routes=("chat",), simulated=False), 5),
        (Filters(routes=("elsewhere",)), 0),
        (Filters(models=("large",), simulated=False), 1),
        (Filters(models=("large", "calculator")), 2),
        (Filters(intents=("code", "math")), 2),
        (Filters(statuses=("failed", "denied")), 2),
        (Filters(policy_version="v1"), 6),
        (Filters(policy_version="v2"), 0),
    ],
)
def test_a_filter_lets_through_what_holds(reader: sa.Engine, filters: Filters, number: int):
    assert totals(reader, filters).requests == number


def test_time_is_rounded_outward_to_the_hour(reader: sa.Engine):
    ten = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
    assert totals(reader, Filters(end=ten, simulated=False)).requests == 2
    assert totals(reader, Filters(end=ten - timedelta(minutes=50), simulated=False)).requests == 2
    assert totals(reader, Filters(end=ten - timedelta(hours=1), simulated=False)).requests == 0
    assert totals(reader, Filters(start=START + timedelta(minutes=29), simulated=False)).requests == 5
    assert totals(reader, Filters(start=ten, simulated=False)).requests == 3
    assert totals(reader, Filters(start=ten.replace(tzinfo=None), simulated=False)).requests == 3


def test_a_series_has_a_bucket_where_there_was_something_and_a_gap_elsewhere(reader: sa.Engine):
    hours = series(reader, REAL, "hour")
    assert [bucket.start.isoformat() for bucket in hours] == [
        "2026-03-02T09:00:00+00:00",
        "2026-03-02T11:00:00+00:00",
        "2026-03-03T15:00:00+00:00",
        "2026-03-03T16:00:00+00:00",
    ]
    assert [bucket.requests for bucket in hours] == [2, 1, 1, 1]
    days = series(reader, REAL, "day")
    assert [(bucket.start, bucket.requests) for bucket in days] == [
        (datetime(2026, 3, 2, tzinfo=UTC), 3),
        (datetime(2026, 3, 3, tzinfo=UTC), 2),
    ]


def test_a_series_adds_up_to_the_totals(reader: sa.Engine):
    for step in ("hour", "day"):
        buckets = series(reader, REAL, step)
        assert sum(bucket.cost_nano or 0 for bucket in buckets) == totals(reader, REAL).cost_nano


def test_models_are_counted_by_their_branches(reader: sa.Engine):
    shown = {(entry.model, entry.kind): entry for entry in by_model(reader, REAL)}
    assert set(shown) == {("small", "model"), ("large", "model"), ("calculator", "tool")}
    small, large = shown["small", "model"], shown["large", "model"]
    assert (small.branches, small.accepted, small.failed, small.cost_nano) == (2, 1, 0, 2_200)
    assert (large.branches, large.accepted, large.failed) == (2, 1, 1)
    assert (large.cost_nano, large.cost_unknown, large.tokens_unknown) == (8_000, 1, 1)
    assert large.latency_p95_ms == pytest.approx(400, rel=0.011)
    assert shown["calculator", "tool"].cost_nano == 0


def test_the_model_filter_means_the_tried_model_where_branches_are_counted(reader: sa.Engine):
    assert [entry.model for entry in by_model(reader, Filters(models=("large",)))] == ["large"]
    assert by_model(reader, Filters(models=("large",), statuses=("ok",)))[0].branches == 1


def test_intents_come_with_the_most_frequent_first(reader: sa.Engine):
    shown = by_intent(reader, REAL)
    assert [(entry.intent, entry.requests) for entry in shown] == [("chat", 3), ("code", 1), ("math", 1)]
    assert shown[1].escalated == 1


def test_flows_go_from_intent_by_first_to_chosen(reader: sa.Engine):
    assert set(flows(reader, REAL)) == {
        Flow("chat", "small", "small", 1),
        Flow("chat", None, None, 1),
        Flow("chat", "large", None, 1),
        Flow("code", "small", "large", 1),
        Flow("math", "calculator", "calculator", 1),
    }


def test_model_buckets_add_up_to_the_models(reader: sa.Engine):
    buckets = model_series(reader, REAL, "hour")
    assert sum(bucket.branches for bucket in buckets if bucket.model == "large") == 2
    assert {(bucket.model, bucket.start.hour) for bucket in buckets} == {
        ("small", 9),
        ("large", 9),
        ("calculator", 11),
        ("large", 16),
    }
