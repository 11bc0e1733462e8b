"""Each thing that needs attention is found, told with its time and led to its page; a quiet store is called quiet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.dashboard.budgets import Budget, Spender
from app.panels.alerts.attention import Attention, Finding, Seen, attention
from telemetry.query.drift import DriftCell, DriftRunRecord
from telemetry.query.incidents import BreakerInterval, IncidentRow
from telemetry.query.pipeline import JobsState, JobState, ProcessState
from telemetry.query.volume import Volume

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUIET = Seen(NOW, [], [], [], JobsState(None, None, False, []), [], None, [], ())


def findings(**seen: Any) -> tuple[Finding, ...]:
    return attention(replace(QUIET, **seen)).findings


def told(found: Attention, name: str) -> str:
    return next(check.told for check in found.checks if check.name == name)


def interval(state: str = "open", hours: float = 2, *, ended: bool = False, **more: Any) -> BreakerInterval:
    start = NOW - hours * HOUR
    values: dict[str, Any] = {"model": "large", "deployment": "only", "process": "h:1", "simulated": False}
    end = start + HOUR / 2 if ended else None
    return BreakerInterval(**(values | {"state": state, "start": start, "end": end, "why": "timeout"} | more))


def incident(kind: str, hours: float, process: str = "h:1", **fields: Any) -> IncidentRow:
    at = NOW - hours * HOUR
    return IncidentRow(
        f"{kind}{hours}", at, kind, "warning", "telemetry", f"{kind} was told", None, None, None, process, False, fields
    )


def process(state: str = "running", **more: Any) -> ProcessState:
    values: dict[str, Any] = dict.fromkeys(("queued", "spool_waiting", "spool_bytes", "queue_high", "written"), 0)
    values |= dict.fromkeys(("spooled", "not_durable", "refused", "abandoned"), 0)
    values |= {"process": "h:1", "started": NOW - 9 * HOUR, "last_seen": NOW, "last_error": None, "lag_p95_ms": None}
    return ProcessState(**(values | {"state": state} | more))


def cell(state: str, week: date, *, simulated: bool = False) -> DriftCell:
    label = f"2026-W{week.isocalendar().week}"
    return DriftCell(week, label, "small", simulated, state, 2, 9, "latency_ms", 2.5, 400)  # type: ignore[arg-type]


def budget(spent: float, limit: float = 10.0, held: float = 0.0) -> Budget:
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    holders = (Spender("acme", spent, held),)
    return Budget("team", None, "tenant", "month", (), (), "deny", limit, start, end, holders, False)


RUN = DriftRunRecord("r", NOW - HOUR, NOW - HOUR, 1.0, 2, 2, 2, 1)


def test_a_quiet_store_has_no_findings_and_says_what_was_looked_at() -> None:
    found = attention(QUIET)
    assert found.findings == ()
    assert [check.name for check in found.checks] == [
        *(
            "Alert rules",
            "Breakers and outliers",
            "Keeping of decisions",
            "Policy file",
            "Collector",
            "Jobs",
            "Drift",
            "Budgets",
        ),
        "Requests of today",
    ]
    assert told(found, "Breakers and outliers") == "none open, none in the last 7 days"
    assert not next(check for check in found.checks if check.name == "Drift").known, "nobody has looked for drift"


def test_an_open_breaker_is_an_error_that_leads_to_its_model() -> None:
    (one,) = findings(intervals=[interval(hours=9, ended=True), interval()])
    assert (one.severity, one.what, one.more) == ("error", "The breaker of large is open", "timeout")
    assert (one.since, one.lasts) == (NOW - 2 * HOUR, True)
    assert (one.target, dict(one.params)) == ("latency", {"watched": "large"})


def test_a_breaker_that_closed_is_one_finding_however_often_it_opened() -> None:
    broken = [interval(hours=h, ended=True) for h in (3, 5, 9)]
    (one,) = findings(intervals=[*broken, interval("half_open", 4, ended=True)])
    assert (one.severity, one.what, one.lasts) == ("warning", "The breaker of large opened 3 times", False)
    assert (one.since, one.until) == (NOW - 9 * HOUR, NOW - 2.5 * HOUR)


def test_an_outlier_is_told_by_its_deployment() -> None:
    (one,) = findings(intervals=[interval("ejected", deployment="east")])
    assert (one.severity, one.what) == ("warning", "large at east is called less")


def test_decisions_on_a_spool_are_an_error_while_they_wait_and_a_word_when_they_do_not() -> None:
    (one,) = findings(
        processes=[process(spool_waiting=4, last_error="disk full")], incidents=[incident("spool_in_use", 1)]
    )
    assert (one.severity, one.what, one.more) == ("error", "4 decisions wait on the spool of h:1", "disk full")
    (one,) = findings(processes=[process()], incidents=[incident("spool_empty", 1), incident("spool_in_use", 2)])
    assert (one.severity, one.lasts, one.until) == ("warning", False, NOW - HOUR)


def test_a_spool_whose_process_is_gone_says_how_it_gets_into_the_database() -> None:
    (one,) = findings(processes=[process("silent", spool_waiting=1, last_seen=NOW - HOUR)])
    assert "start the gateway to take them in" in one.more


def test_a_process_that_fell_silent_or_is_refused_is_told() -> None:
    (one,) = findings(processes=[process("silent", last_seen=NOW - HOUR)])
    assert (one.what, one.since) == ("The gateway h:1 fell silent", NOW - HOUR)
    (one,) = findings(processes=[process(last_error="locked")])
    assert one.more == "locked"
    assert findings(processes=[process("ended")]) == ()


def test_lost_decisions_are_added_up() -> None:
    (one,) = findings(incidents=[incident("not_durable", 1, traces=3), incident("not_durable", 5, traces=2)])
    assert (one.severity, one.what) == ("error", "Lost: 5 decisions that could be kept nowhere")
    assert (one.since, one.until) == (NOW - 5 * HOUR, NOW - HOUR)
    (one,) = findings(incidents=[incident("rows_refused", 1, traces="many")])
    assert one.what == "Put aside: 1 decision that fit no database"


@pytest.mark.parametrize("mended", ["policy_mended", "policy_reloaded", "gateway_stopped"])
def test_a_refused_policy_lasts_until_it_is_mended_or_its_gateway_ends(mended: str) -> None:
    refused = incident("policy_refused", 3)
    (one,) = findings(incidents=[refused], processes=[process()])
    assert (one.severity, one.lasts, one.target) == ("error", True, "policy")
    (one,) = findings(incidents=[incident(mended, 1), refused], processes=[process()])
    assert (one.severity, one.until) == ("warning", NOW - HOUR)


def test_a_refusal_that_another_gateway_mended_still_lasts_here() -> None:
    (one,) = findings(
        incidents=[incident("policy_mended", 1, "h:2"), incident("policy_refused", 3)], processes=[process()]
    )
    assert one.lasts


def test_what_a_dead_gateway_left_is_over() -> None:
    dead = process("silent", last_seen=NOW - 2 * HOUR)
    away, silent = sorted(
        findings(incidents=[incident("collector_away", 3)], processes=[dead]), key=lambda one: one.lasts
    )
    assert (away.what, away.until) == ("The collector took no spans for a while", NOW - 2 * HOUR)
    assert silent.lasts
    (unknown,) = findings(incidents=[incident("collector_away", 30)])
    assert not unknown.lasts


def test_a_job_that_failed_and_a_worker_that_is_gone_are_told() -> None:
    failed = JobState("drift", NOW - HOUR, 2.0, "failed", "OSError: no room", NOW - 25 * HOUR)
    held = JobsState("h:9", NOW + HOUR, True, [failed])
    (one,) = findings(jobs=held)
    assert (one.what, one.more) == ("The job drift failed", "OSError: no room")
    gone = JobsState("h:9", NOW - HOUR, False, [replace(failed, outcome="done")])
    (one,) = findings(jobs=gone)
    assert one.what.startswith("No worker runs the jobs") and one.since == NOW - HOUR


def test_drift_is_told_of_the_latest_week_that_could_be_judged_and_only_while_it_is_news() -> None:
    this, last = date(2026, 11, 23), date(2026, 11, 16)
    cells = [cell("drift", date(2026, 11, 9)), cell("drift", last), cell("not_enough_data", this)]
    (one,) = findings(cells=cells, last_drift=RUN)
    assert one.what == "small drifted in 2026-W47: 2 of 9 metrics, most of all latency"
    assert dict(one.params) == {"model": "small", "week": "2026-W47"}
    assert findings(cells=[cell("drift", last), cell("ok", this)], last_drift=RUN) == ()
    assert findings(cells=[cell("drift", date(2026, 10, 5))], last_drift=RUN) == ()


def test_each_model_counts_with_its_own_latest_week_as_for_the_alert_rule() -> None:
    this, last = date(2026, 11, 23), date(2026, 11, 16)
    cells = [cell("drift", this), replace(cell("ok", last), model="large"), replace(cell("drift", last), model="third")]
    found = attention(replace(QUIET, cells=cells, last_drift=RUN))
    assert told(found, "Drift").startswith("2 of 3 models drifted in the latest week of each; computed")
    assert len(found.findings) == 2


def test_simulated_drift_is_marked_and_led_to_as_such() -> None:
    (one,) = findings(cells=[cell("drift", date(2026, 11, 16), simulated=True)], last_drift=RUN)
    assert one.simulated and ("traffic", "simulated") in one.params


@pytest.mark.parametrize(
    ("spent", "held", "severity"),
    [(7.9, 0.0, None), (7.9, 0.2, "warning"), (9.0, 0.0, "warning"), (10.0, 0.0, "error")],
)
def test_a_budget_is_told_from_four_fifths_on_what_is_held_included(
    spent: float, held: float, severity: str | None
) -> None:
    found = findings(budgets=(budget(spent, held=held),))
    assert [one.severity for one in found] == ([] if severity is None else [severity])


def test_a_budget_says_whose_how_much_and_until_when() -> None:
    (one,) = findings(budgets=(budget(9.2),))
    assert one.what == "The budget team of tenant acme is used to 92 %"
    assert one.more == "$9.20 of $10.00; whole again 2026-12-01 00:00:00 UTC"
    (one,) = findings(budgets=(budget(0.0, limit=0.0),))
    assert one.what.endswith("is used up")


def test_budgets_that_could_not_be_asked_are_not_called_quiet() -> None:
    found = attention(replace(QUIET, budgets=None, unasked="could not be asked: nobody answers"))
    check = next(check for check in found.checks if check.name == "Budgets")
    assert (check.known, check.told) == (False, "could not be asked: nobody answers")


def test_requests_that_stopped_are_told_with_what_was_usual() -> None:
    hours = [Volume(NOW.replace(minute=0) - n * HOUR, 20, None, 20) for n in range(4, 24 * 22)]
    (one,) = findings(hours=hours)
    assert (one.severity, one.what) == ("error", "No request since 2026-11-23 13:00 UTC")
    assert one.more == "in the same hours of the 3 weeks before there were 60 at least, 60 on average"


def test_what_lasts_comes_first_by_severity_and_what_is_over_by_time() -> None:
    found = attention(
        replace(
            QUIET,
            intervals=[interval("ejected", 1), interval(hours=5, model="b", ended=True), interval(hours=9, model="c")],
            incidents=[incident("not_durable", 90, traces=1)],
        )
    )
    assert [one.what for one in found.open] == ["The breaker of c is open", "large is called less"]
    assert [one.target for one in found.over] == ["latency", "pipeline"]
