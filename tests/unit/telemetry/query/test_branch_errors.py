from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from telemetry.query.branch_errors import decisions_with_error, error_series
from telemetry.query.failures import branch_failures
from telemetry.query.filters import Filters
from tests.traces import START

REAL = Filters(simulated=False)


def test_errors_over_time_add_up_to_the_errors_in_all(varied: sa.Engine):
    by_type: dict[tuple[str, str], int] = {}
    for step in error_series(varied, REAL, "hour"):
        by_type[step.model, step.error_type] = by_type.get((step.model, step.error_type), 0) + step.branches
    whole = {(one.model, one.error_type): one.branches.part for one in branch_failures(varied, REAL)}
    assert by_type == whole == {("small", "rate_limit"): 1, ("small", "timeout"): 1, ("large", "timeout"): 1}


def test_errors_come_by_day_oldest_first(varied: sa.Engine):
    shown = [(one.start.day, one.model, one.error_type) for one in error_series(varied, REAL, "day")]
    assert shown == [(3, "small", "rate_limit"), (3, "small", "timeout"), (4, "large", "timeout")]


def test_an_error_leads_to_its_decision_though_another_branch_answered(varied: sa.Engine):
    (found,) = decisions_with_error(varied, REAL, "small", "timeout")
    assert (found.decision_id, found.status, found.chosen) == ("retried", "ok", "small")


def test_the_decisions_of_an_error_obey_the_filters(varied: sa.Engine):
    later = Filters(simulated=False, start=START + timedelta(days=1, hours=12))
    assert decisions_with_error(varied, later, "small", "timeout") == []
    assert [row.decision_id for row in decisions_with_error(varied, later, "large", "timeout")] == ["failed"]
    assert decisions_with_error(varied, Filters(tenants=("acme",)), "large", "timeout") == []
    of_another = Filters(models=("small",), simulated=False)
    assert [row.decision_id for row in decisions_with_error(varied, of_another, "large", "timeout")] == ["failed"]


def test_an_error_that_nobody_had_has_no_decisions(varied: sa.Engine, empty: sa.Engine):
    assert decisions_with_error(varied, REAL, "small", "' OR 1=1 --") == []
    assert decisions_with_error(empty, REAL, "small", "timeout") == error_series(empty, REAL, "day") == []
