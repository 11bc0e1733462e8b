from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry import rollup
from telemetry.errors import FolderNotWritable, NotADatabase
from telemetry.health import Health
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, REQUEST_HOUR, ROLLUPS, SPAN
from tests.soak import counts
from tests.traces import Routed, emit

CHILD = Path(__file__).with_name("writing_child.py")
KILLS = counts(4, 100)
LOCKED_S = counts(0, 30)


def opened(folder: Path) -> Telemetry:
    return Telemetry.open(f"sqlite:///{folder / 'data' / 't.db'}", home=folder / "home", content="full")


def decision_ids(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(REQUEST.c.decision_id)))


def start_child(folder: Path, prefix: str, *limits: str) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(folder), prefix, *limits],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n", child.communicate()[1]
    return child


def kill_after(child: subprocess.Popen[str], number: int, state: str = "") -> list[tuple[str, str]]:
    """Kill -9 once so many are acknowledged (in that state), and what had been by then: (state, decision id)."""
    assert child.stdout is not None
    told: list[str] = []
    while sum(line.startswith(state) for line in told) < number:
        told.append(child.stdout.readline())
        assert told[-1], child.communicate()[1]
    child.send_signal(signal.SIGKILL)
    # Not `communicate`: it would pass over what was read ahead with the lines above.
    told += child.stdout.read().splitlines(keepends=True)
    child.wait()
    whole = [line.split(" ", 1) for line in told if line.endswith("\n")]
    return [(state, name.strip()) for state, name in whole]


def wait_until(condition: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not come to pass in time"
        time.sleep(0.02)


def assert_whole(engine: sa.Engine) -> None:
    """No partial trace: each decision has all that its trace had, and the rollups count what is there."""
    with engine.connect() as connection:
        number = len(connection.scalars(sa.select(REQUEST.c.span_id)).all())
        for table, each in ((BRANCH, 2), (SPAN, 3), (CONTENT, 3)):
            counts = sa.select(sa.func.count()).select_from(table).group_by(table.c.trace_id)
            assert Counter(connection.scalars(counts)) == {each: number}
        live = [connection.execute(sa.select(table).order_by(*table.primary_key)).all() for table in ROLLUPS]
    rollup.rebuild(engine)
    with engine.connect() as connection:
        assert live == [connection.execute(sa.select(t).order_by(*t.primary_key)).all() for t in ROLLUPS]


def test_nothing_acknowledged_is_lost_when_the_writer_is_killed(tmp_path: Path):
    acknowledged: list[tuple[str, str]] = []
    for round_number in range(KILLS):
        child = start_child(tmp_path, f"{round_number}-")
        acknowledged += kill_after(child, 9 + 13 * (round_number % 12))
    assert {state for state, _ in acknowledged} == {"committed"}
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 't.db'}")
    assert {name for _, name in acknowledged} <= set(decision_ids(engine))
    assert_whole(engine)


def test_a_killed_process_leaves_a_spool_that_the_next_one_takes_over_exactly_once(tmp_path: Path):
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 't.db'}")
    child = start_child(tmp_path, "x")
    with engine.begin():
        acknowledged = kill_after(child, 20, "spooled")
    spooled = {name for state, name in acknowledged if state == "spooled"}
    assert spooled and "not_durable" not in {state for state, _ in acknowledged}
    assert not spooled & set(decision_ids(engine))
    with opened(tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("next"))
        wait_until(lambda: spooled <= set(decision_ids(engine)))
        assert telemetry.sink.force_flush(60_000)
    ids = decision_ids(engine)
    assert len(ids) == len(set(ids))
    assert {name for _, name in acknowledged} <= set(ids)


async def test_a_locked_database_holds_no_answer_up_and_loses_nothing(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        assert await telemetry.sink.committed(emit(tracer, Routed("before"))) == "committed"
        told = 0
        with telemetry.engine.begin():
            until = time.monotonic() + LOCKED_S
            while told < 20 or time.monotonic() < until:
                # The lock is held until the last of these is told.
                assert await telemetry.sink.committed(emit(tracer, Routed(f"during{told}"))) == "spooled"
                told += 1
        assert telemetry.health().last_error is not None
        await asyncio.to_thread(wait_until, lambda: telemetry.health().spool_waiting == 0)
        health = telemetry.health()
        assert (health.spooled, health.spool_waiting, health.not_durable, health.last_error) == (told, 0, 0, None)
        assert sorted(decision_ids(telemetry.engine)) == sorted(["before", *(f"during{n}" for n in range(told))])
        with telemetry.engine.connect() as connection:
            assert (
                connection.scalar(sa.select(sa.func.sum(REQUEST_HOUR.c.requests)).where(REQUEST_HOUR.c.level == 0))
                == told + 1
            )


async def test_a_full_disk_spools_and_then_says_that_nothing_is_kept(tmp_path: Path):
    """RLIMIT_FSIZE in a child: the database hits it first, the reserved spool later."""
    engine = open_engine(f"sqlite:///{tmp_path / 'data' / 't.db'}")
    engine.dispose()
    child = start_child(tmp_path, "x", str(1 << 20))
    acknowledged = kill_after(child, 20, "not_durable")
    states = Counter(state for state, _ in acknowledged)
    assert states["committed"] and states["spooled"] and states["not_durable"], states
    with opened(tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("next"))
        kept = {name for state, name in acknowledged if state != "not_durable"}
        wait_until(lambda: kept <= set(decision_ids(telemetry.engine)))
    # What was not durable was said to be so, and is in no file.
    ids = decision_ids(engine)
    assert len(ids) == len(set(ids))


async def test_a_database_that_is_deleted_under_the_writer_is_made_anew(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        assert await telemetry.sink.committed(emit(tracer, Routed("before"))) == "committed"
        shutil.rmtree(tmp_path / "data")
        assert await telemetry.sink.committed(emit(tracer, Routed("after"))) == "committed"
        assert decision_ids(open_engine(f"sqlite:///{tmp_path / 'data' / 't.db'}")) == ["after"]


async def test_a_database_that_is_damaged_is_put_aside_and_a_new_one_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "data" / "t.db"
    with opened(tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        assert await telemetry.sink.committed(emit(tracer, Routed("before"))) == "committed"
        rubbish = path.with_name("rubbish")
        rubbish.write_bytes(b"\x55" * 200_000)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        rubbish.replace(path)
        assert await telemetry.sink.committed(emit(tracer, Routed("during"))) == "spooled"
        error = telemetry.health().last_error
        assert error is not None and "no SQLite database" in error
        wait_until(lambda: telemetry.health().spool_waiting == 0)
        assert await telemetry.sink.committed(emit(tracer, Routed("after"))) == "committed"
    assert set(decision_ids(open_engine(f"sqlite:///{path}"))) == {"during", "after"}
    [aside] = path.parent.glob("t.db.damaged-*")
    assert aside.read_bytes() == b"\x55" * 200_000, "whoever wants to save something finds it"
    [told] = [record for record in caplog.records if getattr(record, "event_name", None) == "database_put_aside"]
    assert told.levelname == "ERROR" and aside.name in told.getMessage()


async def test_a_damaged_file_that_this_process_never_used_is_left_where_it_is(tmp_path: Path):
    path = tmp_path / "data" / "t.db"
    path.parent.mkdir()
    path.write_bytes(b"a letter to somebody" * 500)
    with pytest.raises(NotADatabase):
        opened(tmp_path)
    assert [file.name for file in path.parent.iterdir()] == ["t.db"]


async def test_nowhere_to_write_is_said_and_counted(tmp_path: Path):
    with opened(tmp_path) as telemetry:
        # The spool's place is taken by a file before anything is written, and the database by a folder.
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "spool").write_text("")
        shutil.rmtree(tmp_path / "data")
        (tmp_path / "data").write_text("")
        trace_id = emit(telemetry.tracer_provider.get_tracer("test"), Routed("d1"))
        assert await telemetry.sink.committed(trace_id) == "not_durable"
        health: Health = telemetry.health()
        assert health.not_durable == 1 and health.last_error is not None
        assert telemetry.sink.force_flush(1000) is True, "nothing is lost during this flush"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root, to become somebody who may not write")
def test_a_folder_that_may_not_be_written_is_one_sentence(tmp_path: Path):
    (tmp_path / "data").mkdir(mode=0o755)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.geteuid() and "pytest" in str(folder):
            folder.chmod(0o755)
    script = (
        "import os, sys; from telemetry.storage.engine import open_engine; from telemetry.errors import StorageError\n"
        "import sqlalchemy.dialects.sqlite\n"
        "os.setuid(65534)\n"
        "try: open_engine(sys.argv[1])\n"
        "except StorageError as error: print(type(error).__name__, error)"
    )
    url = f"sqlite:///{tmp_path / 'data' / 't.db'}"
    done = subprocess.run([sys.executable, "-c", script, url], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(FolderNotWritable.__name__), done.stderr
    assert "change its permissions" in done.stdout and done.stdout.count("\n") == 1


def test_readers_and_writers_of_several_processes_do_not_lock_each_other_out(tmp_path: Path):
    open_engine(f"sqlite:///{tmp_path / 'data' / 't.db'}").dispose()
    children = [start_child(tmp_path, f"{name}-") for name in "ab"]
    path = tmp_path / "data" / "t.db"
    for _ in range(200):
        with sqlite3.connect(path, timeout=0) as connection:
            connection.execute("SELECT count(*) FROM request").fetchone()
        connection.close()
    acknowledged = [line for child in children for line in kill_after(child, 50)]
    assert "not_durable" not in {state for state, _ in acknowledged}
    with opened(tmp_path) as telemetry:
        emit(telemetry.tracer_provider.get_tracer("test"), Routed("next"))
        kept = {name for _, name in acknowledged}
        wait_until(lambda: kept <= set(decision_ids(telemetry.engine)))
