"""Four processes write decisions into one SQLite file, eight dashboards read it, and nobody gets in anybody's way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.query.compliance import exposures
from telemetry.query.dearest import most_expensive
from telemetry.query.decisions import page
from telemetry.query.filters import Filters
from telemetry.query.incidents import breaker_intervals, timeline
from telemetry.query.overview import series, totals
from telemetry.query.pipeline import processes, store_health
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine, open_reader, reading
from telemetry.storage.models import REQUEST, ROLLUPS
from tests.soak import counts
from tests.traces import START, Routed, emit

CHILD = Path(__file__).with_name("writing_child.py")
WRITERS, READERS = 4, 8
SECONDS = counts(0, 60)
ACKNOWLEDGED = 20
"""Decisions that each writer is to have written at least, by lines told."""
EVERY = Filters()
QUESTIONS: tuple[Callable[[sa.Engine], Any], ...] = (
    lambda reader: totals(reader, EVERY),
    lambda reader: series(reader, EVERY, "hour"),
    lambda reader: page(reader, EVERY),
    lambda reader: page(reader, EVERY, search="why?"),
    lambda reader: exposures(reader, EVERY),
    lambda reader: most_expensive(reader, EVERY),
    lambda reader: timeline(reader, EVERY),
    lambda reader: breaker_intervals(reader, EVERY),
    lambda reader: processes(reader, since=START - timedelta(days=1)),
    store_health,
)


@dataclass
class Dashboard:
    """Asks one question after the other until it is stopped."""

    url: str
    answers: int = 0
    failures: list[str] = field(default_factory=list)

    def look(self, until: threading.Event) -> None:
        reader = open_reader(self.url)
        while not until.is_set():
            for ask in QUESTIONS:
                try:
                    ask(reader)
                except Exception as error:  # noqa: BLE001 - the test is about whatever they raise
                    self.failures.append(f"{type(error).__name__}: {error}")
                self.answers += 1


def start_child(folder: Path, url: str, prefix: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder / prefix), prefix],
        stdout=(folder / f"{prefix}.out").open("w"),
        stderr=(folder / f"{prefix}.err").open("w"),
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "CHILD_DATABASE_URL": url},
    )
    deadline = time.monotonic() + 60
    while "ready" not in (folder / f"{prefix}.out").read_text():
        assert child.poll() is None and time.monotonic() < deadline, (folder / f"{prefix}.err").read_text()
        time.sleep(0.02)
    return child


def told_by(folder: Path, number: int) -> str:
    return (folder / f"w{number}.out").read_text()


@pytest.mark.timeout(SECONDS + 300)
def test_four_that_write_and_eight_that_read_never_find_the_database_locked(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 't.db'}"
    open_engine(url).dispose()
    children = [start_child(tmp_path, url, f"w{number}") for number in range(WRITERS)]
    dashboards, over = [Dashboard(url) for _ in range(READERS)], threading.Event()
    threads = [threading.Thread(target=dashboard.look, args=(over,)) for dashboard in dashboards]
    for thread in threads:
        thread.start()
    time.sleep(SECONDS)
    deadline = time.monotonic() + 120
    while not all(dashboard.answers > len(QUESTIONS) for dashboard in dashboards) or not all(
        told_by(tmp_path, number).count("\n") > ACKNOWLEDGED for number in range(WRITERS)
    ):
        assert time.monotonic() < deadline, "somebody is locked out"
        time.sleep(0.05)
    for child in children:
        child.send_signal(signal.SIGKILL)
        child.wait()
    over.set()
    for thread in threads:
        thread.join(60)

    assert [dashboard.failures for dashboard in dashboards] == [[]] * READERS
    complaints = "".join((tmp_path / f"w{number}.err").read_text() for number in range(WRITERS))
    assert "database is locked" not in complaints
    told = "".join(told_by(tmp_path, number) for number in range(WRITERS)).splitlines()
    acknowledged = [line.split(" ", 1) for line in told if line != "ready" and line.count(" ") == 1]
    states = Counter(state for state, _ in acknowledged)
    assert states["not_durable"] == 0 and states["committed"] > 50, states

    # What a killed process had on its spool is taken over by the next one of its home.
    for number in range(WRITERS):
        home = tmp_path / f"w{number}" / "home"
        with Telemetry.open(url, home=home, content="full") as telemetry:
            emit(telemetry.tracer_provider.get_tracer("test"), Routed(f"next{number}"))
            deadline = time.monotonic() + 60
            while list((home / "spool").glob("*.spool"))[1:]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
    engine = open_engine(url)
    with reading(engine) as connection:
        ids = list(connection.scalars(sa.select(REQUEST.c.decision_id)))
        live = [list(connection.execute(sa.select(table).order_by(*table.primary_key))) for table in ROLLUPS]
    assert len(ids) == len(set(ids)) and {name for _, name in acknowledged} <= set(ids)
    rollup.rebuild(engine)
    with reading(engine) as connection:
        assert live == [list(connection.execute(sa.select(table).order_by(*table.primary_key))) for table in ROLLUPS]
