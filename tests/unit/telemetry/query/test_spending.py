from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
import sqlalchemy as sa

from router_core import semconv
from telemetry.query.cells import Step
from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from telemetry.query.spending import SpendDimension, course, spending, tokens
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import Routed, emit

REAL = Filters(simulated=False)


@pytest.mark.parametrize("by", [one for one in get_args(SpendDimension) if one != "tool"])
@pytest.mark.parametrize("step", [None, "hour", "day"])
def test_every_breakdown_but_that_of_tools_adds_up_to_the_whole(
    varied: sa.Engine, by: SpendDimension, step: Step | None
):
    rows, whole = spending(varied, REAL, by, step), totals(varied, REAL)
    assert sum(row.cost_nano or 0 for row in rows) == whole.cost_nano
    assert sum(row.cost_unknown for row in rows) == whole.cost_unknown
    if by != "model":
        assert sum(row.n for row in rows) == whole.requests
        assert sum(row.savings_nano or 0 for row in rows) == whole.savings_nano
        assert sum(row.savings_n for row in rows) == whole.savings_n


def test_models_are_counted_by_branches_without_tools_the_dearest_first(varied: sa.Engine):
    assert [(row.value, row.n, row.cost_nano, row.discarded_nano) for row in spending(varied, REAL, "model")] == [
        ("large", 2, 9_000, 0),
        ("small", 5, 3_030, 1_030),
        ("grader", 1, 300, 300),
        ("tiny", 1, 70, 70),
    ]


def test_a_tool_counts_the_requests_that_it_answered_and_what_they_saved(varied: sa.Engine):
    (tool,) = spending(varied, REAL, "tool")
    assert (tool.value, tool.n, tool.cost_nano) == ("calculator", 1, 0)
    assert (tool.baseline_nano, tool.savings_nano, tool.savings_n) == (5_000, 5_000, 1)


def test_what_each_costs_is_of_those_whose_cost_is_known(varied: sa.Engine):
    large, small, *_ = spending(varied, REAL, "model")
    assert (large.cost_unknown, large.each_nano) == (1, 9_000)
    assert small.each_nano == 3_030 / 5


def test_nothing_but_unknown_costs_are_unknown(varied: sa.Engine):
    (failed,) = spending(varied, Filters(statuses=("failed",)), "route")
    assert (failed.n, failed.cost_nano, failed.each_nano, failed.savings_nano) == (1, None, None, None)


def test_a_course_of_days_has_the_oldest_first(varied: sa.Engine):
    assert [(row.start, row.value, row.cost_nano) for row in spending(varied, REAL, "tenant", "day")][:3] == [
        (datetime(2026, 3, 2, tzinfo=UTC), "acme", 10_370),
        (datetime(2026, 3, 2, tzinfo=UTC), "default", 1_000),
        (datetime(2026, 3, 3, tzinfo=UTC), "default", 1_030),
    ]


@pytest.mark.parametrize(
    "filters",
    [
        *(REAL, Filters(tenants=("acme",)), Filters(routes=("chat",), simulated=False)),
        *(Filters(source="router"), Filters(tenants=("acme",), source="router")),
    ],
)
@pytest.mark.parametrize("step", ["hour", "day"])
def test_the_steps_of_a_course_add_up_to_the_whole(varied: sa.Engine, filters: Filters, step: Step):
    steps, whole = course(varied, filters, step), totals(varied, filters)
    assert [one.start for one in steps] == sorted(one.start for one in steps)
    assert sum(one.n for one in steps) == whole.requests
    assert sum(one.cost_nano or 0 for one in steps) == whole.cost_nano
    assert sum(one.cost_unknown for one in steps) == whole.cost_unknown


def test_a_source_is_told_from_another_where_there_are_two(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry:
        for number, source in enumerate(("router", "router", "otlp")):
            routed = Routed(f"d{number}", extra={semconv.SOURCE: source})
            emit(telemetry.tracer_provider.get_tracer("test"), routed)
    (ours,), (theirs,) = (course(open_reader(url), Filters(source=source), "hour") for source in ("router", "otlp"))
    assert (ours.n, theirs.n) == (2, 1)


def test_a_step_of_unknown_costs_alone_is_unknown(varied: sa.Engine):
    (step,) = course(varied, Filters(statuses=("failed",)), "day")
    assert (step.n, step.cost_nano, step.cost_unknown) == (1, None, 1)


def test_tokens_of_a_model_are_of_all_its_branches_and_a_million_has_a_price(varied: sa.Engine):
    found = {row.model: row for row in tokens(varied, REAL)}
    assert set(found) == {"large", "small", "tiny", "grader"}
    small = found["small"]
    assert (small.branches, small.input_tokens, small.output_tokens) == (5, 100, 150)
    assert small.usd_per_million == pytest.approx(3_030e-9 / 250 * 1e6)


def test_tokens_of_models_without_a_known_cost_have_no_price(varied: sa.Engine):
    (large,) = tokens(varied, Filters(statuses=("failed",)))
    assert (large.cost_nano, large.usd_per_million) == (None, None)


def test_an_empty_store_has_spent_nothing(empty: sa.Engine):
    assert spending(empty, Filters(), "model") == []
    assert tokens(empty, Filters()) == []
    assert course(empty, Filters(), "day") == []
