"""One worker at a time, and no job can stop the others."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from app.jobs.scheduler import LEASE_LASTS, Worker
from telemetry.query.pipeline import jobs
from telemetry.storage.engine import open_engine

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def _worker(engine: sa.Engine, holder: str, done: list[str]) -> Worker:
    return Worker(engine, {"note": (lambda _: done.append(holder), timedelta(hours=1))}, holder=holder)


def test_a_second_worker_waits_until_the_first_ones_lease_runs_out(tmp_path: Path) -> None:
    engine, done = open_engine(f"sqlite:///{tmp_path / 'a.db'}"), []
    first, second = _worker(engine, "first", done), _worker(engine, "second", done)
    assert first.tend(NOW)
    assert not second.tend(NOW + timedelta(seconds=30))
    assert done == ["first"]
    assert second.tend(NOW + LEASE_LASTS)
    assert done == ["first", "second"]
    assert not first.tend(NOW + LEASE_LASTS + timedelta(seconds=1))


def test_a_worker_that_stops_gives_its_lease_back(tmp_path: Path) -> None:
    engine, done = open_engine(f"sqlite:///{tmp_path / 'a.db'}"), []
    first, second = _worker(engine, "first", done), _worker(engine, "second", done)
    first.tend(NOW)
    first.stop()
    assert second.tend(NOW)


def test_renewing_the_lease_does_not_run_the_jobs_again(tmp_path: Path) -> None:
    engine, done = open_engine(f"sqlite:///{tmp_path / 'a.db'}"), []
    worker = _worker(engine, "only", done)
    worker.tend(NOW)
    worker.tend(NOW + timedelta(seconds=20))
    assert done == ["only"]


def test_a_worker_without_the_lease_runs_no_job(tmp_path: Path) -> None:
    engine, done = open_engine(f"sqlite:///{tmp_path / 'a.db'}"), []
    _worker(engine, "first", done).tend(NOW)
    idle = _worker(engine, "idle", done)
    idle.tend(NOW)
    idle.run("note")
    assert done == ["first"]


def test_a_job_that_fails_is_logged_and_the_next_one_still_runs(tmp_path: Path, caplog) -> None:
    engine, done = open_engine(f"sqlite:///{tmp_path / 'a.db'}"), []

    def fails(_: sa.Engine) -> None:
        raise OSError("no room")

    hour = timedelta(hours=1)
    worker = Worker(engine, {"fails": (fails, hour), "works": (lambda _: done.append("works"), hour)})
    with caplog.at_level(logging.ERROR, logger="routescope.jobs"):
        worker.tend(NOW)
    assert done == ["works"]
    assert "job fails failed" in caplog.text
    fails, works = jobs(engine).jobs
    assert (fails.job, fails.outcome, fails.error, fails.last_done) == ("fails", "failed", "OSError: no room", None)
    assert (works.job, works.outcome, works.error, works.last_done) == ("works", "done", None, works.started)


def test_a_key_in_an_error_is_not_kept(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")

    def fails(_: sa.Engine) -> None:
        raise RuntimeError("401 for sk-proj-Zk3vQ8xW2mN7pL5tR9yB4cD6fG1hJ0aS")

    worker = Worker(engine, {"fails": (fails, timedelta(hours=1))})
    worker.tend(NOW)
    error = jobs(engine).jobs[0].error
    assert error is not None and "redacted" in error and "Zk3vQ8" not in error


def test_a_run_that_cannot_be_noted_stops_nobody(tmp_path: Path, caplog) -> None:
    engine, done = open_engine(f"sqlite:///{tmp_path / 'a.db'}"), []

    def breaks(engine: sa.Engine) -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE job_run")

    hour = timedelta(hours=1)
    worker = Worker(engine, {"breaks": (breaks, hour), "works": (lambda _: done.append("works"), hour)})
    worker.tend(NOW)
    assert done == ["works"]
    assert "the run of job works could not be noted" in caplog.text
