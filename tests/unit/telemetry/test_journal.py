from __future__ import annotations

import logging
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry import journal as journals
from telemetry.incidents import incident_row
from telemetry.journal import Journal, Row
from telemetry.storage.engine import open_engine, reading
from telemetry.storage.operation import INCIDENT

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def row(minute: int = 0) -> Row:
    return incident_row("spool_in_use", "it is full", at=NOON + timedelta(minutes=minute), process="p")


def moments(url: str) -> list[datetime]:
    with reading(open_engine(url)) as connection:
        return list(connection.scalars(sa.select(INCIDENT.c.ts).order_by(INCIDENT.c.ts)))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 't.db'}"


def test_a_row_is_in_the_database_a_moment_later(url: str):
    journal = Journal(url)
    journal.add(INCIDENT, row())
    assert journal.flush()
    assert moments(url) == [NOON]
    assert journal.close() and journal.left_out == 0


def test_the_same_row_twice_is_one(url: str):
    journal = Journal(url)
    for _ in range(2):
        journal.add(INCIDENT, row())
        assert journal.flush()
    assert moments(url) == [NOON]
    journal.close()


def test_rows_wait_while_the_database_is_locked_and_nobody_waits_for_them(
    url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(journals, "BUSY_MS", 1)
    engine, journal = open_engine(url), Journal(url, retry_s=0.01)
    with engine.begin():
        journal.add(INCIDENT, row())
        assert not journal.flush(0.1)
    assert journal.flush()
    assert moments(url) == [NOON]
    assert sum("wait in memory" in record.message for record in caplog.records) == 1
    journal.close()


def test_only_so_many_wait_and_the_newest_are_kept(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(journals, "MOST_WAITING", 3)
    monkeypatch.setattr(journals, "BUSY_MS", 1)
    engine, journal = open_engine(url), Journal(url, retry_s=0.01)
    with engine.begin():
        for minute in range(5):
            journal.add(INCIDENT, row(minute))
        assert not journal.flush(0.1)
    assert journal.flush()
    assert moments(url) == [NOON + timedelta(minutes=minute) for minute in (2, 3, 4)]
    assert journal.left_out == 2
    journal.close()


def test_closing_does_not_wait_for_a_database_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(journals, "BUSY_MS", 1)
    (tmp_path / "t.db").write_bytes(b"no database at all, and long enough to be one" * 99)
    journal = Journal(f"sqlite:///{tmp_path / 't.db'}", retry_s=60)
    journal.add(INCIDENT, row())
    assert not journal.close(5)
    journal.add(INCIDENT, row())
    assert journal.left_out == 1, "what comes after the end is counted"


def test_a_row_that_fits_no_database_does_not_end_it(url: str, caplog: pytest.LogCaptureFixture):
    journal = Journal(url)
    with caplog.at_level(logging.ERROR):
        journal.add(INCIDENT, row() | {"detail": object()})
        assert journal.flush()
    journal.add(INCIDENT, row(1))
    assert journal.flush()
    assert moments(url) == [NOON + timedelta(minutes=1)]
    assert journal.left_out == 1
    assert "do not fit the database" in caplog.text
    journal.close()


def test_a_database_that_was_replaced_gets_what_comes_from_then_on(url: str, tmp_path: Path):
    journal = Journal(url)
    journal.add(INCIDENT, row())
    assert journal.flush()
    for file in tmp_path.glob("t.db*"):
        file.unlink()
    journal.add(INCIDENT, row(1))
    assert journal.flush()
    assert moments(url) == [NOON + timedelta(minutes=1)]
    journal.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_writes_its_own_rows(url: str, tmp_path: Path):
    journal = Journal(url)
    journal.add(INCIDENT, row())
    assert journal.flush()
    child = os.fork()
    if child == 0:
        journal.add(INCIDENT, row(1))
        os._exit(0 if journal.close() else 1)
    assert os.waitpid(child, 0)[1] == 0
    with sqlite3.connect(tmp_path / "t.db") as raw:
        assert raw.execute("SELECT count(*) FROM incident").fetchone() == (2,)
    journal.close()
