from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest
import sqlalchemy as sa

from telemetry.query.cells import Step
from telemetry.query.costs import CostDimension, spend, waterfall
from telemetry.query.filters import Filters
from telemetry.query.overview import totals

REAL = Filters(simulated=False)


@pytest.mark.parametrize("by", get_args(CostDimension))
@pytest.mark.parametrize("step", [None, "hour", "day"])
def test_every_breakdown_adds_up_to_the_whole(varied: sa.Engine, by: CostDimension, step: Step | None):
    rows = spend(varied, REAL, by, step)
    assert sum(row.cost_nano or 0 for row in rows) == totals(varied, REAL).cost_nano == 12_400
    assert sum(row.cost_unknown for row in rows) == 1


def test_the_dearest_comes_first(varied: sa.Engine):
    shown = spend(varied, REAL, "model")
    assert [(row.value, row.n, row.cost_nano, row.discarded_nano) for row in shown] == [
        ("large", 2, 9_000, 0),
        ("small", 5, 3_030, 1_030),
        ("grader", 1, 300, 300),
        ("tiny", 1, 70, 70),
        ("calculator", 1, 0, 0),
    ]
    assert shown[0].cost_unknown == 1


def test_nothing_but_unknown_costs_add_up_to_unknown(varied: sa.Engine):
    (failed,) = spend(varied, Filters(statuses=("failed",)), "tenant")
    assert (failed.n, failed.cost_nano, failed.cost_unknown) == (1, None, 1)


def test_a_course_of_days_has_the_oldest_first(varied: sa.Engine):
    assert [(row.start, row.value, row.cost_nano) for row in spend(varied, REAL, "intent", "day")][:3] == [
        (datetime(2026, 3, 2, tzinfo=UTC), "chat", 1_000),
        (datetime(2026, 3, 2, tzinfo=UTC), "code", 10_370),
        (datetime(2026, 3, 3, tzinfo=UTC), "chat", 1_030),
    ]


def test_the_waterfall_leads_from_the_baseline_to_what_was_saved(varied: sa.Engine):
    shown = waterfall(varied, REAL)
    assert (shown.n, shown.requests, shown.undivided) == (4, 6, 0)
    assert shown.baseline_nano == 5_000 + 20_000 + 5_000 + 5_000
    assert (shown.probes_nano, shown.judges_nano, shown.retries_nano) == (70, 300, 20)
    assert shown.dropped_nano == 1_000 + 10
    assert shown.answers_nano == 1_000 + 9_000 + 1_000 + 0
    assert shown.savings_nano == totals(varied, REAL).savings_nano


@pytest.mark.parametrize(
    "filters", [REAL, Filters(), Filters(tenants=("acme",)), Filters(models=("large",), risks=("low",))]
)
def test_the_steps_of_a_waterfall_add_up(varied: sa.Engine, filters: Filters):
    shown = waterfall(varied, filters)
    parts = (shown.answers_nano, shown.dropped_nano, shown.probes_nano, shown.judges_nano, shown.retries_nano)
    assert shown.savings_nano is not None
    assert sum(part or 0 for part in parts) + shown.savings_nano == shown.baseline_nano


def test_of_an_empty_store_nothing_is_known(empty: sa.Engine):
    assert spend(empty, Filters(), "model", "day") == []
    shown = waterfall(empty, Filters())
    assert (shown.n, shown.baseline_nano, shown.answers_nano, shown.savings_nano) == (0, None, None, None)
