from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.query.pipeline import MOST_POINTS, jobs, processes, series, store_health
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine, open_reader
from telemetry.storage.inventory import note_sizes
from telemetry.storage.migrations import TABLES, known_version
from telemetry.storage.operation import SAMPLE_DAYS
from tests.operation import fill
from tests.traces import START, Routed, emit

NOW = START + timedelta(minutes=32)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    folder: Path = tmp_path_factory.mktemp("pipeline")
    engine = open_engine(f"sqlite:///{folder / 't.db'}")
    fill(engine)
    yield open_reader(f"sqlite:///{folder / 't.db'}")


def test_an_empty_store_says_so(empty: sa.Engine):
    assert processes(empty) == series(empty, START, NOW) == []
    state = jobs(empty)
    assert (state.holder, state.held, state.jobs) == (None, False, [])
    health = store_health(empty)
    assert (health.tables, health.measured, health.first, health.rows_since) == ([], None, None, None)
    assert (health.kept.days, health.kept.sample_days, health.kept.policy_version) == (None, SAMPLE_DAYS, None)


def test_a_process_is_as_its_last_sample_says(store: sa.Engine):
    two, one = processes(store, since=START, now=NOW)
    assert (one.process, one.state, one.last_seen) == ("one", "running", START + timedelta(minutes=31))
    assert (one.written, one.spooled, one.queue_high, one.spool_waiting) == (400, 4, 40, 0)
    assert one.lag_p95_ms == 51.0, "of the last sample in which there was one"
    assert (two.process, two.state) == ("two", "ended")
    assert (two.not_durable, two.abandoned, two.dropped, two.lag_p95_ms) == (2, 1, 3, 4.5)


def test_a_process_that_went_without_a_word_is_silent(store: sa.Engine):
    assert [one.state for one in processes(store, since=START, now=NOW + HOUR)] == ["ended", "silent"]
    assert processes(store, now=NOW + timedelta(days=2)) == [], "who was last seen long ago is no process of today"


def test_samples_of_all_processes_add_up_by_the_minute(store: sa.Engine):
    points = series(store, START, START + HOUR)
    assert [(point.start - START) // timedelta(minutes=1) for point in points] == [1, 2, 3, 4, 30, 31]
    second = points[1]
    assert (second.written, second.not_durable, second.dropped, second.lag_p95_ms) == (200, 2, 3, 4.5)
    spooling = points[4]
    assert (spooling.spooled, spooling.spool_waiting, spooling.spool_bytes) == (4, 4, 9_000)
    assert points[5].lag_p95_ms is None


def test_a_long_period_has_no_more_points_than_a_short_one(store: sa.Engine):
    points = series(store, START - timedelta(days=90), START + timedelta(days=1))
    assert len(points) < 3 < MOST_POINTS
    assert sum(point.written for point in points) == 500
    assert max(point.queue_high for point in points) == 40


def test_who_asks_from_the_middle_of_an_hour_gets_what_came_after_it(store: sa.Engine):
    two, one = processes(store, since=START + timedelta(minutes=4), now=NOW)
    assert (one.process, one.written, one.spooled, one.queue_high) == ("one", 100, 4, 40)
    assert (two.process, two.written, two.not_durable, two.last_seen) == ("two", 0, 0, START + HOUR)


def test_a_week_is_told_by_whole_hours(store: sa.Engine):
    nine, ten = series(store, START - timedelta(days=7), START + timedelta(minutes=31))
    assert (nine.start, ten.start) == (START - HOUR / 2, START + HOUR / 2)
    assert (nine.written, nine.not_durable, nine.spool_waiting, nine.lag_max_ms) == (500, 2, 0, 9.25)
    assert (ten.spooled, ten.spool_waiting, ten.queue_high, ten.lag_p95_ms) == (4, 4, 40, 51.0)


def test_jobs_are_told_by_their_last_run(store: sa.Engine):
    state = jobs(store, now=START + 2 * HOUR)
    assert (state.holder, state.held) == ("h:1", True)
    drift, retention = state.jobs
    assert (drift.job, drift.outcome, drift.error) == ("drift", "failed", "OSError: no room")
    assert (drift.started, drift.last_done) == (START + 2 * HOUR, START + HOUR)
    assert (retention.outcome, retention.last_done) == ("done", START)
    assert not jobs(store, now=START + 4 * HOUR).held


def test_what_the_jobs_worker_measured_is_shown(store: sa.Engine):
    health = store_health(store)
    assert [(table.name, table.rows, table.bytes) for table in health.tables] == [
        ("branch", 9, 900),
        ("request", 5, 500),
    ]
    assert health.measured == START
    assert health.bytes > 0
    assert health.schema_version == health.newest_schema_version == known_version()


def test_measuring_counts_every_table_and_what_it_takes(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path, content="full") as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1", prompt="a question"))
    note_sizes(open_engine(url), now=NOW)
    health = store_health(open_reader(url))
    tables = {table.name: table for table in health.tables}
    assert set(tables) == {table.name for table in TABLES}
    assert (tables["request"].rows, tables["branch"].rows, tables["incident"].rows) == (1, 1, 0)
    assert all(table.bytes for table in health.tables)
    assert sum(table.bytes or 0 for table in health.tables) <= health.bytes
    assert tables["content"].bytes > tables["span"].bytes, "its full-text index is part of it"  # type: ignore[operator]


def test_how_long_rows_are_kept_is_read_from_the_policy_in_force(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path) as telemetry:
        telemetry.record_policy_version("v1", "p", "[telemetry]\nkeep_days = 90\nkeep_content_days = 7", "me", at=START)
        telemetry.record_policy_version("v2", "p", "name = 'p'", "me", at=START + HOUR)
    engine = open_engine(url)
    kept = store_health(engine).kept
    assert (kept.days, kept.policy_version) == (None, "v2"), "the one that was recorded last"
    fill(engine)
    kept = store_health(engine).kept
    assert (kept.days, kept.content_days, kept.policy_version) == (90, 7, "v1"), "the one that a gateway began with"
