"""Simulated history goes through the real router and storage, says that it is simulated, and goes again."""

from __future__ import annotations

import contextlib
import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import demo
from app.demo_models import NATURES, Happenings
from app.demo_progress import DIED, SILENT_S, DemoProgress, progress, tell
from app.settings import Settings, shipped
from router_core.clock import ManualClock
from router_core.errors import RoutingError, UpstreamFailure
from router_core.policy.loading import load_policy
from router_core.providers.base import Call
from router_core.providers.scripted import Reply
from router_core.request import RouteRequest
from router_core.router import Router
from telemetry.drift.run import run_drift
from telemetry.drift.tables import DRIFT_METRIC, DRIFT_RUN
from telemetry.query.filters import Filters
from telemetry.query.incidents import breaker_intervals, timeline
from telemetry.query.store import store_state
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine, open_reader, reading
from telemetry.storage.models import BRANCH, POLICY_VERSION, REQUEST
from tests.traces import Routed, emit

END = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _write(folder: Path, seed: int = 7, count: int = 400) -> str:
    url = f"sqlite:///{folder / 'demo.db'}"
    with Telemetry.open(url, home=folder, durability="async") as telemetry:
        summary = demo.write_history(telemetry, weeks=8, count=count, seed=seed, end=END)
    assert summary.requests == count
    return url


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return _write(tmp_path_factory.mktemp("demo"))


def _read(url: str, statement: sa.Select) -> list[sa.Row]:
    with reading(open_reader(url)) as connection:
        return list(connection.execute(statement))


def test_every_row_says_that_it_is_simulated(url: str) -> None:
    state = store_state(open_reader(url))
    assert (state.requests, state.simulated_requests) == (400, 400)
    assert _read(url, sa.select(sa.func.count()).where(~BRANCH.c.simulated)) == [(0,)]


def test_no_row_claims_that_the_router_took_no_time(url: str) -> None:
    assert _read(url, sa.select(REQUEST.c.overhead_ms).distinct()) == [(None,)]
    assert _read(url, sa.select(sa.func.count()).where(REQUEST.c.latency_ms > 0)) > [(300,)]


def test_the_history_ends_now_and_reaches_back_eight_weeks(url: str) -> None:
    state = store_state(open_reader(url))
    assert state.last < END
    assert 49 <= (END - state.first).days <= 56


def test_the_price_change_is_a_policy_version_of_its_own_from_week_four_on(url: str) -> None:
    assert len(_read(url, sa.select(POLICY_VERSION.c.version))) == 2
    first = sa.select(REQUEST.c.policy_version, sa.func.min(REQUEST.c.ts), sa.func.max(REQUEST.c.ts))
    spans = sorted((row[1:] for row in _read(url, first.group_by(REQUEST.c.policy_version))), key=lambda row: row[0])
    assert spans[0][1] < spans[1][0]


def test_personal_data_never_reaches_a_cloud_model(url: str) -> None:
    pii = REQUEST.c.signals.like('%"pii":["%')
    asked = sa.select(BRANCH.c.model).join(REQUEST, REQUEST.c.trace_id == BRANCH.c.trace_id).where(pii)
    models = {row.model for row in _read(url, asked.where(BRANCH.c.kind != "tool"))}
    assert models == {"harbor-8b"}


def test_the_same_seed_tells_the_same_story(url: str, tmp_path: Path) -> None:
    columns = sa.select(REQUEST.c.ts, REQUEST.c.route, REQUEST.c.chosen, REQUEST.c.cost_nano).order_by(REQUEST.c.ts)
    assert _read(_write(tmp_path), columns) == _read(url, columns)


def test_clearing_removes_the_simulated_rows_and_leaves_the_real_ones(tmp_path: Path) -> None:
    url = _write(tmp_path, count=50)
    with Telemetry.open(url, home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed(decision_id="real"))
    assert demo.clear(open_engine(url)) == 50
    state = store_state(open_reader(url))
    assert (state.requests, state.simulated_requests) == (1, 0)


def test_clearing_takes_what_drift_runs_have_left_of_the_demo(tmp_path: Path) -> None:
    url = _write(tmp_path, count=60)
    engine = open_engine(url)
    for _ in range(2):
        run_drift(engine, all_weeks=True)
    assert _read(url, sa.select(sa.func.count()).select_from(DRIFT_METRIC)) > [(0,)]
    assert _read(url, sa.select(sa.func.count()).select_from(DRIFT_RUN)) == [(2,)]
    demo.clear(engine)
    assert _read(url, sa.select(DRIFT_METRIC.c.week)) == []
    assert _read(url, sa.select(DRIFT_RUN.c.run_id)) == []


def test_clearing_leaves_the_drift_runs_that_compared_something_real(tmp_path: Path) -> None:
    url = _write(tmp_path, count=60)
    engine = open_engine(url)
    run_drift(engine, all_weeks=True)
    with Telemetry.open(url, home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed(decision_id="real", at=END))
    both = run_drift(engine, week=date(2026, 11, 23))
    demo.clear(engine)
    assert _read(url, sa.select(DRIFT_RUN.c.run_id)) == [(both.run_id,)]
    assert set(_read(url, sa.select(DRIFT_METRIC.c.simulated))) == {(False,)}


async def _outage(folder: Path) -> str:
    """Six drafts while no model answers, and one when all do again."""
    url = f"sqlite:///{folder / 'demo.db'}"
    clock, loaded = ManualClock(END), load_policy(shipped("policies") / "demo.toml")
    answers = {"all": False}

    def script(call: Call) -> Reply:
        if answers["all"]:
            return Reply(chunks=("It is done.",))
        return Reply.failing(UpstreamFailure(f"{call.model} answered 503 (simulated)"))

    with Telemetry.open(url, home=folder) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        scripts = dict.fromkeys(NATURES, script)
        router = Router.from_policy(loaded, clock=clock, scripts=scripts, tracer=tracer, sink=telemetry.sink)
        told = demo.Told(telemetry)
        for number in range(7):
            answers["all"] = number == 6
            clock.move_to(END + timedelta(minutes=number))
            told.look(router)
            with contextlib.suppress(RoutingError):
                await router.aroute(RouteRequest.from_prompt("Write a poem.", route="draft", simulated=True))
            told.look(router)
    return url


async def test_breakers_that_open_in_the_story_are_incidents_of_its_time(tmp_path: Path) -> None:
    url = await _outage(tmp_path)
    large = Filters(models=("meridian-pro",))
    kinds = [row.kind for row in reversed(timeline(open_reader(url), large).rows)]
    assert kinds[:2] == ["breaker_opened", "breaker_half_open"]
    assert kinds[-1] == "breaker_closed"
    first = breaker_intervals(open_reader(url), large)[0]
    assert first.state == "open" and first.simulated and "failures in a row" in first.why
    assert END <= first.start < END + timedelta(minutes=7)
    demo.clear(open_engine(url))
    assert timeline(open_reader(url), Filters()).rows == []


def test_the_large_model_hardly_answers_in_the_worst_hour_of_its_incident() -> None:
    happenings = Happenings.in_weeks_from(datetime(2026, 9, 28, tzinfo=UTC))
    begin = happenings.incident_from
    chances = [happenings.failing(begin + timedelta(minutes=minutes)) for minutes in (-1, 0, 59, 60, 119, 120, 240)]
    assert chances == [None, 0.3, 0.3, 0.95, 0.95, 0.3, None]


def test_progress_is_readable_from_another_process_and_absent_at_first(tmp_path: Path) -> None:
    settings = Settings.read(environ={"ROUTESCOPE_HOME": str(tmp_path)})
    assert progress(settings) is None
    tell(settings, DemoProgress(50, 200, "writing"))
    assert progress(settings).share == 0.25
    assert progress(settings).running


def test_a_demo_that_has_been_silent_for_long_has_failed(tmp_path: Path) -> None:
    settings = Settings.read(environ={"ROUTESCOPE_HOME": str(tmp_path)})
    tell(settings, DemoProgress(50, 200, "writing"))
    long_ago = time.time() - SILENT_S - 1
    os.utime(settings.run / "demo.json", (long_ago, long_ago))
    assert (progress(settings).stage, progress(settings).running) == ("failed", False)
    assert "run `routescope demo` in a terminal" in progress(settings).error
    tell(settings, DemoProgress(200, 200, "finished"))
    os.utime(settings.run / "demo.json", (long_ago, long_ago))
    assert progress(settings).stage == "finished"


def test_a_demo_child_that_is_killed_is_known_to_have_failed_at_once(tmp_path: Path) -> None:
    settings = Settings.read(environ={"ROUTESCOPE_HOME": str(tmp_path)})
    child = demo.start_in_background(settings, count=5000)
    assert progress(settings).running
    child.kill()
    end = time.monotonic() + 60
    while progress(settings).running and time.monotonic() < end:
        time.sleep(0.05)
    assert (progress(settings).stage, progress(settings).error) == ("failed", DIED)
