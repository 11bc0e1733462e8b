"""Who runs the jobs, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.dashboard.components import Cell
from app.panels.pipeline.jobs import SAID, holder_in_words, intervals
from telemetry.query.pipeline import JobsState

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_lease_is_held_ran_out_or_was_never_taken() -> None:
    held = JobsState("h:1", NOW + timedelta(seconds=30), True, [])
    assert holder_in_words(held, NOW)[0] == ("Lease", Cell("held", "ok"))
    assert holder_in_words(held, NOW)[2][1] == "2026-03-02 12:00:30 UTC, 30 s from now"
    (lease, *_) = holder_in_words(JobsState("h:1", NOW - timedelta(hours=1), False, []), NOW)
    assert lease[1] == Cell("ran out 2026-03-02 11:00:00 UTC: no jobs worker runs", "warn")
    (lease,) = holder_in_words(JobsState(None, None, False, []), NOW)
    assert lease[1] == Cell("nobody holds it: no jobs worker runs", "warn")


def test_every_job_has_its_words_and_its_interval() -> None:
    assert set(SAID) == set(intervals())
