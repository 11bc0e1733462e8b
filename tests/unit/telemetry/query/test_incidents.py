from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.query.filters import Filters
from telemetry.query.incidents import breaker_intervals, fallbacks, timeline
from telemetry.storage.engine import open_engine, open_reader
from tests.operation import INCIDENTS, fill
from tests.traces import START

REAL = Filters(simulated=False)


def at(minutes: float) -> object:
    return START + timedelta(minutes=minutes)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    folder: Path = tmp_path_factory.mktemp("incidents")
    engine = open_engine(f"sqlite:///{folder / 't.db'}")
    fill(engine)
    yield open_reader(f"sqlite:///{folder / 't.db'}")


def test_an_empty_store_has_no_incidents(empty: sa.Engine):
    page = timeline(empty, Filters())
    assert (page.rows, page.next_cursor) == ([], None)
    assert breaker_intervals(empty, Filters()) == fallbacks(empty, Filters()) == []


def test_incidents_come_newest_first_with_what_is_known_of_them(store: sa.Engine):
    rows = timeline(store, REAL).rows
    assert len(rows) == len(INCIDENTS) - 1 and rows == sorted(rows, key=lambda row: row.ts, reverse=True)
    newest = rows[0]
    assert (newest.kind, newest.model, newest.deployment) == ("deployment_readmitted", "Größe", "east")
    assert (newest.subject, newest.severity) == ("Größe at east", "warning")
    subjects = {row.kind: row.subject for row in rows}
    assert subjects["breaker_closed"] == "small"
    assert (subjects["spool_in_use"], subjects["policy_refused"], subjects["gateway_started"]) == (
        "telemetry",
        "policy",
        "gateway",
    )
    (spool,) = (row for row in rows if row.kind == "spool_in_use")
    assert spool.fields == {"waiting": 4, "last_error": "disk full"}


def test_pages_follow_each_other_without_a_gap(store: sa.Engine):
    whole = timeline(store, Filters()).rows
    cursor, found = None, []
    while not found or cursor is not None:
        some = timeline(store, Filters(), cursor=cursor, limit=5)
        cursor = some.next_cursor
        found += some.rows
    assert found == whole


@pytest.mark.parametrize("cursor", ["", "x", "2026-01-01~a", "2026-01-01T00:00:00+00:00~a'b", "~"])
def test_a_cursor_that_is_none_is_refused(store: sa.Engine, cursor: str):
    with pytest.raises(ValueError, match="no cursor of a page of incidents"):
        timeline(store, Filters(), cursor=cursor)


def test_incidents_are_found_by_kind_model_period_and_policy(store: sa.Engine):
    assert {row.kind for row in timeline(store, REAL, kinds=("spool_in_use", "spool_empty")).rows} == {
        "spool_in_use",
        "spool_empty",
    }
    assert len(timeline(store, Filters(models=("Größe",))).rows) == 2
    within = Filters(start=START + timedelta(minutes=30), end=START + timedelta(minutes=40))
    assert [row.kind for row in timeline(store, within).rows] == ["spool_empty", "spool_in_use"]
    assert {row.kind for row in timeline(store, Filters(policy_version="v1")).rows} == {
        "gateway_started",
        "policy_refused",
    }
    assert [row.model for row in timeline(store, Filters(simulated=True)).rows] == ["large"]


def test_a_breaker_is_open_until_its_next_incident(store: sa.Engine):
    of_one = [one for one in breaker_intervals(store, Filters(models=("small",))) if one.process == "one"]
    assert [(one.state, one.start, one.end) for one in of_one] == [
        ("open", at(10), at(11)),
        ("half_open", at(11), at(12)),
        ("open", at(12), at(14)),
    ]
    assert (of_one[0].why, of_one[2].why) == ("3 failures in a row: timeout", "the probe failed: timeout")


def test_what_a_process_left_open_ends_with_it(store: sa.Engine):
    (of_two,) = (one for one in breaker_intervals(store, REAL) if one.process == "two")
    assert (of_two.start, of_two.end) == (at(13), at(60))
    (made_up,) = breaker_intervals(store, Filters(simulated=True))
    assert made_up.end is None and made_up.simulated, "nothing says that it ended"


def test_what_lasts_into_a_period_is_part_of_it_from_its_own_start(store: sa.Engine):
    later = Filters(start=START + timedelta(minutes=60), end=START + timedelta(minutes=90), simulated=False)
    (ejected,) = breaker_intervals(store, later)
    assert (ejected.model, ejected.state, ejected.start, ejected.end) == ("Größe", "ejected", at(20), at(80))
    before = Filters(end=START + timedelta(minutes=70), models=("Größe",))
    (still,) = breaker_intervals(store, before, now=START + timedelta(minutes=32))
    assert still.end is None, "its process lives, and nothing has ended it yet"


def test_fallbacks_are_counted_by_the_model_that_was_asked_first(varied: sa.Engine):
    real = Filters(simulated=False)
    found = {(one.start - START.replace(minute=0), one.model): one for one in fallbacks(varied, real)}
    escalated = found[timedelta(hours=1), "small"]
    assert (escalated.requests, escalated.fell_back, escalated.escalated) == (1, 0, 1)
    retried = found[timedelta(days=1), "small"]
    assert (retried.requests, retried.fell_back) == (1, 1)
    assert {model for _, model in found} == {"small", "large", "calculator"}, "who asked nobody is in no bucket"
    of_large = fallbacks(varied, Filters(simulated=False, models=("large",)), "day")
    assert [(one.model, one.requests, one.fell_back) for one in of_large] == [("large", 1, 1)]
