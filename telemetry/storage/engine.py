"""How the database is opened: the only place that knows one database from another.

`open_engine` is for those who write (processor, jobs, commands), `open_reader` for those who only look (pages).
SQLite runs in WAL mode with ``synchronous=NORMAL``: a commit survives the death of the process, though the last few
may be lost with the machine's power. Every transaction of a writer begins IMMEDIATE, because a deferred one that
reads and then writes fails at once, whatever the timeout.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateTable

from telemetry.errors import (
    DatabaseBusy,
    FolderNotWritable,
    NewerSchema,
    NotADatabase,
    OlderSchema,
    StorageError,
    UnsupportedDatabase,
)
from telemetry.storage.migrations import FIRST_VERSION, TABLES, VERSION_KEY, known_version, migrate

DEFAULT_BUSY_MS = 10_000
_READING = "routescope_reading"


def open_engine(url: str, *, busy_timeout_ms: int = DEFAULT_BUSY_MS) -> sa.Engine:
    """An engine that may write, on a database that exists and has the present schema.

    Args:
        url: ``sqlite:///relative.db`` or ``sqlite:////absolute/path.db``. Missing folders are made.
        busy_timeout_ms: how long a transaction waits for another process's.

    Raises:
        UnsupportedDatabase, FolderNotWritable, NotADatabase, DatabaseBusy, NewerSchema
    """
    path = database_path(url)
    _make_writable(path)
    # Parameters are hidden: an error would show what people wrote in a log.
    engine = sa.create_engine(_sqlite_url(path), hide_parameters=True)
    sa.event.listen(engine, "connect", _prepare_writer(busy_timeout_ms))
    sa.event.listen(engine, "begin", _begin)
    try:
        with _plain_errors(path):
            migrate(engine, str(path))
    except StorageError:
        engine.dispose()
        raise
    return engine


def open_reader(url: str) -> sa.Engine:
    """An engine that never writes. A file that is not there yet reads as an empty database.

    Each checkout is a connection of its own: a file that appears, or is replaced, is seen by the next query.

    Raises:
        UnsupportedDatabase: at once. NotADatabase, NewerSchema, OlderSchema: by the first query.
    """
    path = database_path(url)
    engine = sa.create_engine(
        _sqlite_url(path), poolclass=NullPool, creator=lambda: _connect_reader(path), hide_parameters=True
    )
    sa.event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose statements all see the same state, and that holds no write lock on either kind of engine.

    Raises:
        StorageError: the database cannot be read, in one sentence.
    """
    with (
        _plain_errors(engine.url.database or ""),
        engine.connect().execution_options(**{_READING: True}) as connection,
    ):
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that holds the write lock from its first moment on and commits at its end.

    Raises:
        StorageError: the database cannot be written, in one sentence.
    """
    with _plain_errors(engine.url.database or ""), engine.begin() as connection:
        yield connection


def stored_bytes(engine: sa.Engine) -> int:
    """Size of the database's files, the write-ahead log included; 0 when there are none."""
    path = str(engine.url.database)
    sizes = (Path(path + suffix) for suffix in ("", "-wal", "-shm"))
    return sum(file.stat().st_size for file in sizes if file.is_file())


def database_path(url: str) -> Path:
    """The file that a URL names.

    Raises:
        UnsupportedDatabase: not a SQLite file.
    """
    remedy = "use sqlite:///PATH"
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise UnsupportedDatabase(f"the database URL {url!r} cannot be read; {remedy}") from None
    if parsed.get_backend_name() != "sqlite":
        shown = parsed.render_as_string(hide_password=True)
        raise UnsupportedDatabase(f"the database URL {shown} names a database that is not supported; {remedy}")
    if not parsed.database or parsed.database == ":memory:":
        raise UnsupportedDatabase(
            f"the database URL {url!r} names no file, and several processes have to share it; {remedy}"
        )
    return Path(parsed.database).expanduser()


def _sqlite_url(path: Path) -> URL:
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
    def prepare(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_timeout_ms)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        # What is deleted is overwritten: without it, erased prompts could still be read out of the file's free pages.
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.close()

    return prepare


def _begin(connection: sa.Connection) -> None:
    reads = connection.get_execution_options().get(_READING, False) or isinstance(connection.engine.pool, NullPool)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


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
    found = int(row[0]) if row else FIRST_VERSION
    known = known_version()
    if found > known:
        raise NewerSchema(str(path), found, known)
    if found < known:
        raise OlderSchema(str(path), found, known)
    return True


def _empty_database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(_schema_script())
    return connection


@cache
def _schema_script() -> str:
    return ";".join(str(CreateTable(table).compile(dialect=sqlite.dialect())) for table in TABLES)


@contextmanager
def _plain_errors(place: Path | str) -> Iterator[None]:
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
        if "locked" in text or "busy" in text:
            raise DatabaseBusy(f"{place}: another process holds the database; try again when it is done") from error
        if isinstance(error, (OperationalError, sqlite3.OperationalError)):
            raise StorageError(f"{place}: the database cannot be used ({text}); check the disk and the path") from error
        raise
