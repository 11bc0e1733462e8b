"""Two drift runs at once: one works, the other says so."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.drift.embedding import CharacterGrams, Matrix
from telemetry.drift.run import DriftReport, run_drift
from telemetry.drift.tables import DRIFT_METRIC
from telemetry.drift.turn import LASTS, LEASE, turn
from telemetry.errors import DriftAtWork
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine
from telemetry.storage.lease import take
from tests.traces import Attempt, Routed, emit

PATIENCE_S = 60


class HeldUp(CharacterGrams):
    """An embedder that waits in the middle of a run until it is let go."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def embed(self, texts: Sequence[str]) -> Matrix:
        self.reached.set()
        assert self.go_on.wait(PATIENCE_S)
        return super().embed(texts)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 't.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with Telemetry.open(url, home=tmp_path, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(3):
            emit(tracer, Routed(f"d{number}", attempts=(Attempt(answer="Yes."),), prompt="Well?"))
    return str(url)


def test_the_second_of_two_runs_says_who_is_at_work_and_the_first_ends_as_ever(url: str):
    held, done = HeldUp(), list[DriftReport]()
    first = threading.Thread(
        target=lambda: done.append(run_drift(open_engine(url), all_weeks=True, embedder=held)), daemon=True
    )
    first.start()
    assert held.reached.wait(PATIENCE_S)
    second = open_engine(url)
    with pytest.raises(DriftAtWork, match=r"^another drift run is at work \(process .+:\d+\); wait for its end"):
        run_drift(second, all_weeks=True)
    held.go_on.set()
    first.join(PATIENCE_S)
    assert len(done[0].compared) == 1
    with second.connect() as connection:
        runs = connection.execute(sa.select(DRIFT_METRIC.c.run_id).distinct()).scalars().all()
    assert runs == [done[0].run_id]
    assert run_drift(second, all_weeks=True).compared == ()


def test_a_run_with_patience_begins_when_the_other_has_ended(url: str):
    held, done = HeldUp(), list[DriftReport]()
    threads = [
        threading.Thread(target=lambda: done.append(run_drift(open_engine(url), embedder=held)), daemon=True),
        threading.Thread(target=lambda: done.append(run_drift(open_engine(url), wait_s=PATIENCE_S)), daemon=True),
    ]
    threads[0].start()
    assert held.reached.wait(PATIENCE_S)
    threads[1].start()
    held.go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert [len(report.compared) for report in done] == [1, 0]


def test_a_turn_that_ran_out_and_was_taken_is_not_gone_on_with(url: str):
    engine = open_engine(url)
    with pytest.raises(DriftAtWork), turn(engine) as renew:
        assert take(engine, LEASE, "another:1:x", now=datetime.now(UTC) + 2 * LASTS, lasts=timedelta(hours=1))
        renew()
