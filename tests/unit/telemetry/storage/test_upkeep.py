"""Room is given back, the log is emptied, and a database in use is copied whole."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.errors import StorageError
from telemetry.retention import prune
from telemetry.setup import Telemetry
from telemetry.storage.engine import open_engine
from telemetry.storage.inventory import take_inventory
from telemetry.storage.models import REQUEST
from telemetry.storage.slices import Slices
from telemetry.storage.upkeep import compact, copy_live, empty_log, reclaimable_bytes
from tests.traces import Routed, emit

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = NOW - timedelta(days=40)


@pytest.fixture
def url(tmp_path: Path) -> str:
    address = f"sqlite:///{tmp_path / 't.db'}"
    with Telemetry.open(address, home=tmp_path, content="full") as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        for number in range(60):
            emit(tracer, Routed(f"d{number}", at=OLD if number else NOW, prompt="a long question " * 200))
    return address


def pruned(url: str) -> sa.Engine:
    engine = open_engine(url)
    prune(engine, keep_days=7, keep_content_days=None, now=NOW, slices=Slices(engine, sleep=lambda _: None))
    return engine


def test_the_room_of_pruned_rows_is_given_back(url: str) -> None:
    engine = pruned(url)
    promised = reclaimable_bytes(engine)
    assert promised is not None and promised > 100_000
    done = compact(engine)
    assert done.before - done.after >= promised
    assert reclaimable_bytes(engine) == 0
    with engine.connect() as connection:
        assert connection.scalars(sa.select(REQUEST.c.decision_id)).all() == ["d0"]


def test_a_full_disk_is_said_before_anything_is_written(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 30, 1 << 30, 1 << 10))
    with pytest.raises(StorageError, match=r"0 MiB are free; free some space"):
        compact(pruned(url))


def test_the_log_is_empty_afterwards(url: str, tmp_path: Path) -> None:
    engine, log = pruned(url), tmp_path / "t.db-wal"
    # Whoever is the last to close takes the log away; so somebody else is there.
    with sqlite3.connect(tmp_path / "t.db") as other:
        other.execute("SELECT count(*) FROM request").fetchone()
        assert log.stat().st_size > 0
        assert empty_log(engine)
        assert log.stat().st_size == 0
    with engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10_000


def test_a_copy_of_a_database_in_use_is_of_one_moment(url: str, tmp_path: Path) -> None:
    with Telemetry.open(url, home=tmp_path) as telemetry:
        tracer = telemetry.tracer_provider.get_tracer("test")
        enough = threading.Event()

        def write() -> None:
            number = 0
            while not enough.is_set():
                emit(tracer, Routed(f"new{number}", at=NOW))
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            size = copy_live(telemetry.engine, tmp_path / "copy.db")
        finally:
            enough.set()
            writer.join()
    copy = tmp_path / "copy.db"
    assert size == copy.stat().st_size
    assert copy.stat().st_mode & 0o077 == 0
    rows = take_inventory(open_engine(f"sqlite:///{copy}")).tables
    assert rows["request"] >= 60
    assert (rows["branch"], rows["span"]) == (rows["request"], 3 * rows["request"])
    assert not list(tmp_path.glob(".*.partial"))


def test_a_copy_takes_no_files_place(url: str, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("somebody's")
    with pytest.raises(StorageError, match="there is a file of this name already"):
        copy_live(open_engine(url), tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "somebody's"


def test_a_copy_that_cannot_be_written_leaves_nothing(url: str, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        copy_live(open_engine(url), tmp_path / "none" / "copy.db")
    with sqlite3.connect(tmp_path / "t.db") as connection:
        assert connection.execute("SELECT count(*) FROM request").fetchone() == (60,)


def test_every_table_is_counted(url: str) -> None:
    told = take_inventory(open_engine(url))
    assert {name: told.tables[name] for name in ("request", "branch", "span", "content")} == {
        "request": 60,
        "branch": 60,
        "span": 180,
        "content": 120,
    }
    assert told.oldest_content == OLD
    assert told.rows_since is None
    assert take_inventory(pruned(url)).rows_since == datetime(2026, 11, 16, tzinfo=UTC)
