from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry.pipeline import PipelineSampler
from telemetry.setup import Telemetry
from telemetry.storage.engine import reading
from telemetry.storage.operation import PIPELINE_SAMPLE
from tests.traces import START, Routed, emit

ENDED_NS = round((START.timestamp() + 0.042) * 1e9)
"""When a decision of tests.traces with one attempt ends: 2 ms after that."""


class Sampled:
    """Telemetry that is sampled by clocks of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.telemetry = Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder)
        self.heard: list[object] = []
        self.written = 0
        self.seconds = 0.0
        self.lag_ms = 10.0
        self.sampler = PipelineSampler(
            self.telemetry.sink,
            self.telemetry.journal,
            "me",
            monotonic=lambda: self.seconds,
            time_ns=lambda: ENDED_NS + round(self.lag_ms * 1e6) + round(self.seconds * 1e9),
        )
        self.telemetry.sink.listen(lambda bundle, state: self.heard.append(state))

    def write(self, *routed: Routed) -> None:
        for one in routed:
            emit(self.telemetry.tracer_provider.get_tracer("test"), one)
        assert self.telemetry.sink.force_flush(60_000)
        self.written += len(routed)
        # Listeners are told once nobody waits any more; this one after the sampler's.
        while len(self.heard) < self.written:
            time.sleep(0.001)

    def look_at(self, seconds: float) -> list[Any]:
        self.seconds = seconds
        self.sampler.look()
        return self.rows()

    def rows(self) -> list[Any]:
        assert self.telemetry.journal.flush()
        with reading(self.telemetry.engine) as connection:
            return list(connection.execute(sa.select(PIPELINE_SAMPLE).order_by(PIPELINE_SAMPLE.c.ts)))


@pytest.fixture
def sampled(tmp_path: Path) -> Iterator[Sampled]:
    sampled = Sampled(tmp_path)
    yield sampled
    sampled.telemetry.close()


def test_a_sample_is_taken_each_minute_and_counts_from_the_one_before(sampled: Sampled):
    begun = sampled.look_at(1)
    sampled.write(Routed("d1"), Routed("d2"))
    assert sampled.look_at(60) == begun
    _, first = sampled.look_at(61)
    assert (first.process, first.written, first.seconds, first.last) == ("me", 2, 60.0, False)
    assert first.queue_high >= 1
    assert first.minute == int(first.ts.timestamp() // 60)
    sampled.write(Routed("d3"))
    assert sampled.look_at(100) == [*begun, first]
    *_, second = sampled.look_at(126)
    assert (second.written, second.seconds, second.started) == (1, 65.0, first.started)


def test_a_process_that_has_just_begun_is_seen_soon(sampled: Sampled):
    assert sampled.look_at(0.5) == []
    (row,) = sampled.look_at(1)
    assert (row.process, row.written, row.last) == ("me", 0, False)


def test_the_lag_is_from_a_decisions_end_until_it_was_kept(sampled: Sampled):
    sampled.write(*(Routed(f"d{number}") for number in range(3)))
    sampled.lag_ms = 500.0
    sampled.write(Routed("late"))
    (row,) = sampled.look_at(60)
    assert (row.lag_n, row.lag_p95_ms) == (4, pytest.approx(500, rel=0.011))
    assert row.lag_max_ms == pytest.approx(500)


def test_a_minute_without_decisions_has_no_lag(sampled: Sampled):
    sampled.write(Routed("made-up", simulated=True))
    (row,) = sampled.look_at(60)
    assert (row.written, row.lag_n, row.lag_p95_ms, row.lag_max_ms) == (1, 0, None, None), "a story has no lag of ours"


def test_a_spool_in_use_is_sampled_at_once(sampled: Sampled):
    assert len(sampled.look_at(5)) == 1
    with sampled.telemetry.engine.begin():  # holds the write lock
        sampled.write(Routed("d1"))
        sampled.seconds = 7
        sampled.sampler.look()
    row = sampled.rows()[1]
    assert (row.spooled, row.written, row.spool_waiting) == (1, 0, 1)
    assert row.spool_bytes > 100
    assert "another process holds the database" in row.last_error


def test_the_last_sample_says_that_it_is_the_last(sampled: Sampled):
    sampled.write(Routed("d1"))
    sampled.seconds = 3
    sampled.sampler.close()
    (row,) = sampled.rows()
    assert (row.last, row.written, row.seconds) == (True, 1, 3.0)
