from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from router_core import semconv
from telemetry.query.failures import branch_failures, deadline_misses, request_failures
from telemetry.query.filters import Filters
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader
from tests.traces import START, Attempt, Routed, emit

REAL = Filters(simulated=False)


def test_branches_fail_by_model_and_type_out_of_all_that_were_tried(varied: sa.Engine):
    shown = {(one.model, one.error_type): one.branches for one in branch_failures(varied, REAL)}
    assert {key: (found.part, found.n) for key, found in shown.items()} == {
        ("small", "rate_limit"): (1, 5),
        ("small", "timeout"): (1, 5),
        ("large", "timeout"): (1, 2),
    }


def test_requests_end_badly_out_of_all_there_were(varied: sa.Engine):
    assert [
        (one.status, one.error_type, one.requests.part, one.requests.n) for one in request_failures(varied, REAL)
    ] == [("denied", "", 1, 6), ("failed", "all_failed", 1, 6)]


def test_over_time_each_step_has_its_own_number(varied: sa.Engine):
    shown = request_failures(varied, REAL, "day")
    assert [(one.status, one.requests.n, one.start.day if one.start else None) for one in shown] == [
        ("denied", 2, 4),
        ("failed", 2, 4),
    ]


def test_failures_obey_the_filters(varied: sa.Engine):
    assert branch_failures(varied, Filters(tenants=("acme",))) == []
    assert [one.status for one in request_failures(varied, Filters(risks=("high",)))] == ["failed"]


def test_an_empty_store_has_no_failures(empty: sa.Engine):
    assert branch_failures(empty, Filters()) == request_failures(empty, Filters(), "hour") == []


def test_deadlines_and_timeouts_are_counted_by_the_day(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 't.db'}"
    late = Attempt(outcome="failed", extra={semconv.ERROR_TYPE: "timeout"})
    slow = Attempt(outcome="failed", extra={semconv.ERROR_TYPE: "first_token_timeout"})
    missed = {semconv.ERROR_TYPE: "deadline_exceeded"}
    with Telemetry.open(url, home=tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        emit(tracer, Routed("good"))
        emit(tracer, Routed("saved", attempts=(slow, Attempt())))
        emit(tracer, Routed("late", attempts=(late,), status="failed", extra=missed))
        emit(tracer, Routed("tomorrow", at=START + timedelta(days=1), status="denied", attempts=()))
    today, tomorrow = deadline_misses(open_reader(url), Filters(), "day")
    assert (today.missed.part, today.missed.n) == (1, 3)
    assert (today.timeouts.part, today.timeouts.n) == (2, 4)
    assert (tomorrow.missed.part, tomorrow.missed.n, tomorrow.timeouts.n) == (0, 1, 0)
    assert deadline_misses(open_reader(f"sqlite:///{tmp_path / 'none.db'}"), Filters(), "hour") == []
