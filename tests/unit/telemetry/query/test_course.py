from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.query.course import course
from telemetry.query.filters import Filters
from telemetry.query.speed import percentiles
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import Attempt, Routed, emit

REAL = Filters(simulated=False)


def test_a_models_course_counts_each_call_and_each_failure(varied: sa.Engine):
    found = course(varied, REAL, "small", "day")
    assert [(step.start.day, step.calls, step.failed, step.timed) for step in found.steps] == [
        (2, 2, 0, 2),
        (3, 3, 2, 3),
    ]
    (whole,) = percentiles(varied, Filters(simulated=False, models=("small",)), by="model")
    assert found.slow_ms == whole.p95_ms


def test_slow_calls_are_those_beyond_the_95th_percentile_of_the_period(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path, durability="async") as telemetry:
        for number in range(100):
            attempt = Attempt(latency_ms=3_000.0 if number < 5 else 40.0)
            emit(telemetry.tracer_provider.get_tracer("test"), Routed(f"d{number}", attempts=(attempt,)))
    found = course(open_reader(url), Filters(), "small", "hour")
    assert found.slow_ms == pytest.approx(40, rel=0.011)
    assert [(step.calls, step.slow) for step in found.steps] == [(100, 5)]


def test_a_model_that_nobody_called_has_no_course(varied: sa.Engine):
    found = course(varied, REAL, "nobody", "hour")
    assert (found.slow_ms, found.steps) == (None, [])
