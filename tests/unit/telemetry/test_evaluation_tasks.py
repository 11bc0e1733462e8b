"""The list of what is to be judged: filled once, worked off in the order of chance, and its own record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from router_core import semconv
from telemetry.erasure import Trace, erase
from telemetry.evaluation_sample import SamplePlan
from telemetry.evaluation_tasks import (
    ATTEMPTS,
    LONGEST_WAIT,
    end,
    give_up,
    let_wait,
    pick_tasks,
    put_off,
    spent_today,
    waiting,
)
from telemetry.query.evaluation_work import obstacles, work
from telemetry.query.filters import Filters
from telemetry.setup import Telemetry
from telemetry.spooled import spool_folder
from telemetry.storage.evaluation import EVALUATION_TASK
from tests.evaluations import Waits
from tests.traces import Attempt, Routed, emit

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
PLAN = SamplePlan("chat", ("good",), 1.0, escalated=True, low_score=None, at_least=0, per_day=9, nano_per_day=9)
PLANS = {"chat": PLAN}


@pytest.fixture
def telemetry(tmp_path: Path) -> Iterator[Telemetry]:
    with Telemetry.open(f"sqlite:///{tmp_path / 't.db'}", home=tmp_path) as opened:
        yield opened


def store(telemetry: Telemetry, *routed: Routed) -> sa.Engine:
    for one in routed:
        emit(telemetry.tracer_provider.get_tracer("test"), one)
    assert telemetry.sink.force_flush(20_000)
    return telemetry.engine


def asked(name: str, hours_ago: float = 1, **fields: object) -> Routed:
    return Routed(name, at=NOW - timedelta(hours=hours_ago), **fields)  # type: ignore[arg-type]


def names(engine: sa.Engine) -> list[str]:
    return sorted(task.decision_id for task in waiting(engine, "judge", "chat", None, 100))


def insert(engine: sa.Engine, *rows: Waits) -> None:
    with engine.begin() as connection:
        connection.execute(sa.insert(EVALUATION_TASK), [row.row() for row in rows])


def test_only_answered_requests_of_users_are_picked_and_each_once(telemetry: Telemetry) -> None:
    engine = store(
        telemetry,
        asked("mine"),
        asked("simulated", simulated=True),
        asked("played", purpose="playground"),
        asked("failed", status="failed", attempts=(Attempt(outcome="failed"),)),
        asked("elsewhere", route="draft"),
        asked("told", extra={semconv.SOURCE: "otlp"}),
    )
    assert pick_tasks(engine, PLANS, now=NOW) == 1
    assert names(engine) == ["mine"]
    assert pick_tasks(engine, PLANS, now=NOW) == 0


def test_the_first_time_it_begins_at_midnight_and_later_where_it_ended(telemetry: Telemetry) -> None:
    engine = store(telemetry, asked("today"), asked("yesterday", 20))
    pick_tasks(engine, PLANS, now=NOW)
    assert names(engine) == ["today"]
    # One that was on a spool for half an hour is seen, one that was there for a day is not.
    store(telemetry, asked("late", 0.5), asked("too late", 22), asked("new", -1))
    assert pick_tasks(engine, PLANS, now=NOW + timedelta(hours=2)) == 2
    assert pick_tasks(engine, PLANS, now=NOW + timedelta(hours=2), since=NOW - timedelta(days=2)) == 2
    assert names(engine) == ["late", "new", "today", "too late", "yesterday"]


def test_chance_comes_first_then_the_order_of_places(telemetry: Telemetry) -> None:
    insert(
        telemetry.engine,
        Waits("b", place=0.2),
        Waits("c", place=0.1, sampled=False),
        Waits("a", place=0.3),
        Waits("done", state="done", place=0.0),
    )
    assert [task.decision_id for task in waiting(telemetry.engine, "judge", "chat", "helpful", 9)] == ["b", "a", "c"]
    assert len(waiting(telemetry.engine, "judge", "chat", "helpful", 2)) == 2


def test_what_was_spent_counts_from_midnight(telemetry: Telemetry) -> None:
    engine = telemetry.engine
    insert(engine, Waits("a"), Waits("b"), Waits("c"))
    first, second, third = waiting(engine, "judge", "chat", None, 9)
    end(engine, first, "done", now=NOW - timedelta(days=1), nano=5)
    end(engine, second, "done", now=NOW, nano=7)
    end(engine, third, "left out", now=NOW, why="nothing kept")
    spent = spent_today(engine, "judge", "chat", "helpful", NOW)
    assert (spent.done, spent.nano) == (1, 7)


def test_after_some_attempts_a_task_has_failed(telemetry: Telemetry) -> None:
    insert(telemetry.engine, Waits("a"))
    for _ in range(ATTEMPTS):
        [task] = waiting(telemetry.engine, "judge", "chat", None, 9)
        put_off(telemetry.engine, task, now=NOW, why="the judge is away")
    assert waiting(telemetry.engine, "judge", "chat", None, 9) == []
    [told] = obstacles(telemetry.engine)
    assert (told.state, told.why, told.newest) == ("failed", "the judge is away", "a")


def test_what_waited_too_long_is_left_out_with_the_reason_it_had(telemetry: Telemetry) -> None:
    engine = telemetry.engine
    old = NOW - LONGEST_WAIT - timedelta(minutes=1)
    insert(engine, Waits("a", picked=old), Waits("b", picked=old), Waits("c", picked=NOW))
    [first, *_] = waiting(engine, "judge", "chat", None, 9)
    let_wait(engine, [first], "no money")
    assert give_up(engine, NOW) == 2
    assert {(one.state, one.why) for one in obstacles(engine)} == {
        ("left out", "no money"),
        ("left out", "nobody came to it in time"),
    }
    assert [one.states for one in work(engine, Filters(routes=("chat",)))] == [{"left out": 2, "waiting": 1}]
    assert work(engine, Filters(routes=("draft",))) == []


def test_tasks_go_with_their_decision_and_so_do_those_who_saw_its_prompt(telemetry: Telemetry, tmp_path: Path) -> None:
    parent = {semconv.PARENT_DECISION_ID: "a"}
    engine = store(
        telemetry,
        asked("a", prompt="secret"),
        asked("shadow", purpose="shadow", prompt="secret", extra=parent),
        asked("judge", purpose="judge", prompt="secret", extra={semconv.PARENT_DECISION_ID: "shadow"}),
        asked("other", prompt="public"),
    )
    pick_tasks(engine, PLANS, now=NOW)
    removed = erase(engine, spool_folder(tmp_path), Trace("a")).removed
    assert (removed["request"], removed["evaluation_task"]) == (3, 1)
    assert names(engine) == ["other"]
