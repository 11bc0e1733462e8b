"""Evaluations leave rows: states, history, messages; and whoever evaluates next goes on from there."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.alerts import outbox
from telemetry.alerts.builtin import BUILTIN
from telemetry.alerts.erasure import forget_simulated
from telemetry.alerts.measure import Outside
from telemetry.alerts.round import FORGOTTEN, Channel, evaluate
from telemetry.alerts.rule import Rule
from telemetry.alerts.silences import silence, unsilence
from telemetry.alerts.tables import ALERTS
from telemetry.erasure import Tenant
from telemetry.log import EVENT_FIELDS, EVENT_NAME
from telemetry.query.alerts import alerts, deliveries, history, readings, rules, silences
from telemetry.retention import prune, prune_samples
from telemetry.storage.engine import open_engine, writing
from tests.alerting import MINUTE, NOW, failures, rounds, some, store

TEAM = (Channel("team"),)
RULE = failures(lasting=2 * MINUTE, channels=("team",))


def states(engine: sa.Engine) -> dict[str, str]:
    return {one.subject or one.rule.name: one.state for one in alerts(engine, now=NOW)}


def kinds(engine: sa.Engine) -> list[str]:
    return [one.kind for one in reversed(history(engine).rows)]


def waiting(engine: sa.Engine) -> list[tuple[str, str]]:
    return [(one.kind, one.channel) for one in reversed(deliveries(engine))]


@pytest.fixture
def failing(tmp_path: Path) -> sa.Engine:
    """Two thirds of the requests of the last minutes have failed."""
    return store(tmp_path, some(60, failed=40))


def test_an_alert_fires_after_its_time_and_its_channels_are_told_once(failing: sa.Engine):
    done = rounds(failing, [RULE], 5, channels=TEAM)
    assert [bool(one.fired) for one in done] == [False, False, True, False, False]
    assert states(failing) == {"failures": "firing"} and kinds(failing) == ["fired"]
    assert waiting(failing) == [("fired", "team")]
    (event,) = history(failing).rows
    assert (event.value, event.n, event.threshold, event.unit) == (pytest.approx(2 / 3), 60, 0.05, "share")


def test_it_resolves_when_the_failures_have_left_the_window_and_others_came(tmp_path: Path):
    engine = store(tmp_path, [*some(60, failed=40), *some(60, at=NOW + 70 * MINUTE, name="good")])
    rounds(engine, [RULE], 4, channels=TEAM)
    rounds(engine, [RULE], 6, start=NOW + 75 * MINUTE, channels=TEAM)
    assert states(engine) == {"failures": "resolved"} and kinds(engine) == ["fired", "resolved"]
    assert waiting(engine) == [("fired", "team"), ("resolved", "team")]
    resolved = history(engine).rows[0]
    assert resolved.started == NOW + 2 * MINUTE


def test_with_nothing_to_count_it_goes_on_firing_and_says_since_when_it_is_dark(failing: sa.Engine):
    rounds(failing, [RULE], 4)
    rounds(failing, [RULE], 20, start=NOW + timedelta(hours=5))
    (found,) = alerts(failing)
    assert (found.state, found.evidence, found.dark_since) == ("firing", "dark", NOW + timedelta(hours=5))
    assert found.note == "n = 0, 10 are needed"


def test_another_process_goes_on_where_the_last_one_stopped(failing: sa.Engine):
    for minute in range(4):
        engine = open_engine(str(failing.url))
        evaluate(engine, [RULE], now=NOW + minute * MINUTE, channels=TEAM)
        engine.dispose()
    assert kinds(failing) == ["fired"] and waiting(failing) == [("fired", "team")]


def test_a_worker_that_was_overtaken_changes_nothing(failing: sa.Engine):
    rounds(failing, [RULE], 4, channels=TEAM)
    before = alerts(failing), history(failing), deliveries(failing)
    evaluate(failing, [RULE], now=NOW + MINUTE, channels=TEAM)
    after = alerts(failing), history(failing), deliveries(failing)
    assert [one.state for one in after[0]] == [one.state for one in before[0]] and after[1:] == before[1:]


def test_a_silence_keeps_messages_back_and_at_its_end_they_are_sent(failing: sa.Engine):
    evaluate(failing, [RULE], now=NOW - MINUTE, channels=TEAM)
    made = silence(failing, "failures", None, until=NOW + 10 * MINUTE, author="me", why="known", now=NOW)
    assert made is not None
    rounds(failing, [RULE], 6, channels=TEAM)
    assert states(failing) == {"failures": "firing"} and waiting(failing) == []
    (found,) = alerts(failing, now=NOW + 5 * MINUTE)
    assert found.silence == made
    rounds(failing, [RULE], 2, start=NOW + 11 * MINUTE, channels=TEAM)
    assert waiting(failing) == [("fired", "team")]
    assert kinds(failing) == ["silenced", "fired"]


def test_a_silence_can_be_taken_back_and_names_who_did_what(failing: sa.Engine):
    evaluate(failing, [RULE], now=NOW - MINUTE)
    made = silence(failing, "failures", "", until=NOW + 10 * MINUTE, author="me", why="known", now=NOW)
    assert made is not None and [one.why for one in silences(failing, now=NOW + MINUTE)] == ["known"]
    assert unsilence(failing, made.silence_id, author="you", now=NOW + 2 * MINUTE)
    assert not unsilence(failing, made.silence_id, author="you", now=NOW + 3 * MINUTE)
    assert silences(failing, now=NOW + 3 * MINUTE) == []
    assert [(one.kind, one.author) for one in history(failing).rows] == [("unsilenced", "you"), ("silenced", "me")]


def test_a_silence_has_an_end_and_a_rule_that_is_there(failing: sa.Engine):
    assert silence(failing, "failures", None, until=NOW, author="me", why="", now=NOW) is None
    evaluate(failing, [RULE], now=NOW)
    made = silence(failing, "failures", None, until=NOW + timedelta(days=4_000), author="me", why="", now=NOW)
    assert made is not None and made.until == NOW + timedelta(days=30)


def test_nobody_is_told_of_simulated_traffic_and_clearing_it_clears_its_alerts(tmp_path: Path):
    engine = store(tmp_path, some(60, failed=40, simulated=True))
    rounds(engine, [RULE], 4, channels=TEAM)
    found = {one.simulated: one.state for one in alerts(engine)}
    assert found == {False: "ok", True: "firing"} and waiting(engine) == []
    with writing(engine) as connection:
        assert forget_simulated(connection) > 0
    assert [one.simulated for one in alerts(engine)] == [False] and history(engine).rows == []


def test_channels_take_only_what_is_grave_enough_and_those_that_a_rule_names(failing: sa.Engine):
    channels = (Channel("all"), Channel("grave", "error"), Channel("other"))
    own = replace(RULE, channels=("all", "grave", "gone"), lasting=timedelta(0))
    evaluate(failing, [own, replace(own, name="worse", severity="error")], now=NOW, channels=channels)
    told = {(one.rule, one.channel) for one in deliveries(failing)}
    assert told == {("failures", "all"), ("worse", "all"), ("worse", "grave")}


def test_an_alert_whose_rule_is_gone_is_withdrawn_and_that_is_told(failing: sa.Engine):
    rounds(failing, [RULE], 4, channels=TEAM)
    evaluate(failing, [], now=NOW + 10 * MINUTE, channels=TEAM)
    assert alerts(failing) == [] and rules(failing) == []
    assert kinds(failing) == ["fired", "withdrawn"] and waiting(failing)[-1] == ("withdrawn", "team")


def test_a_rule_that_looks_at_each_tenant_from_now_on_begins_anew(failing: sa.Engine):
    rounds(failing, [RULE], 4)
    rounds(failing, [replace(RULE, per="tenant")], 2, start=NOW + 10 * MINUTE)
    assert states(failing) == {"default": "pending"} and "withdrawn" in kinds(failing)


def test_a_rule_that_cannot_be_measured_says_why_and_the_others_go_on(failing: sa.Engine):
    budget = Rule("b", "budget_use", "above", 0.8)
    done = evaluate(failing, [budget, RULE], now=NOW, outside=Outside(why="no gateway yet"))
    assert done.faults == {"b": "no gateway yet"} and states(failing) == {"failures": "pending"}
    assert [one.fault for one in rules(failing)] == ["no gateway yet", None]


def test_a_tenant_that_is_quiet_for_long_is_left_out(tmp_path: Path):
    engine = store(tmp_path, some(60, tenant="acme"))
    rule = failures(per="tenant")
    rounds(engine, [rule], 2)
    for days in (1, 2):
        evaluate(engine, [rule], now=NOW + days * timedelta(days=1))
    assert states(engine) == {"acme": "ok"}
    evaluate(engine, [rule], now=NOW + timedelta(days=1) + FORGOTTEN + MINUTE)
    assert states(engine) == {}


def test_erasing_a_tenant_erases_its_alerts(tmp_path: Path):
    engine = store(tmp_path, [*some(60, failed=40, tenant="acme"), *some(60, failed=40, name="o")])
    rounds(engine, [replace(RULE, per="tenant", lasting=timedelta(0))], 2, channels=TEAM)
    assert Tenant("acme").count(engine)["alerts"] == 2
    assert Tenant("acme").delete(engine)["alerts"] > 2
    assert states(engine) == {"default": "firing"} and len(deliveries(engine)) == 1
    with engine.connect() as connection:
        for table in ALERTS:
            assert "acme" not in repr(connection.execute(sa.select(table)).all())


def test_old_readings_and_old_events_are_pruned(failing: sa.Engine):
    rounds(failing, [RULE], 4, channels=TEAM)
    assert readings(failing)
    prune_samples(failing, now=NOW + timedelta(days=40))
    assert readings(failing) == {}
    prune(failing, keep_days=30, keep_content_days=None, now=NOW + timedelta(days=40))
    assert history(failing).rows == [] and deliveries(failing) == []
    assert outbox.claim(failing, "team", NOW + timedelta(hours=1)) is None


def test_one_reading_is_kept_of_each_quarter_of_an_hour(failing: sa.Engine):
    rounds(failing, [RULE], 20)
    (points,) = readings(failing).values()
    assert [one.ts for one in points] == [NOW + 14 * MINUTE, NOW + 19 * MINUTE]


def test_the_log_has_a_line_with_fields_and_none_of_simulated_alerts(
    failing: sa.Engine, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO, "routescope.alert"):
        rounds(failing, [replace(RULE, severity="error")], 4)
    (line,) = caplog.records
    assert line.levelno == logging.ERROR and getattr(line, EVENT_NAME) == "alert_fired"
    assert getattr(line, EVENT_FIELDS)["rule"] == "failures"


def test_the_built_in_rules_are_quiet_over_an_empty_store_and_over_a_healthy_one(tmp_path: Path):
    engine = store(tmp_path)
    assert rounds(engine, BUILTIN, 2)[-1].fired == []
    healthy = store(tmp_path / "healthy", some(200))
    assert rounds(healthy, BUILTIN, 2)[-1].fired == []
    assert {one.state for one in alerts(healthy)} == {"ok"}


def test_the_built_in_rules_notice_that_most_requests_fail(failing: sa.Engine):
    done = rounds(failing, BUILTIN, 8)
    assert {"requests fail", "a model fails"} <= {one.rule.name for one in alerts(failing) if one.state == "firing"}
    assert any("requests fail" in sentence for one in done for sentence in one.fired)
