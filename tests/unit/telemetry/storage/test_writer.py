from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry.content import ContentPolicy
from telemetry.rows import Bundle, bundle_of
from telemetry.storage.engine import open_engine
from telemetry.storage.models import BRANCH_HOUR, REQUEST, REQUEST_HOUR
from telemetry.storage.writer import Written, write_bundles
from tests.traces import Routed, emit


def bundle(routed: Routed) -> Bundle:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    emit(provider.get_tracer("test"), routed)
    return bundle_of(exporter.get_finished_spans(), ContentPolicy("full"))


@pytest.fixture
def engine(tmp_path: Path) -> sa.Engine:
    return open_engine(f"sqlite:///{tmp_path / 't.db'}")


def write(engine: sa.Engine, *bundles: Bundle) -> Written:
    with engine.begin() as connection:
        return write_bundles(connection, bundles)


def counted(engine: sa.Engine) -> tuple[int, int]:
    with engine.connect() as connection:
        return (
            connection.scalar(sa.select(sa.func.sum(REQUEST_HOUR.c.requests)).where(REQUEST_HOUR.c.level == 0)) or 0,
            connection.scalar(sa.select(sa.func.sum(BRANCH_HOUR.c.branches)).where(BRANCH_HOUR.c.level == 0)) or 0,
        )


def test_nothing_to_write_is_nothing_written(engine: sa.Engine):
    assert write(engine) == Written(0, 0, 0, 0)


def test_a_trace_is_written_whole(engine: sa.Engine):
    assert write(engine, bundle(Routed("d1", prompt="hello"))) == Written(1, 1, 3, 2)
    assert counted(engine) == (1, 1)


def test_the_same_trace_again_changes_nothing(engine: sa.Engine):
    one = bundle(Routed("d1", prompt="hello"))
    write(engine, one)
    assert write(engine, one) == Written(0, 0, 0, 0)
    assert write(engine, one, one) == Written(0, 0, 0, 0)
    assert counted(engine) == (1, 1)


def test_the_same_trace_twice_in_one_batch_counts_once(engine: sa.Engine):
    one = bundle(Routed("d1"))
    assert write(engine, one, one, bundle(Routed("d2"))).requests == 2
    assert counted(engine) == (2, 2)


def test_two_decisions_of_one_id_are_both_kept(engine: sa.Engine):
    write(engine, bundle(Routed("d1")))
    write(engine, bundle(Routed("d1")), bundle(Routed("d1")))
    with engine.connect() as connection:
        ids = connection.scalars(sa.select(REQUEST.c.decision_id)).all()
    assert len(ids) == 3 and sum(name == "d1" for name in ids) == 1
    assert all(name.startswith("d1") for name in ids)
    assert counted(engine) == (3, 3)


def test_more_rows_than_a_statement_takes_at_once(engine: sa.Engine):
    one = bundle(Routed("d1"))
    many = [
        Bundle(requests=[{**one.requests[0], "span_id": f"{n:016x}", "decision_id": str(n), "tenant": f"t{n}"}])
        for n in range(1500)
    ]
    assert write(engine, *many).requests == 1500
    assert write(engine, *many).requests == 0
    assert counted(engine)[0] == 1500


def test_a_failure_in_the_middle_leaves_nothing(engine: sa.Engine):
    good, bad = bundle(Routed("d1")), bundle(Routed("d2"))
    bad.spans[0]["name"] = None
    with pytest.raises(sqlite3.IntegrityError):
        write(engine, good, bad)
    assert counted(engine) == (0, 0)
    assert write(engine, good).requests == 1
