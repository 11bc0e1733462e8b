"""SQLite: one file, for the processes of one machine.

It runs in WAL mode with ``synchronous=NORMAL``: a commit survives the death of the process, though the last few may
be lost with the machine's power. Every transaction of a writer begins IMMEDIATE, because a deferred one that reads and
then writes fails at once, whatever the timeout.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from telemetry.errors import DatabaseBusy, FolderNotWritable, NotADatabase, StorageError, UnsupportedDatabase
from telemetry.storage.backend import check_readable
from telemetry.storage.bulk import BULK_OPTION
from telemetry.storage.migrations import FIRST_VERSION, TABLES, VERSION_KEY
from telemetry.storage.sqlite_rows import UPSERTING, teach

_TIMEOUT: Final = "routescope_busy_timeout_ms"
"""Under this name a writer's connection knows how long it waits for the write lock."""
_ASKED: Final = 50
"""Times that it asks for it until then, though not more often nor less than these."""
_OFTEN_MS, _SELDOM_MS = 1.0, 10.0


def file_of(url: URL) -> Path:
    """The file that a URL names.

    Raises:
        UnsupportedDatabase: it names none.
    """
    if not url.database or url.database == ":memory:":
        raise UnsupportedDatabase(
            f"the database URL {str(url)!r} names no file, and several processes have to share it; use sqlite:///PATH"
        )
    return Path(url.database).expanduser()


def place_of(url: URL) -> str:
    """What messages call the database."""
    return str(file_of(url))


def writer(url: URL, *, busy_timeout_ms: int) -> sa.Engine:
    """See `telemetry.storage.engine.open_engine`; the schema is not looked at yet."""
    path = file_of(url)
    _make_writable(path)
    # Parameters are hidden: an error would show what people wrote in a log.
    engine = sa.create_engine(_url(path), hide_parameters=True, execution_options={BULK_OPTION: UPSERTING})
    sa.event.listen(engine, "connect", _prepare_writer(busy_timeout_ms))
    return engine


def tables() -> tuple[sa.Table, ...]:
    """As they are made in a new database."""
    return TABLES


def reader(url: URL) -> sa.Engine:
    """See `telemetry.storage.engine.open_reader`."""
    path = file_of(url)
    return sa.create_engine(_url(path), poolclass=NullPool, creator=lambda: _connect_reader(path), hide_parameters=True)


def begin(connection: sa.Connection, *, reads: bool) -> None:
    """Start a transaction: a writer's holds the write lock at once."""
    timeout_ms = connection.info.get(_TIMEOUT)
    if reads or timeout_ms is None:
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
        return
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        if not _has_begun(raw, timeout_ms):
            # For its error.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout = {timeout_ms}")


def _has_begun(connection: sqlite3.Connection, timeout_ms: int) -> bool:
    """Ask for the write lock every so often; False when time ran out, or it is not the lock that stands in the way.

    SQLite itself would ask after 1, 2, 5, 10, 15 ms and so on up to 100: of several writers the one that has waited
    longest would ask least, and get the lock last.
    """
    deadline = time.monotonic() + timeout_ms / 1e3
    pause_s = min(max(timeout_ms / _ASKED, _OFTEN_MS), _SELDOM_MS) / 1e3
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= deadline:
                return False
        else:
            return True
        time.sleep(pause_s)


def reading_options() -> dict[str, object]:
    """Nothing: a transaction that has begun sees one state."""
    return {}


def stored_bytes(engine: sa.Engine) -> int:
    """Size of the database's files, the write-ahead log included; 0 when there are none."""
    path = str(engine.url.database)
    sizes = (Path(path + suffix) for suffix in ("", "-wal", "-shm"))
    return sum(file.stat().st_size for file in sizes if file.is_file())


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """SQLite's errors, as sentences that a user can act on."""
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as error:
        cause = error.orig if isinstance(error, DatabaseError) else error
        text = str(cause)
        if "not a database" in text or "malformed" in text:
            raise NotADatabase(
                f"{place}: this is no SQLite database, or a damaged one ({text}); move it away, or name another file"
            ) from error
        if is_busy(cause):
            raise DatabaseBusy(f"{place}: another process holds the database; try again when it is done") from error
        if not blames_rows(cause):
            raise StorageError(f"{place}: the database cannot be used ({text}); check the disk and the path") from error
        raise


def words_of(cause: BaseException | None) -> str:
    """The error in a few words; SQLite's own hold no values."""
    return str(cause)


def blames_rows(cause: BaseException | None) -> bool:
    """Whether the rows are at fault rather than the database, its disk or its lock."""
    at_fault = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.InterfaceError)
    # A function of ours fails on a stored text that is no histogram.
    return isinstance(cause, at_fault) or "user-defined function" in str(cause)


def is_busy(cause: BaseException | None) -> bool:
    """Whether somebody else holds the database just now."""
    text = str(cause)
    return "locked" in text or "busy" in text


def is_conflict(cause: BaseException | None) -> bool:
    """Whether the same transaction may well pass when it is done again at once: never, writers take turns."""
    return False


def _url(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))


def _make_writable(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderNotWritable(
            f"{path.parent}: the database's folder cannot be made ({error.strerror}); name another file"
        ) from None
    if path.is_dir():
        raise NotADatabase(f"{path}: this is a folder; name a file in it")
    # SQLite keeps two files beside the database, so the folder itself has to be writable too.
    for place in (path.parent, path):
        if place.exists() and not os.access(place, os.W_OK):
            raise FolderNotWritable(
                f"{place}: the database cannot be written here; change its permissions or name another file"
            )


def _prepare_writer(busy_timeout_ms: int) -> Any:
    def prepare(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None
        record.info[_TIMEOUT] = int(busy_timeout_ms)
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_timeout_ms)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        # 16 MB: the pages of rollups and indexes change with every batch, and are copied back once for many of them.
        cursor.execute("PRAGMA wal_autocheckpoint = 4000")
        cursor.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten: without it, erased prompts could still be read out of the file's free pages.
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.close()
        teach(connection)

    return prepare


def _connect_reader(path: Path) -> sqlite3.Connection:
    if path.is_file():
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        try:
            # Not mode=ro: a WAL database needs its shared-memory file made, even by a reader.
            connection.execute("PRAGMA query_only = ON")
            if _readable_schema(connection, path):
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
    return _empty_database()


def _readable_schema(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether our tables are there: a file may exist for a moment before they do."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return False
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (VERSION_KEY,)).fetchone()
    check_readable(str(path), int(row[0]) if row else FIRST_VERSION)
    return True


def _empty_database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(_schema_script())
    return connection


@cache
def _schema_script() -> str:
    return ";".join(str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in TABLES)
