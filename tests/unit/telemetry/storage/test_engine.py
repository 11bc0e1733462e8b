from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from telemetry.errors import (
    DatabaseBusy,
    FolderNotWritable,
    NewerSchema,
    NotADatabase,
    OlderSchema,
    UnsupportedDatabase,
)
from telemetry.storage.engine import database_path, open_engine, open_reader, reading
from telemetry.storage.migrations import known_version
from telemetry.storage.models import META, REQUEST
from telemetry.storage.sqlite import begin


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def set_version(path: Path, version: int) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(version),))
    connection.close()


def test_missing_folders_are_made(tmp_path: Path):
    open_engine(url(tmp_path / "a" / "b" / "t.db")).dispose()
    assert (tmp_path / "a" / "b" / "t.db").is_file()


def test_a_new_database_has_the_present_schema(tmp_path: Path):
    engine = open_engine(url(tmp_path / "t.db"))
    with reading(engine) as connection:
        assert connection.scalar(sa.select(META.c.value).where(META.c.key == "schema_version")) == str(known_version())


def test_opening_twice_changes_nothing(tmp_path: Path):
    open_engine(url(tmp_path / "t.db")).dispose()
    before = (tmp_path / "t.db").read_bytes()
    open_engine(url(tmp_path / "t.db")).dispose()
    assert (tmp_path / "t.db").read_bytes() == before


def test_a_writer_works_in_wal_mode_with_normal_synchronisation(tmp_path: Path):
    engine = open_engine(url(tmp_path / "t.db"))
    with reading(engine) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def test_a_writer_takes_the_write_lock_when_it_begins(tmp_path: Path):
    engine = open_engine(url(tmp_path / "t.db"))
    other = open_engine(url(tmp_path / "t.db"), busy_timeout_ms=1)
    with (
        engine.begin() as connection,
        pytest.raises(sa.exc.OperationalError, match="locked"),
        other.begin(),
    ):
        connection.scalar(sa.select(1))


def test_a_writer_that_waits_begins_once_the_other_has_committed(tmp_path: Path):
    first = open_engine(url(tmp_path / "t.db"))
    other = open_engine(url(tmp_path / "t.db"), busy_timeout_ms=120_000)
    seen: list[object] = []

    def wait() -> None:
        with other.begin() as connection:
            seen.append(connection.scalar(sa.select(META.c.value).where(META.c.key == "by")))
            # Whoever waits for anything else waits as SQLite does.
            seen.append(connection.exec_driver_sql("PRAGMA busy_timeout").scalar())

    thread = threading.Thread(target=wait)
    with first.begin() as connection:
        thread.start()
        connection.execute(sa.insert(META).values(key="by", value="the first"))
    thread.join(60)
    assert seen == ["the first", 120_000]


def test_what_is_not_the_lock_is_told_at_once(tmp_path: Path):
    engine = open_engine(url(tmp_path / "t.db"), busy_timeout_ms=600_000)
    with engine.begin() as connection, pytest.raises(sa.exc.OperationalError, match="within a transaction"):
        begin(connection, reads=False)


def test_reading_through_a_writers_engine_takes_no_lock(tmp_path: Path):
    engine = open_engine(url(tmp_path / "t.db"))
    other = open_engine(url(tmp_path / "t.db"), busy_timeout_ms=1)
    with reading(engine) as connection:
        connection.scalar(sa.select(1))
        with other.begin() as writing:
            writing.execute(sa.insert(META).values(key="k", value="v"))


def test_a_reader_of_a_file_that_is_not_there_sees_an_empty_store(tmp_path: Path):
    reader = open_reader(url(tmp_path / "none" / "t.db"))
    with reading(reader) as connection:
        assert connection.execute(sa.select(REQUEST)).all() == []
    assert list(tmp_path.iterdir()) == []


def test_a_reader_sees_the_file_once_it_is_there(tmp_path: Path):
    reader = open_reader(url(tmp_path / "t.db"))
    with reading(reader) as connection:
        assert connection.execute(sa.select(META)).all() == []
    open_engine(url(tmp_path / "t.db")).dispose()
    with reading(reader) as connection:
        assert connection.execute(sa.select(META)).all() == [("schema_version", str(known_version()))]


def test_a_file_without_our_tables_reads_as_empty(tmp_path: Path):
    (tmp_path / "t.db").touch()
    with reading(open_reader(url(tmp_path / "t.db"))) as connection:
        assert connection.execute(sa.select(REQUEST)).all() == []


def test_a_reader_cannot_write(tmp_path: Path):
    open_engine(url(tmp_path / "t.db")).dispose()
    with pytest.raises(Exception, match="readonly"), reading(open_reader(url(tmp_path / "t.db"))) as connection:
        connection.execute(sa.delete(META))


@pytest.mark.parametrize("opened", ["writer", "reader"])
def test_a_newer_schema_is_refused_with_both_versions_and_left_untouched(tmp_path: Path, opened: str):
    path = tmp_path / "t.db"
    open_engine(url(path)).dispose()
    set_version(path, 999)
    before = path.read_bytes()
    with pytest.raises(NewerSchema, match=rf"999.*{known_version()}.*upgrade") as caught:
        if opened == "writer":
            open_engine(url(path))
        else:
            with reading(open_reader(url(path))):
                pass
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_an_older_schema_cannot_be_read_before_it_is_migrated(tmp_path: Path):
    path = tmp_path / "t.db"
    open_engine(url(path)).dispose()
    set_version(path, known_version() - 1)
    with pytest.raises(OlderSchema, match="db migrate"), reading(open_reader(url(path))):
        pass


@pytest.mark.parametrize("opened", ["writer", "reader"])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, opened: str):
    path = tmp_path / "t.db"
    path.write_bytes(b"this is a diary, and no database at all" * 100)
    with pytest.raises(NotADatabase, match=r"t\.db: this is no SQLite database"):
        if opened == "writer":
            open_engine(url(path))
        else:
            with reading(open_reader(url(path))):
                pass
    assert path.read_bytes().startswith(b"this is a diary")


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path):
    with pytest.raises(NotADatabase, match="folder"):
        open_engine(url(tmp_path))


def test_a_parent_that_is_a_file_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderNotWritable, match="cannot be made"):
        open_engine(url(tmp_path / "file" / "t.db"))


def test_a_database_that_somebody_holds_is_busy_and_not_broken(tmp_path: Path):
    path = tmp_path / "t.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA journal_mode = WAL")
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy, match="another process"):
        open_engine(url(path), busy_timeout_ms=10)
    holder.close()


@pytest.mark.parametrize(
    "wrong",
    ["mysql://u:secret@h/d", "postgresql+psycopg2://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "secret is this"],
)
def test_another_kind_of_url_is_refused_and_no_password_is_shown(wrong: str):
    with pytest.raises(UnsupportedDatabase, match="use sqlite:///PATH") as caught:
        database_path(wrong)
    assert "secret" not in str(caught.value)
