"""What rules see in a store, and what that says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.alerts.measure import BudgetUse, Outside, Reading, judged, measure
from telemetry.alerts.metrics import METRICS
from telemetry.alerts.rule import Rule, Scope
from telemetry.alerts.traffic import Traffic
from telemetry.errors import Unmeasurable
from telemetry.incidents import incident_row
from telemetry.storage import pipeline_hours
from telemetry.storage.engine import writing
from telemetry.storage.operation import INCIDENT
from tests.alerting import FAILED, MINUTE, NOW, failures, some, store
from tests.operation import job_run, sample
from tests.traces import Attempt, Routed

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> sa.Engine:
    """An hour of 60 requests, 12 of them failed; a day ago 40 more; some of a tenant of its own; some simulated."""
    slow = Attempt("large", latency_ms=2_000.0, cost_nano=5_000_000)
    return store(
        tmp_path_factory.mktemp("measure"),
        [
            *some(60, failed=12),
            *some(40, failed=1, at=NOW - DAY, name="y"),
            *some(30, name="t", tenant="acme", attempts=(slow,)),
            *some(5, failed=5, name="s", simulated=True),
            Routed(
                "late", at=NOW - 5 * MINUTE, status="failed", attempts=FAILED, extra={"error.type": "deadline_exceeded"}
            ),
            Routed("denied", at=NOW - 5 * MINUTE, status="denied", attempts=()),
            Routed("old", at=NOW - HOUR - MINUTE, status="failed", attempts=FAILED),
        ],
    )


def read(engine: sa.Engine, rule: Rule, *, simulated: bool = False, outside: Outside | None = None) -> list[Reading]:
    return measure(engine, rule, Traffic(engine, NOW, simulated=simulated), outside or Outside())


def only(engine: sa.Engine, rule: Rule, **more: object) -> Reading:
    (found,) = read(engine, rule, **more)  # type: ignore[arg-type]
    return found


def test_a_short_window_counts_to_the_minute(engine: sa.Engine):
    found = only(engine, failures(window=HOUR))
    assert (found.n, found.value) == (92, pytest.approx(13 / 92))
    assert only(engine, failures(window=HOUR + 2 * MINUTE)).n == 93
    assert found.low is not None and found.high is not None and found.low < 13 / 92 < found.high


def test_a_long_window_counts_the_same_from_rollups(engine: sa.Engine):
    for metric in ("failure_rate", "denied_rate", "escalation_rate", "fallback_rate", "deadline_miss_rate"):
        rule = Rule("r", metric, "above", 0.5, window=2 * HOUR)
        exact, rolled = only(engine, rule), only(engine, replace(rule, window=3 * HOUR))
        assert (exact.value, exact.n) == (rolled.value, rolled.n) and exact.n == 93, metric
    for metric in ("latency_p95", "ttft_p95", "spend", "cost_per_request", "saved_share", "unknown_cost_rate"):
        rule = Rule("r", metric, "above", 1e6 if metric != "saved_share" else 0.9, window=2 * HOUR)
        assert only(engine, rule) == only(engine, replace(rule, window=3 * HOUR)), metric
    by_model = Rule("r", "branch_failure_rate", "above", 0.5, window=2 * HOUR, per="model")
    assert read(engine, by_model) == read(engine, replace(by_model, window=3 * HOUR))


def test_real_and_simulated_traffic_are_apart(engine: sa.Engine):
    assert only(engine, failures(window=HOUR, min_n=5), simulated=True).value == 1.0


@pytest.mark.parametrize(
    ("value", "low", "n", "evidence"),
    [
        (0.2, 0.1, 100, "breached"),
        (0.2, 0.04, 100, "unsure"),
        (0.05, 0.01, 100, "clear"),
        (0.2, 0.1, 9, "dark"),
        (None, None, 0, "dark"),
    ],
)
def test_a_value_breaches_with_its_whole_interval_or_not_surely(value, low, n, evidence):
    assert judged(failures(), "", value, low, 0.9, n).evidence == evidence


def test_who_wants_no_certainty_goes_by_the_value_alone():
    assert judged(failures(certain=False), "", 0.06, 0.01, 0.2, 100).evidence == "breached"


def test_below_looks_at_the_other_end_of_the_interval():
    rule = Rule("r", "saved_share", "below", 0.0, min_n=1)
    assert [judged(rule, "", -0.1, -0.2, high, 9).evidence for high in (-0.05, 0.1)] == ["breached", "unsure"]


def test_each_tenant_or_model_is_looked_at_by_itself(engine: sa.Engine):
    found = {one.subject: one for one in read(engine, failures(window=HOUR, per="tenant"))}
    assert (found["default"].n, found["acme"].n, found["acme"].value) == (62, 30, 0.0)
    rule = Rule("r", "latency_p95", "above", 1_000, window=HOUR, per="model")
    slow = {one.subject: one.evidence for one in read(engine, rule)}
    assert slow == {"small": "clear", "large": "breached"}


def test_a_rule_is_narrowed_by_what_it_names(engine: sa.Engine):
    scoped = Scope(tenants=("acme",))
    assert only(engine, Rule("r", "requests", "above", 5, window=HOUR, scope=scoped)).value == 30
    assert only(engine, Rule("r", "spend", "above", 1, window=HOUR, scope=scoped)).value == pytest.approx(0.15)
    nobody = Scope(tenants=("nobody",))
    assert only(engine, failures(window=HOUR, scope=nobody)).evidence == "dark"
    assert only(engine, Rule("r", "requests", "below", 5, window=HOUR, scope=nobody)).evidence == "breached"


def test_subjects_that_are_gone_are_dark_or_at_zero_as_their_metric_says(engine: sa.Engine):
    traffic = Traffic(engine, NOW, simulated=False)
    share = {one.subject: one.evidence for one in measure(engine, failures(per="tenant"), traffic, Outside(), {"gone"})}
    assert share["gone"] == "dark"
    count = Rule("r", "requests", "below", 5, per="tenant")
    assert {one.subject: one.evidence for one in measure(engine, count, traffic, Outside(), {"gone"})}[
        "gone"
    ] == "breached"


def test_a_burn_rate_must_be_high_in_both_windows(engine: sa.Engine):
    rule = Rule("b", "error_budget_burn", "above", 6.0, window=HOUR, objective=0.99, short_window=20 * MINUTE)
    found = only(engine, rule)
    assert found.evidence == "breached" and found.value == pytest.approx(13 / 92 / 0.01)
    over = only(engine, replace(rule, short_window=2 * MINUTE))
    assert over.evidence == "dark", "nothing came in the short window: nobody can tell whether it is over"
    by_tenant = {one.subject: one.evidence for one in read(engine, replace(rule, per="tenant"))}
    assert by_tenant == {"default": "breached", "acme": "clear"}


def budget(**more: object) -> BudgetUse:
    given = {"name": "team", "holder": None, "per": None, "used_nano": 9, "limit_nano": 10, "start": NOW - DAY}
    return BudgetUse(**given | {"end": NOW + 29 * DAY} | more)  # type: ignore[arg-type]


def test_a_budget_is_judged_by_what_is_used_of_it(engine: sa.Engine):
    uses = Outside((budget(), budget(name="empty", limit_nano=0), budget(name="each", holder="acme", used_nano=1)))
    found = {one.subject: one.evidence for one in read(engine, Rule("b", "budget_use", "above", 0.8), outside=uses)}
    assert found == {"team": "breached", "empty": "breached", "each: acme": "clear"}


def test_a_budget_burns_by_what_was_spent_in_both_windows(engine: sa.Engine):
    rule = Rule("b", "budget_burn", "above", 3.0, window=HOUR, short_window=20 * MINUTE)
    acme = budget(limit_nano=30 * 5_000_000 * 24 * 10, tenants=("acme",))
    found = only(engine, rule, outside=Outside((acme,)))
    assert found.value == pytest.approx(3.0), "a tenth of a month's even spend for 30 days, thirty times as fast"
    assert read(engine, rule, outside=Outside((budget(end=NOW - DAY + HOUR),))) == [], "its period is too short"


def test_budgets_that_cannot_be_read_are_said_to_be_so(engine: sa.Engine):
    with pytest.raises(Unmeasurable, match="no gateway"):
        read(engine, Rule("b", "budget_use", "above", 0.8), outside=Outside(why="no gateway"))


def test_refusals_need_their_validators(engine: sa.Engine):
    rule = Rule("r", "refusal_rate", "above", 0.1, window=DAY)
    with pytest.raises(Unmeasurable, match="no validator"):
        read(engine, rule)
    assert only(engine, replace(rule, validators=("length",), min_n=5)).value == 0.0


def test_processes_jobs_and_breakers_are_looked_at_as_they_stand(tmp_path: Path):
    engine = store(tmp_path, some(1))
    rules = [Rule(name, name, "above", 0) for name in ("not_durable", "spool_waiting", "failed_jobs", "open_breakers")]
    assert [[one.evidence for one in read(engine, rule)] for rule in rules] == [["dark"], ["dark"], [], []]
    shift = NOW - timedelta(minutes=10)
    opened = incident_row("breaker_opened", "it", at=shift, process="p", fields={"model": "small", "why": "timeout"})
    given = sample("p", 1, not_durable=2, spool_waiting=4)
    given |= {"ts": NOW - MINUTE, "minute": int((NOW - MINUTE).timestamp() // 60)}
    with writing(engine) as connection:
        connection.execute(sa.insert(INCIDENT), [opened])
        for table, row in (("pipeline_sample", given), ("job_run", job_run("drift", 0, "OSError: no room"))):
            connection.execute(sa.insert(sa.table(table, *map(sa.column, row))), [row])
        pipeline_hours.rebuild(connection)
    assert [only(engine, rule).value for rule in rules] == [2, 4, 1, 1]
    assert only(engine, rules[3]).subject == "small"


def test_every_metric_is_measured_or_says_why_not(engine: sa.Engine):
    for name, metric in METRICS.items():
        rule = Rule("r", name, "above", 1, objective=0.9, validators=("length",))
        for per in (None, *metric.narrowed_by):
            if metric.subject and per:
                continue
            for found in read(engine, replace(rule, per=per), outside=Outside(())):
                assert found.evidence in ("breached", "clear", "unsure", "dark")
