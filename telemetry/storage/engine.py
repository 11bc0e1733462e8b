"""How the database is opened: the only place that chooses between one database and another.

`open_engine` is for those who write (processor, jobs, commands), `open_reader` for those who only look (pages). What
they do on SQLite and on PostgreSQL is in the two modules of these names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, StatementError

from telemetry.errors import RowsRefused, StorageError, UnsupportedDatabase
from telemetry.storage import postgresql, sqlite
from telemetry.storage.address import shown
from telemetry.storage.backend import ADDS, Backend
from telemetry.storage.migrations import migrate

DEFAULT_BUSY_MS = 10_000
TRIES: Final = 4
"""Of a transaction that stood in another's way."""
_READING: Final = "routescope_reading"
_BACKENDS: Final[dict[str, Backend]] = {"sqlite": sqlite, "postgresql": postgresql}
_REMEDY: Final = "use sqlite:///PATH or postgresql://USER:PASSWORD@HOST/DATABASE"

T = TypeVar("T")


def open_engine(url: str, *, busy_timeout_ms: int = DEFAULT_BUSY_MS) -> sa.Engine:
    """An engine that may write, on a database that exists and has the present schema.

    Args:
        url: ``sqlite:///relative.db`` or ``sqlite:////absolute/path.db``, whose missing folders are made; or
            ``postgresql+psycopg://user:password@host/database``, which has to exist.
        busy_timeout_ms: how long a transaction waits for another process's.

    Raises:
        UnsupportedDatabase, FolderNotWritable, NotADatabase, DatabaseUnreachable, DatabaseBusy, NewerSchema
    """
    parsed, backend = _parsed(url)
    engine = backend.writer(parsed, busy_timeout_ms=busy_timeout_ms)
    sa.event.listen(engine, "begin", _begin)
    where = backend.place_of(parsed)
    try:
        with backend.plain_errors(where):
            migrate(engine, where, tables=backend.tables())
    except StorageError:
        engine.dispose()
        raise
    return engine


def open_reader(url: str) -> sa.Engine:
    """An engine that never writes. A database that is not there yet, or has no tables yet, reads as an empty one.

    A file that appears, or is replaced, is seen by the next query.

    Raises:
        UnsupportedDatabase: at once. NotADatabase, DatabaseUnreachable, NewerSchema, OlderSchema: by the first query.
    """
    parsed, backend = _parsed(url)
    engine = backend.reader(parsed)
    engine.update_execution_options(**{_READING: True})
    sa.event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose statements all see the same state, and that holds no write lock on either kind of engine.

    Raises:
        StorageError: the database cannot be read, in one sentence.
    """
    backend = _backend_of(engine)
    options = {_READING: True, **backend.reading_options()}
    with (
        backend.plain_errors(backend.place_of(engine.url)),
        engine.connect().execution_options(**options) as connection,
    ):
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that holds the write lock from its first moment on and commits at its end.

    Raises:
        StorageError: the database cannot be written, in one sentence.
    """
    backend = _backend_of(engine)
    with backend.plain_errors(backend.place_of(engine.url)), engine.begin() as connection:
        yield connection


def add(engine: sa.Engine, work: Callable[[sa.Connection], T]) -> T:
    """Do ``work`` in a transaction that adds facts beside others', and commit; done again after a conflict.

    The transaction does not hold the write lock: ``work`` takes it with `Bulk.lock` before it changes rollups.

    Raises:
        RowsRefused: the database will not take these rows, now or later. Other StorageErrors: it cannot be used.
    """
    backend = _backend_of(engine)
    for last in (number == TRIES for number in range(1, TRIES + 1)):
        try:
            with (
                backend.plain_errors(backend.place_of(engine.url)),
                engine.connect().execution_options(**{ADDS: True}) as connection,
                connection.begin(),
            ):
                return work(connection)
        except Exception as error:
            cause = _cause(error)
            if backend.is_conflict(cause) and not last:
                continue
            if backend.blames_rows(cause) or isinstance(cause, (ValueError, OverflowError, TypeError)):
                # The cause alone: the whole message would repeat the rows, and so what people wrote.
                raise RowsRefused(f"the database refused ({backend.words_of(cause)})") from error
            raise
    raise AssertionError("the last try returns or raises")


def stored_bytes(engine: sa.Engine) -> int:
    """What the database takes on disk, indexes and write-ahead log included; 0 when it is not there."""
    return _backend_of(engine).stored_bytes(engine)


def place(engine: sa.Engine) -> str:
    """What messages call the engine's database; without a password."""
    return _backend_of(engine).place_of(engine.url)


def database_path(url: str) -> Path | None:
    """The file that a URL names; None for a server.

    Raises:
        UnsupportedDatabase
    """
    parsed, backend = _parsed(url)
    return backend.file_of(parsed)


def writing_refused(url: str) -> str | None:
    """Why a server lets this user write nothing, in a few words; None when it does. Makes and changes nothing.

    Raises:
        StorageError: it cannot even be asked.
    """
    parsed, _ = _parsed(url)
    return postgresql.writing_refused(parsed)


def _parsed(url: str) -> tuple[URL, Backend]:
    try:
        parsed = make_url(url)
    except ArgumentError:
        # Not shown: whatever it is, it may hold a password.
        raise UnsupportedDatabase(f"the database URL cannot be read; {_REMEDY}") from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername=postgresql.DRIVER)
    known = parsed.drivername == postgresql.DRIVER or parsed.get_backend_name() == "sqlite"
    backend = _BACKENDS[parsed.get_backend_name()] if known else None
    if backend is None:
        raise UnsupportedDatabase(f"the database URL {shown(url)} names a database that is not supported; {_REMEDY}")
    backend.file_of(parsed)
    return parsed, backend


def _backend_of(engine: sa.Engine) -> Backend:
    return _BACKENDS[engine.dialect.name]


def _begin(connection: sa.Connection) -> None:
    reads = bool(connection.get_execution_options().get(_READING, False))
    _BACKENDS[connection.dialect.name].begin(connection, reads=reads)


def _cause(error: BaseException) -> BaseException | None:
    """The driver's own error, below SQLAlchemy's and ours."""
    if isinstance(error, StorageError) and error.__cause__ is not None:
        error = error.__cause__
    return error.orig if isinstance(error, StatementError) else error
