from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry import recorder
from telemetry.content import ContentPolicy
from telemetry.recorder import LEAST_REPLAY, REPLAY_BATCH, REPLAY_S, Recorder, next_replay
from telemetry.rows import Bundle, bundle_of
from telemetry.storage.engine import open_engine
from telemetry.storage.models import REQUEST, REQUEST_HOUR
from tests.traces import Routed, emit


def bundle(decision_id: str) -> Bundle:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    emit(provider.get_tracer("test"), Routed(decision_id))
    return bundle_of(exporter.get_finished_spans(), ContentPolicy())


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 't.db'}"


def stored(folder: Path) -> list[str]:
    engine = open_engine(url(folder))
    with engine.connect() as connection:
        ids = sorted(connection.scalars(sa.select(REQUEST.c.decision_id)))
        counted = (
            connection.scalar(sa.select(sa.func.sum(REQUEST_HOUR.c.requests)).where(REQUEST_HOUR.c.level == 0)) or 0
        )
    engine.dispose()
    assert counted == len(ids)
    return ids


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries at once, so that a test need not wait."""
    monkeypatch.setattr(recorder, "RETRY_S", 0.0)
    monkeypatch.setattr(recorder, "ADOPT_S", 0.0)


def caught_up(one: Recorder) -> None:
    while one.catch_up():
        pass


def test_what_the_database_takes_is_committed(tmp_path: Path):
    one = Recorder(url(tmp_path), tmp_path)
    assert one.record([bundle("a"), bundle("b")]) == "committed"
    one.close()
    assert stored(tmp_path) == ["a", "b"]
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.usefixtures("impatient")
def test_what_was_spooled_arrives_once_when_the_lock_is_gone(tmp_path: Path):
    one = Recorder(url(tmp_path), tmp_path)
    holder = open_engine(url(tmp_path))
    with holder.begin():
        assert one.record([bundle("a")]) == "spooled"
        assert one.record([bundle("b")]) == "spooled"
        assert one.catch_up() is False and one.waiting == 2
        assert one.last_error is not None and one.retry_in() is not None
    caught_up(one)
    assert (one.waiting, one.last_error, one.retry_in()) == (0, None, None)
    caught_up(one)
    assert stored(tmp_path) == ["a", "b"]


def test_a_database_that_refused_is_left_alone_for_a_while(tmp_path: Path):
    one = Recorder(url(tmp_path), tmp_path)
    holder = open_engine(url(tmp_path))
    with holder.begin():
        assert one.record([bundle("a")]) == "spooled"
    assert one.record([bundle("b")]) == "spooled", "no 50 ms for every answer while the lock may still be held"


@pytest.mark.usefixtures("impatient")
def test_a_trace_that_no_database_takes_does_not_take_the_others_with_it(tmp_path: Path):
    one = Recorder(url(tmp_path), tmp_path)
    bad = bundle("bad")
    bad.spans[0]["name"] = None
    assert one.record([bundle("a"), bad, bundle("b")]) == "committed"
    assert one.refused == 1
    caught_up(one)
    one.close()
    assert stored(tmp_path) == ["a", "b"]
    (kept,) = (tmp_path / "spool").iterdir()
    assert kept.suffix == ".refused" and kept.stat().st_size > 0


@pytest.mark.usefixtures("impatient")
def test_the_spool_of_a_dead_process_is_adopted_and_removed(tmp_path: Path):
    dead = Recorder(url(tmp_path), tmp_path)
    holder = open_engine(url(tmp_path))
    with holder.begin():
        for name in "abc":
            assert dead.record([bundle(name)]) == "spooled"
    dead.forget()  # its file is let go of as it is, as at its death
    living = Recorder(url(tmp_path), tmp_path)
    assert living.record([bundle("d")]) == "committed"
    caught_up(living)
    living.close()
    assert stored(tmp_path) == ["a", "b", "c", "d"]
    assert list((tmp_path / "spool").iterdir()) == []


@pytest.mark.usefixtures("impatient")
def test_a_replay_that_is_cut_off_after_its_commit_counts_nothing_twice(tmp_path: Path):
    one = Recorder(url(tmp_path), tmp_path)
    holder = open_engine(url(tmp_path))
    with holder.begin():
        one.record([bundle("a"), bundle("b")])
    assert one.catch_up() is True, "committed, but the file is not emptied yet"
    one.forget()
    other = Recorder(url(tmp_path), tmp_path)
    caught_up(other)
    assert stored(tmp_path) == ["a", "b"]


def test_no_error_repeats_what_people_wrote(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    one = Recorder(url(tmp_path), tmp_path)
    bad = bundle("my secret, busy and locked")
    bad.requests[0]["route"] = None
    assert one.record([bad]) == "committed"
    assert one.refused == 1, "the rows are at fault, whatever words they hold"
    assert "NOT NULL" in caplog.text and "my secret" not in caplog.text


def test_a_replay_that_holds_others_up_goes_on_in_smaller_pieces_and_in_larger_ones_when_it_is_quick():
    slow, quick, neither = REPLAY_S * 2, REPLAY_S / 4, REPLAY_S * 0.75
    assert [next_replay(64, took) for took in (slow, neither, quick)] == [32, 64, 128]
    assert next_replay(LEAST_REPLAY, slow) == LEAST_REPLAY
    assert next_replay(REPLAY_BATCH, quick) == REPLAY_BATCH
