from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from telemetry.journal import insert_missing
from telemetry.storage import pipeline_hours
from telemetry.storage.engine import open_engine, writing
from telemetry.storage.operation import PIPELINE_HOUR, PIPELINE_SAMPLE
from tests.operation import sample
from tests.traces import START

SAMPLES = (
    *(sample("one", minute, written=minute) for minute in (1, 59, 61, 600)),
    sample("one", 2, written=7, queue_high=90, lag_p95_ms=None, lag_max_ms=None),
    sample("two", 2, spooled=4, spool_bytes=5_000_000_000),
)


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return open_engine(f"sqlite:///{tmp_path / 't.db'}")


def hours(engine: sa.Engine) -> Sequence[dict[str, Any]]:
    ordered = sa.select(PIPELINE_HOUR).order_by(PIPELINE_HOUR.c.process, PIPELINE_HOUR.c.hour)
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(ordered).mappings()]


def test_samples_are_added_up_as_they_come(engine: sa.Engine):
    for row in SAMPLES:
        with writing(engine) as connection:
            insert_missing(connection, [(PIPELINE_SAMPLE, row)])
    found = hours(engine)
    assert [(row["process"], row["hour"] % 24, row["written"]) for row in found] == [
        *(("one", 9, 8), ("one", 10, 120), ("one", 19, 600), ("two", 9, 100))
    ]
    assert (found[0]["queue_high"], found[0]["lag_p95_ms"]) == (90, 4.5)
    assert [row["seen"] - START for row in found[:2]] == [timedelta(minutes=2), timedelta(minutes=61)]
    assert (found[3]["spooled"], found[3]["spool_bytes"]) == (4, 5_000_000_000)


def test_a_sample_that_comes_twice_counts_once(engine: sa.Engine):
    for _ in range(2):
        with writing(engine) as connection:
            insert_missing(connection, [(PIPELINE_SAMPLE, row) for row in SAMPLES])
    assert sum(row["written"] for row in hours(engine)) == sum(row["written"] for row in SAMPLES)


def test_made_anew_they_are_the_same(engine: sa.Engine):
    with writing(engine) as connection:
        insert_missing(connection, [(PIPELINE_SAMPLE, row) for row in SAMPLES])
    as_they_came = hours(engine)
    with writing(engine) as connection:
        pipeline_hours.rebuild(connection)
    assert hours(engine) == as_they_came
