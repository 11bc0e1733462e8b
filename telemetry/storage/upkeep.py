"""What keeps a database in shape: giving room back, emptying the log, a copy of a database that is in use.

Databases differ in this more than in anything else, so both ways stand here side by side.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from telemetry.errors import StorageError, UnsupportedDatabase
from telemetry.storage import sqlite
from telemetry.storage.engine import stored_bytes
from telemetry.storage.migrations import TABLES

_SQLITE: Final = "sqlite"
_LOG_BUSY_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Compacted:
    """Sizes in bytes."""

    before: int
    after: int


def compact(engine: sa.Engine) -> Compacted:
    """Give the room of deleted rows back to the disk.

    SQLite writes the whole file anew: that takes as much room again, and nobody else can write meanwhile (decisions go
    to the spool, readers read on). PostgreSQL makes the room reusable while everybody goes on.

    Raises:
        StorageError: there is not enough room, or the database cannot be used.
    """
    before = stored_bytes(engine)
    if engine.dialect.name == _SQLITE:
        path = _file(engine)
        free = shutil.disk_usage(path.parent).free
        if free < before:
            raise StorageError(
                f"{path}: writing the file anew takes {before >> 20} MiB and {free >> 20} MiB are free; "
                f"free some space, or prune more first"
            )
        _run(engine, "VACUUM")
        empty_log(engine)
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in TABLES:
                connection.exec_driver_sql(f"VACUUM (ANALYZE) {table.name}")
    return Compacted(before, stored_bytes(engine))


def reclaimable_bytes(engine: sa.Engine) -> int | None:
    """What `compact` would give back, at least; None when the database does not say."""
    if engine.dialect.name != _SQLITE or not _file(engine).is_file():
        return None
    with sqlite.plain_errors(sqlite.place_of(engine.url)), closing(_connect(_file(engine))) as connection:
        pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_size"))
    return int(pages) * int(size)


def empty_log(engine: sa.Engine) -> bool:
    """Take over the write-ahead log into the file and cut it: deleted rows are then nowhere any more.

    Returns:
        False when a reader held on to the log for too long; True also where there is no such log.
    """
    if engine.dialect.name != _SQLITE:
        return True
    busy, _, _ = _run(engine, f"PRAGMA busy_timeout = {_LOG_BUSY_MS}", "PRAGMA wal_checkpoint(TRUNCATE)")
    return not busy


def copy_live(engine: sa.Engine, path: Path) -> int:
    """Copy a database that may be in use to a file: of one moment, checked, whole or not there at all.

    Returns:
        The size of the copy in bytes.

    Raises:
        UnsupportedDatabase: it is not SQLite.
        StorageError: the copy cannot be made, or ``path`` exists already.
    """
    if engine.dialect.name != _SQLITE:
        raise UnsupportedDatabase("a PostgreSQL database is copied by its own tools; use pg_dump")
    source = _file(engine)
    if path.exists():
        raise StorageError(f"{path}: there is a file of this name already; name another")
    if not source.is_file():
        raise StorageError(f"{source}: there is no database to copy")
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        # Made first, so that nobody else can read it.
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with sqlite.plain_errors(str(path)):
            with closing(_connect(source)) as connection:
                connection.execute("VACUUM INTO ?", (str(partial),))
            with closing(_connect(partial)) as copy:
                faults = copy.execute("PRAGMA quick_check").fetchone()[0]
        if faults != "ok":
            raise StorageError(f"{source}: the copy is damaged ({faults}); so may be the database itself")
        size = partial.stat().st_size
        partial.rename(path)
    except OSError as error:
        raise StorageError(f"{path}: the copy cannot be written ({error.strerror or error})") from None
    finally:
        partial.unlink(missing_ok=True)
    return size


def _file(engine: sa.Engine) -> Path:
    return sqlite.file_of(engine.url)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=10.0)


def _run(engine: sa.Engine, *statements: str) -> tuple[int, int, int]:
    """Statements that no transaction may hold; the last one's first row."""
    with sqlite.plain_errors(sqlite.place_of(engine.url)):
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            for statement in statements:
                cursor.execute(statement)
            row = cursor.fetchone()
            cursor.close()
        finally:
            # Its settings are not those of the others any more.
            raw.invalidate()
    return row or (0, 0, 0)
