"""A SQLite file for a SQL tool: opened read-only, held to reading by an authorizer, stopped by a progress handler."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

from router_core.errors import ToolFailed
from router_core.tools.database import Interrupt, Rows
from router_core.tools.statement import InvalidStatement, Statement

MAX_VALUE_BYTES: Final = 1 << 20
"""Longest text or blob that a query may make or read; SQLite refuses longer ones."""
_STEPS: Final = 2000
"""Instructions of SQLite's virtual machine between two looks at the time: well under a millisecond."""
_READING: Final = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})
_REFUSED_FUNCTIONS: Final = frozenset({"load_extension", "fts3_tokenizer"})


class SqliteDatabase:
    """One file. A connection a query: opening takes a fraction of a millisecond, and the file may be replaced."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.resolve().as_uri()}?mode=ro"

    def fault(self) -> str | None:
        """Why the file cannot be read as a database; None when it can."""
        try:
            with self._open(1.0) as connection:
                connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        except sqlite3.Error as error:
            return str(error)
        return None

    def check(self, statement: Statement) -> tuple[str, ...]:
        """See `Database.check`."""
        values = dict.fromkeys(statement.parameters)
        try:
            with self._open(1.0) as connection:
                cursor = connection.execute(f"SELECT * FROM ({statement.text}) LIMIT 0", values)  # noqa: S608 (from the policy)
                return tuple(column for column, *_ in cursor.description)
        except sqlite3.Error as error:
            raise InvalidStatement(f"SQLite does not take it ({error})", "correct the statement") from None

    def fetch(
        self, statement: Statement, values: Mapping[str, Any], *, limit: int, seconds: float, interrupt: Interrupt
    ) -> Rows:
        """See `Database.fetch`."""
        ends = time.monotonic() + seconds
        try:
            with self._open(seconds) as connection:
                connection.set_progress_handler(lambda: interrupt.stopped or time.monotonic() > ends, _STEPS)
                cursor = connection.execute(statement.text, {name: _bound(value) for name, value in values.items()})
                rows = cursor.fetchmany(limit + 1)
                columns = tuple(column for column, *_ in cursor.description)
        except sqlite3.Error as error:
            if interrupt.stopped or time.monotonic() > ends:
                raise ToolFailed(f"the query took longer than {seconds:g} s and was interrupted") from None
            raise ToolFailed(
                f"SQLite refused the query ({getattr(error, 'sqlite_errorname', type(error).__name__)})"
            ) from None
        return Rows(columns, rows[:limit], len(rows) > limit)

    @contextmanager
    def _open(self, seconds: float) -> Iterator[sqlite3.Connection]:
        """A connection that cannot write: the file is open for reading only, and the authorizer knows only reading."""
        with closing(sqlite3.connect(self._uri, uri=True, timeout=seconds, isolation_level=None)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
            connection.text_factory = _text
            connection.set_authorizer(_authorize)
            yield connection


def _bound(value: Any) -> Any:
    """A value as SQLite keeps it: dates are text there."""
    return value.isoformat() if isinstance(value, date) else value


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _authorize(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    if action in _READING:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() not in _REFUSED_FUNCTIONS:
        return sqlite3.SQLITE_OK
    # A full-text table that is opened asks for this pragma, and is declared as if its line in the schema were written;
    # neither changes anything, the file being open for reading only.
    if (action, first) in ((sqlite3.SQLITE_PRAGMA, "data_version"), (sqlite3.SQLITE_UPDATE, "sqlite_master")):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY
