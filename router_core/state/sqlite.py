"""State in an SQLite file: for several processes of one machine, and there again after a restart.

Writes are single short transactions that lock from their first statement: one that reads first and then writes would
fail at once when another writes in between.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from router_core.clock import Clock
from router_core.errors import StateBusy, StateUnavailable
from router_core.state.operations import Note, Question
from router_core.state.statements import Row
from router_core.state.tables import Batch, create, only_reads

WAIT_S: Final = 0.02
"""How long a transaction waits for another process's, before it is tried again."""
_PATIENCE_S: Final = 5.0
"""How long opening waits."""
_LOCKED: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


class SqliteDatabase:
    """See `Database`. Each process has its own."""

    def __init__(self, file: Path, clock: Clock, *, wait_s: float = WAIT_S) -> None:
        """Open the file, and make it when it is not there.

        ``wait_s``: how long a transaction waits for another process's.

        Raises:
            StateUnavailable
        """
        self._file = file
        self._clock = clock
        with self._saying_what_failed():
            file.parent.mkdir(parents=True, exist_ok=True)
            # Opened in one thread, used in another, never in two at a time.
            self._connection = sqlite3.connect(file, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            with self._transaction("IMMEDIATE"):
                create(self._connection.execute, "", "TEXT", "BLOB")
            self._connection.execute(f"PRAGMA busy_timeout = {round(wait_s * 1000)}")

    def carry_out(self, notes: Sequence[Note], questions: Sequence[Question]) -> list[Any]:
        """See `Database.carry_out`."""
        mode = "DEFERRED" if only_reads(notes, questions) else "IMMEDIATE"
        with self._saying_what_failed(), self._transaction(mode):
            return Batch(self, "", self._clock.time_ns()).carry_out(notes, questions)

    def sweep(self) -> None:
        """See `Database.sweep`."""
        with self._saying_what_failed(), self._transaction("IMMEDIATE"):
            Batch(self, "", self._clock.time_ns()).sweep()

    def close(self) -> None:
        """See `Database.close`."""
        self._connection.close()

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """See `Statements.run`."""
        return self._connection.execute(sql, values).fetchall()

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """See `Statements.run_many`."""
        self._connection.executemany(sql, rows)

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[None]:
        self._connection.execute(f"BEGIN {mode}")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk, say, has rolled it back already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _saying_what_failed(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            busy = isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in _LOCKED
            words = f"the state's file {self._file.name} cannot be used ({error}); see that it is not locked or full"
            raise (StateBusy if busy else StateUnavailable)(words) from None
