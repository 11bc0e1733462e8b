from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from telemetry import processor
from telemetry.content import ContentPolicy
from telemetry.processor import DecisionProcessor
from telemetry.recorder import Recorder
from telemetry.rows import Bundle
from telemetry.setup import Telemetry
from telemetry.storage.models import BRANCH, POLICY_VERSION, REQUEST, SPAN
from telemetry.tracer import DecisionTracerProvider
from tests.traces import START, Routed, emit


def opened(folder: Path, **options: object) -> Telemetry:
    return Telemetry.open(f"sqlite:///{folder / 't.db'}", home=folder, **options)  # type: ignore[arg-type]


def count(telemetry: Telemetry, table: sa.Table) -> int:
    with telemetry.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def test_a_decision_is_in_the_database_once_it_is_committed(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        trace_id = emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1"))
        assert await telemetry.sink.committed(trace_id) == "committed"
        assert (count(telemetry, REQUEST), count(telemetry, BRANCH), count(telemetry, SPAN)) == (1, 1, 3)
        assert await telemetry.sink.committed(trace_id) == "committed", "asking again is no different"


async def test_rows_that_are_not_made_of_our_spans_are_kept_as_traces_are(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        assert await telemetry.sink.keep(lambda content: Bundle()) == "committed"
        assert telemetry.health().committed == 1

        def fails(content: ContentPolicy) -> Bundle:
            raise ValueError("these cannot be made")

        assert await telemetry.sink.keep(fails) == "not_durable"
        assert await telemetry.sink.keep(lambda content: Bundle()) == "committed", "the thread lives"


async def test_who_sends_rows_is_to_come_again_while_the_queue_is_half_full(tmp_path: Path):
    go_on = threading.Event()

    def waits(content: ContentPolicy) -> Bundle:
        assert go_on.wait(60)
        return Bundle()

    recorder = Recorder(f"sqlite:///{tmp_path / 't.db'}", tmp_path)
    sink = DecisionProcessor(recorder, ContentPolicy(), queue_limit=4)
    first = asyncio.create_task(sink.keep(waits))
    while sink.health().queued != 1 or sink._queue:
        await asyncio.sleep(0.01)
    assert sink.take_queue_high() == 1, "the one that is being written now"
    others = [asyncio.create_task(sink.keep(lambda content: Bundle())) for _ in range(5)]
    while sum(task.done() for task in others) < 3:
        await asyncio.sleep(0.01)
    assert (sink.take_queue_high(), sink.take_queue_high()) == (2, 2)
    go_on.set()
    assert await first == "committed"
    assert sorted(map(str, await asyncio.gather(*others))) == ["None", "None", "None", "committed", "committed"]
    assert sink.close(60)
    assert await sink.keep(lambda content: Bundle()) is None


async def test_many_at_once_are_all_committed(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")

        async def one(number: int) -> str:
            trace_id = emit(tracer, Routed(f"d{number}"))
            await asyncio.sleep(0)
            return await telemetry.sink.committed(trace_id)

        assert set(await asyncio.gather(*(one(number) for number in range(300)))) == {"committed"}
        assert count(telemetry, REQUEST) == 300
        health = telemetry.health()
        assert (health.committed, health.queued, health.not_durable, health.lag_ms) == (300, 0, 0, 0.0)


async def test_a_trace_joins_the_batch_of_those_under_way_and_a_lone_one_waits_for_nobody(tmp_path: Path):
    recorder = Recorder(f"sqlite:///{tmp_path / 't.db'}", tmp_path)
    sink = DecisionProcessor(recorder, ContentPolicy(), gather_s=3600.0)
    provider = DecisionTracerProvider(Resource({}))
    provider.add_span_processor(sink)
    tracer = provider.get_tracer("test")
    for name in ("first", "second"):
        assert await sink.committed(emit(tracer, Routed(name))) == "committed"
    under_way = tracer.start_span("root", context=Context())
    tracer.start_span("child", context=trace.set_span_in_context(under_way, Context())).end()
    ended = [asyncio.create_task(sink.committed(emit(tracer, Routed(name)))) for name in ("third", "fourth")]
    await asyncio.sleep(0)
    assert (sink.health().queued, sink.health().committed) == (2, 2), "they wait for the one under way"
    under_way.end()
    assert await asyncio.gather(*ended) == ["committed", "committed"]
    assert sink.close(60)


async def test_the_event_loop_goes_on_while_a_commit_is_awaited(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticking = asyncio.create_task(tick())
        with telemetry.engine.begin():  # holds the write lock, so that the commit takes its 50 ms
            trace_id = emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1"))
            assert await telemetry.sink.committed(trace_id) == "spooled"
        ticking.cancel()
        assert ticks >= 10


async def test_nothing_is_written_before_the_root_ends(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        trace_id = emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1"), end_root=False)
        assert telemetry.sink.force_flush(1000)
        assert count(telemetry, SPAN) == count(telemetry, BRANCH) == 0
        assert await telemetry.sink.committed(trace_id) == "not_durable"


async def test_a_span_that_ends_after_its_root_is_kept(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        root = tracer.start_span("route chat", context=Context())
        late = tracer.start_span("late", context=trace.set_span_in_context(root, Context()))
        root.set_attribute("router.decision.id", "d1")
        root.end()
        assert await telemetry.sink.committed(root.get_span_context().trace_id) == "committed"
        late.end()
        assert telemetry.sink.force_flush(60_000)
        with telemetry.engine.connect() as connection:
            assert connection.scalars(sa.select(SPAN.c.name)).all() == ["late"]


async def test_async_durability_does_not_wait(tmp_path: Path):
    with opened(tmp_path, durability="async") as telemetry:
        with telemetry.engine.begin():
            trace_id = emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1"))
            assert await telemetry.sink.committed(trace_id) == "queued"
        assert telemetry.sink.force_flush(60_000)


async def test_an_unknown_trace_is_not_said_to_be_kept(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        assert await telemetry.sink.committed(123) == "not_durable"


def test_a_full_queue_makes_the_sender_wait_and_loses_nothing(tmp_path: Path):
    # The only writer of its database: what another one holds up goes by way of the spool, which is not meant here.
    small = DecisionProcessor(Recorder(f"sqlite:///{tmp_path / 't.db'}", tmp_path), ContentPolicy(), queue_limit=4)
    provider = TracerProvider()
    provider.add_span_processor(small)
    tracer = provider.get_tracer("test")
    threads = [
        threading.Thread(target=lambda part=part: [emit(tracer, Routed(f"{part}-{n}")) for n in range(50)])
        for part in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert small.force_flush(60_000)
    assert small.health().committed == 200 and small.health().not_durable == 0
    small.shutdown()
    with opened(tmp_path) as telemetry:
        assert count(telemetry, REQUEST) == 200


def test_closing_keeps_what_is_queued_and_refuses_what_comes_after(tmp_path: Path):
    telemetry = opened(tmp_path)
    tracer = telemetry.tracer_provider.get_tracer("test")
    for number in range(100):
        emit(tracer, Routed(f"d{number}"))
    assert telemetry.close() is True
    emit(tracer, Routed("too late"))
    assert telemetry.health().not_durable == 1
    with opened(tmp_path) as again:
        assert count(again, REQUEST) == 100


def test_closing_twice_is_no_error(tmp_path: Path):
    telemetry = opened(tmp_path)
    assert telemetry.close() and telemetry.close()


def test_a_flush_that_has_no_time_says_so(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        with telemetry.engine.begin():
            emit(tracer, Routed("d1"))
            assert telemetry.sink.force_flush(1) is False
            assert telemetry.sink.force_flush(60_000) is True, "on the spool is kept"


def test_traces_whose_root_never_ends_are_given_up_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processor, "OPEN_LIMIT", 5)
    with opened(tmp_path) as telemetry:
        for number in range(8):
            emit(telemetry.tracer_provider.get_tracer("test"), Routed(f"d{number}"), end_root=False)
        assert telemetry.health().abandoned == 3


def test_a_tool_or_branch_of_hostile_text_is_kept(tmp_path: Path):
    hostile = "\0\ud800\x1b[31m<b>" + "x" * 1_000_000
    with opened(tmp_path, content="full") as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed(hostile, route=hostile, prompt=hostile))
        assert telemetry.sink.force_flush(60_000)
        assert count(telemetry, REQUEST) == 1 and telemetry.health().committed == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_writes_its_own_and_not_its_parents(tmp_path: Path):
    telemetry = opened(tmp_path)
    tracer = telemetry.tracer_provider.get_tracer("test")
    emit(tracer, Routed("parent 1"))
    assert telemetry.sink.force_flush(60_000)
    with telemetry.engine.begin():
        pass
    emit(tracer, Routed("parent 2"))
    child = os.fork()
    if child == 0:
        try:
            emit(tracer, Routed("child"))
            flushed = telemetry.sink.force_flush(60_000)
            alone = telemetry.health().committed + telemetry.health().spooled == 1
            closed = telemetry.close()
            os._exit(0 if flushed and alone and closed else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    emit(tracer, Routed("parent 3"))
    assert telemetry.close()
    with opened(tmp_path) as again:
        # The child may have met the parent's lock and spooled: whoever opens next takes that over.
        emit(again.tracer_provider.get_tracer("test"), Routed("after"))
        assert again.sink.force_flush(60_000)
        deadline = time.monotonic() + 60
        while count(again, REQUEST) < 5 and time.monotonic() < deadline:
            time.sleep(0.02)
        with again.engine.connect() as connection:
            ids = connection.scalars(sa.select(REQUEST.c.decision_id)).all()
    assert sorted(ids) == ["after", "child", "parent 1", "parent 2", "parent 3"]


def test_a_policy_version_is_recorded_once(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        assert telemetry.record_policy_version("v1", "local", "format = 1", "gateway", at=START) is True
        assert telemetry.record_policy_version("v1", "other", "format = 2", "else") is False
        with telemetry.engine.connect() as connection:
            row = connection.execute(sa.select(POLICY_VERSION)).one()
    assert tuple(row) == ("v1", "local", "format = 1", START, "gateway")
