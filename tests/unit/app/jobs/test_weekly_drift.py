from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from app.jobs.weekly_drift import weekly_drift
from app.settings import Settings
from telemetry.drift.weeks import WEEK, label_of, monday_of
from telemetry.query import drift
from telemetry.setup import Telemetry
from tests.traces import Attempt, Routed, emit


def test_the_job_compares_and_leaves_reports_of_old_weeks_to_be_removed(tmp_path: Path):
    settings = replace(Settings.read(environ={}), home=tmp_path, database_url=f"sqlite:///{tmp_path / 't.db'}")
    week = monday_of(datetime.now(UTC))
    rng = np.random.default_rng(2)
    with Telemetry.open(settings.database_url, home=tmp_path, durability="async") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(120):
            at = datetime.now(UTC) - timedelta(days=7 if number % 2 else 14, minutes=number)
            attempt = Attempt(latency_ms=float(rng.lognormal(6, 0.4)))
            emit(tracer, Routed(f"d{number}", at=at, attempts=(attempt,)))
        telemetry.sink.force_flush(20_000)
        old, new = (tmp_path / "drift" / label_of(week - WEEK * back) for back in (30, 1))
        for folder in (old, new):
            folder.mkdir(parents=True)
        weekly_drift(telemetry.engine, settings=settings)
        assert drift.last_run(telemetry.engine) is not None
        assert {cell.state for cell in drift.heatmap(telemetry.engine)} <= {"ok", "not_enough_data"}
    assert (old.exists(), new.exists()) == (False, True)
