from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.incidents import Standing, incidents
from router_core.policy.schema.models import ONLY_PLACE
from router_core.resilience.health import DeploymentHealth
from telemetry.health import Health
from telemetry.log import EVENT_FIELDS, EVENT_NAME

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CLOSED = DeploymentHealth("small", ONLY_PLACE, "closed", NOON, "", None, 10, 0, None)
OPEN = replace(CLOSED, state="open", since=NOON + timedelta(seconds=5), why="3 failures in a row: rate_limited")
WELL = Health(0, 10, 0, 0, 0, 0, 0, 0.0, None)
FULL = "the database refused (disk is full)"


def names(before: Standing, after: Standing) -> list[str]:
    return [incident.name for incident in incidents(before, after)]


def upstreams(before: DeploymentHealth, after: DeploymentHealth) -> list[str]:
    return names(Standing((before,), WELL), Standing((after,), WELL))


def kept(before: Health, after: Health) -> list[str]:
    return names(Standing((), before), Standing((), after))


def test_nothing_happens_while_all_stands_as_it_stood():
    assert upstreams(CLOSED, CLOSED) == []
    assert upstreams(OPEN, OPEN) == []
    assert kept(WELL, replace(WELL, committed=20, queued=3)) == []


def test_a_breaker_opens_and_closes_once_each():
    assert upstreams(CLOSED, OPEN) == ["breaker_opened"]
    half_open = replace(OPEN, state="half_open", since=NOON + timedelta(seconds=9))
    assert upstreams(OPEN, half_open) == ["breaker_half_open"]
    assert upstreams(half_open, half_open) == []
    assert upstreams(half_open, CLOSED) == ["breaker_closed"]


def test_a_breaker_whose_open_time_was_over_by_the_second_look_is_told_of():
    half_open = replace(OPEN, state="half_open", since=NOON + timedelta(seconds=9))
    assert upstreams(CLOSED, half_open) == ["breaker_opened", "breaker_half_open"]


def test_a_breaker_whose_probe_failed_opens_anew():
    assert upstreams(OPEN, replace(OPEN, since=NOON + timedelta(seconds=20))) == ["breaker_opened"]


def test_what_another_process_has_seen_of_a_breaker_is_told_by_that_one_alone():
    heard = replace(OPEN, heard=True)
    half_open = replace(heard, state="half_open", since=NOON + timedelta(seconds=9))
    closed = replace(CLOSED, heard=True)
    assert upstreams(CLOSED, heard) == upstreams(heard, half_open) == upstreams(half_open, closed) == []
    assert upstreams(replace(OPEN, state="half_open"), closed) == []
    assert upstreams(replace(closed, state="ejected", why="slow"), closed) == ["deployment_readmitted"]


def test_a_moment_that_is_computed_twice_is_still_one_moment():
    assert upstreams(OPEN, replace(OPEN, since=OPEN.since + timedelta(microseconds=40))) == []


def test_an_outlier_is_ejected_and_comes_back():
    ejected = replace(CLOSED, state="ejected", why="slow")
    assert upstreams(CLOSED, ejected) == ["deployment_ejected"]
    assert upstreams(ejected, CLOSED) == ["deployment_readmitted"]


def test_a_model_of_a_new_policy_is_no_incident():
    assert names(Standing((), WELL), Standing((CLOSED,), WELL)) == []


def test_the_spool_is_taken_into_use_and_is_empty_again():
    spooling = replace(WELL, spooled=4, spool_waiting=4, last_error=FULL)
    assert kept(WELL, spooling) == ["spool_in_use"]
    assert kept(spooling, replace(spooling, spooled=9, spool_waiting=9)) == []
    assert kept(spooling, replace(WELL, spooled=4)) == ["spool_empty"]


def test_a_spool_that_was_used_between_two_looks_is_not_overlooked():
    assert kept(WELL, replace(WELL, spooled=2)) == ["spool_in_use", "spool_empty"]


def test_what_could_be_kept_nowhere_is_an_error_with_its_number(caplog: pytest.LogCaptureFixture):
    lost = replace(WELL, not_durable=3, last_error=FULL)
    for incident in incidents(Standing((), WELL), Standing((), lost)):
        incident.tell()
    (record,) = caplog.records
    assert (getattr(record, EVENT_NAME), record.levelno) == ("not_durable", logging.ERROR)
    assert getattr(record, EVENT_FIELDS) == {"traces": 3, "last_error": FULL}
    assert record.getMessage() == f"3 decisions could be kept nowhere: {FULL}"


def test_rows_that_fit_no_database_are_told():
    assert kept(WELL, replace(WELL, refused=1)) == ["rows_refused"]


def test_a_breaker_that_opened_says_why(caplog: pytest.LogCaptureFixture):
    for incident in incidents(Standing((CLOSED,), WELL), Standing((OPEN,), WELL)):
        incident.tell()
    (record,) = caplog.records
    assert record.getMessage() == "the breaker of small opened: 3 failures in a row: rate_limited"
    assert getattr(record, EVENT_FIELDS)["why"] == OPEN.why


def test_one_of_several_deployments_is_named():
    (incident,) = incidents(
        Standing((replace(CLOSED, deployment="east"),), WELL), Standing((replace(OPEN, deployment="east"),), WELL)
    )
    assert incident.sentence.startswith("the breaker of small at east opened: ")
