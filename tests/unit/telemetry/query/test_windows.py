"""Decisions that lie far apart are looked for where they are, and every one is found."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry.query import windows as module
from telemetry.query.decisions import page
from telemetry.query.filters import Filters
from telemetry.query.neighbours import neighbours
from telemetry.query.windows import places, windows
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_reader, reading
from tests.traces import START, Attempt, Routed, emit

DAYS = 12
SELDOM = Filters(tenants=("seldom",))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> sa.Engine:
    """Every day five decisions of everybody; on each fourth day one of a tenant that seldom asks."""
    folder = tmp_path_factory.mktemp("windows")
    url = f"sqlite:///{folder / 't.db'}"
    failed = (Attempt(outcome="failed"),)
    with Telemetry.open(url, home=folder, durability="async") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for day in range(DAYS):
            at = START + timedelta(days=day)
            for number in range(5):
                emit(tracer, Routed(f"often-{day}-{number}", at=at + timedelta(hours=number)))
            if day % 4 == 0:
                status = "failed" if day == 8 else "ok"
                attempts = failed if day == 8 else (Attempt(),)
                emit(
                    tracer,
                    Routed(
                        f"seldom-{day}",
                        at=at + timedelta(hours=9),
                        tenant="seldom",
                        status=status,
                        attempts=attempts,
                        prompt="a rare word",
                    ),
                )
    return open_reader(url)


def found(engine: sa.Engine, filters: Filters, **more: Any) -> list[module.Window]:
    with reading(engine) as connection:
        return list(windows(places(connection, filters), **more))


def listed(engine: sa.Engine, filters: Filters, **more: Any) -> list[str]:
    """The decisions of all pages."""
    ids: list[str] = []
    cursor = None
    while True:
        some = page(engine, filters, cursor=cursor, **more)
        ids += [row.decision_id for row in some.rows]
        cursor = some.next_cursor
        if cursor is None:
            return ids


def test_a_window_is_led_to_by_the_rarest_name(engine: sa.Engine):
    (one,) = found(engine, Filters(tenants=("seldom",), routes=("chat",)), wanted=50)
    assert one.by == "tenant"
    assert (one.start.day, one.end.day) == (START.day, START.day + 9)
    assert one.last


def test_a_filter_that_nothing_passes_has_no_window(engine: sa.Engine):
    assert found(engine, Filters(tenants=("seldom",), statuses=("denied",)), wanted=1) == []
    assert found(engine, Filters(purposes=("canary",)), wanted=1) == []


def test_what_is_frequent_is_found_on_the_last_days(engine: sa.Engine):
    first, *_ = found(engine, Filters(), wanted=4)
    assert (first.start.day, first.by, first.last) == (START.day + DAYS - 2, None, False)


def test_a_window_stops_where_an_index_would_lead_to_too_many_others(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "LOOK", 12)
    rare = Filters(risks=("low",), statuses=("failed", "denied"), tenants=("seldom", "default"))
    assert [one.start.day for one in found(engine, rare, wanted=5)] == [START.day + 8]
    seldom = found(engine, SELDOM, wanted=2)
    assert [one.start.day for one in seldom] == [START.day + 0]
    monkeypatch.setattr(module, "LOOK", 0)
    assert [one.start.day for one in found(engine, SELDOM, wanted=2)] == [START.day + day for day in (8, 4, 0)]


@pytest.mark.parametrize("look", [0, 7, 1_000])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_all_pages_together_have_every_decision_once(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, look: int, limit: int
):
    monkeypatch.setattr(module, "LOOK", look)
    assert listed(engine, SELDOM, limit=limit) == ["seldom-8", "seldom-4", "seldom-0"]
    assert len(set(listed(engine, Filters(), limit=limit))) == 5 * DAYS + 3
    assert listed(engine, SELDOM, limit=limit, path="fell_back") == ["seldom-8"]


@pytest.mark.parametrize("look", [0, 1_000])
def test_neighbours_are_found_however_far_away(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, look: int):
    monkeypatch.setattr(module, "LOOK", look)
    beside = neighbours(engine, SELDOM, "often-6-0")
    assert (beside.newer, beside.older) == ("seldom-8", "seldom-4")
    beside = neighbours(engine, SELDOM, "seldom-0")
    assert (beside.newer, beside.older) == ("seldom-4", None)


def test_a_filter_that_only_the_finest_rollups_know_is_asked_of_the_rows(engine: sa.Engine):
    exact = Filters(tenants=("seldom",), routes=("chat",), models=("small",), policy_version="v1", risks=("low",))
    assert listed(engine, exact) == ["seldom-4", "seldom-0"]


def test_a_period_that_ends_within_a_day_is_kept_to(engine: sa.Engine):
    period = Filters(start=START + timedelta(hours=1), end=START + timedelta(days=1, hours=2))
    assert listed(engine, period, limit=2) == [
        *("often-1-1", "often-1-0", "seldom-0", "often-0-4", "often-0-3", "often-0-2", "often-0-1")
    ]
