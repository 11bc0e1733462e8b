from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.panels.latency import provider
from app.panels.latency.worst import Stretch
from telemetry.query.branch_errors import ErrorStep
from telemetry.query.course import Course, CourseStep
from telemetry.query.overview import ModelTotals
from telemetry.query.proportion import Proportion

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def totals(model: str, branches: int, failed: int, kind: str = "model") -> ModelTotals:
    tokens = {"input_tokens": 0, "output_tokens": 0, "tokens_unknown": 0}
    times = dict.fromkeys(("latency_p50_ms", "latency_p95_ms", "ttft_p50_ms", "ttft_p95_ms"))
    return ModelTotals(model, kind, branches, 0, failed, None, 0, **tokens, **times)


def stretch(start: datetime, end: datetime) -> Stretch:
    return Stretch(start, end, 5, 10, 1, 100, 0.001)


def test_the_model_that_surely_fails_most_comes_first_and_not_the_one_called_once() -> None:
    rows = [totals("busy", 10_000, 60), totals("bad", 500, 50), totals("once", 1, 1), totals("tool", 9, 9, "tool")]
    assert provider.ordered(rows) == ["bad", "busy", "once"]


def test_a_model_and_its_probes_are_one() -> None:
    assert provider.ordered([totals("m", 10, 0), totals("m", 10, 5, "probe")]) == ["m"]


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (NOON, NOON + 4 * HOUR, "on Wed 4 Mar 2026 from 12:00 to 16:00 UTC"),
        (NOON, NOON + 12 * HOUR, "on Wed 4 Mar 2026 from 12:00 to 24:00 UTC"),
        (NOON, NOON + 13 * HOUR, "from Wed 4 Mar 2026 12:00 to Thu 5 Mar 2026 01:00 UTC"),
    ],
)
def test_a_stretch_is_told_by_its_day_and_hours(start: datetime, end: datetime, said: str) -> None:
    assert provider.stretch_said(stretch(start, end)) == said


def test_a_rate_of_calls_always_has_its_interval_and_its_n() -> None:
    assert provider.of_calls(Proportion.of(6, 27)) == "22.2 % (10.6 to 40.8 %) of 27 calls"
    assert provider.of_calls(Proportion.of(0, 0)) == "no calls"


def test_the_most_frequent_error_is_named_with_how_many_of_how_many() -> None:
    errors = [
        ErrorStep(NOON, "m", "timeout", 1),
        ErrorStep(NOON, "m", "rate_limited", 2),
        ErrorStep(NOON, "m", "timeout", 3),
    ]
    assert provider.mostly(errors) == ", mostly timeout (4 of 6)"
    assert provider.mostly([]) == ""


def test_failures_and_slow_calls_are_looked_for_apart() -> None:
    steps = [CourseStep(NOON + k * HOUR, 20, 0, 20, 12 if 40 <= k < 44 else 1, 10.0, 20.0) for k in range(100)]
    failing, slowing = provider.worst_of(Course(900.0, steps), "hour")
    assert failing is None
    assert slowing is not None
    assert (slowing.start, slowing.end) == (NOON + 40 * HOUR, NOON + 44 * HOUR)
