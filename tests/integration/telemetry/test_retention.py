"""Decisions are written while old ones are removed."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from telemetry.retention import prune
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN
from telemetry.storage.slices import Slices
from tests.traces import Routed, emit

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = 600


def test_a_writer_goes_on_between_the_slices_and_loses_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(url, home=tmp_path, content="full", durability="async") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(OLD):
            at = NOW - timedelta(days=40, seconds=number)
            emit(tracer, Routed(f"old{number}", at=at, prompt="some words to be kept " * 20))
        assert telemetry.sink.force_flush(60_000)
        assert telemetry.health().committed == OLD, telemetry.health()
    states: list[str] = []
    done = threading.Event()

    async def write(telemetry: Telemetry) -> None:
        tracer = telemetry.tracer_provider.get_tracer("test")
        while not done.is_set() or not states:
            routed = Routed(f"new{len(states)}", at=NOW, prompt="something new")
            states.append(await telemetry.sink.committed(emit(tracer, routed)))
            await asyncio.sleep(0.005)

    with Telemetry.open(url, home=tmp_path, content="full") as telemetry:
        writer = threading.Thread(target=lambda: asyncio.run(write(telemetry)))
        writer.start()
        try:
            slices = Slices(open_engine(url))
            pruned = prune(telemetry.engine, keep_days=30, keep_content_days=None, now=NOW, slices=slices)
        finally:
            done.set()
            writer.join()
    assert pruned.removed["request"] == OLD
    assert slices.number > 3, "it was one long transaction"
    # A machine that is busy elsewhere may let a lock last; then the spool takes the decision, and nothing is lost.
    assert set(states) <= {"committed", "spooled"}
    assert states.count("committed") > len(states) / 2
    with Telemetry.open(url, home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("last", at=NOW))
        assert telemetry.sink.force_flush(60_000)
        with telemetry.engine.connect() as connection:
            rows = [
                connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in (REQUEST, BRANCH, SPAN, CONTENT)
            ]
    written = len(states) + 1
    assert rows == [written, written, 3 * written, 2 * len(states)]
