from __future__ import annotations

import pytest
import sqlalchemy as sa

from telemetry.query.escalations import escalations, validators
from telemetry.query.filters import Filters

REAL = Filters(simulated=False)


def test_rates_come_with_their_interval_and_their_number(varied: sa.Engine):
    (shown,) = escalations(varied, REAL)
    assert (shown.escalated.part, shown.escalated.n, shown.fell_back.part) == (1, 6, 2)
    assert shown.escalated.low is not None and 0 < shown.escalated.low < 1 / 6


def test_by_a_dimension_the_most_frequent_comes_first(varied: sa.Engine):
    assert [(one.value, one.escalated.part, one.escalated.n) for one in escalations(varied, REAL, "intent")] == [
        ("chat", 0, 4),
        ("code", 1, 1),
        ("math", 0, 1),
    ]


def test_a_model_is_the_one_that_was_tried_first(varied: sa.Engine):
    shown = {one.value: one.escalated.part for one in escalations(varied, REAL, "first")}
    assert shown == {"small": 1, "large": 0, "calculator": 0, "": 0}
    (small,) = escalations(varied, Filters(models=("small",), simulated=False))
    assert (small.escalated.part, small.escalated.n) == (1, 3)


def test_beside_the_rate_stands_what_it_cost(varied: sa.Engine):
    (shown,) = escalations(varied, Filters(intents=("code",)))
    assert (shown.cost_nano, shown.cost_unknown, shown.discarded_nano) == (10_370, 0, 1_370)
    (failed,) = escalations(varied, Filters(statuses=("failed",)))
    assert (failed.cost_nano, failed.cost_unknown, failed.discarded_nano) == (None, 1, None)
    (whole,) = escalations(varied, REAL)
    assert (whole.by_tool.part, whole.by_tool.n) == (1, 6)


def test_over_time_the_oldest_comes_first(varied: sa.Engine):
    shown = escalations(varied, REAL, step="day")
    assert [(one.escalated.part, one.escalated.n) for one in shown] == [(1, 2), (0, 1), (0, 2), (0, 1)]
    assert [one.start.day for one in shown if one.start] == [2, 3, 4, 5]


def test_the_validators_that_rejected_are_the_reasons(varied: sa.Engine):
    first, *others = validators(varied, REAL)
    assert (first.validator, first.model, first.rejections) == ("length", "small", 1)
    assert (first.passed.part, first.passed.n, first.unknown) == (4, 5, 0)
    assert first.histogram == {20: 1, 100: 4} and first.median == 1.0
    assert others and all(other.rejections == 0 for other in others)


def test_scores_obey_the_filters(varied: sa.Engine):
    (shown,) = validators(varied, Filters(tenants=("acme",), models=("small",), statuses=("ok",)))
    assert (shown.passed.n, shown.median) == (1, pytest.approx(0.205))


def test_an_empty_store_has_no_rates(empty: sa.Engine):
    assert escalations(empty, Filters(), "route") == validators(empty, Filters()) == []
    (whole,) = escalations(empty, Filters())
    assert (whole.escalated.n, whole.escalated.share) == (0, None)
