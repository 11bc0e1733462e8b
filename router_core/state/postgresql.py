"""State in PostgreSQL: for gateways on several machines. Its tables are its own and begin with ``state_``.

Whoever writes holds one advisory lock, so that transactions follow each other as on SQLite and none of them can
deadlock. They are short, and each does what many requests have asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from router_core.clock import Clock
from router_core.errors import StateBusy, StateUnavailable
from router_core.state.operations import Note, Question
from router_core.state.statements import Row
from router_core.state.tables import Batch, create, only_reads

if TYPE_CHECKING:
    from psycopg import Connection

PREFIX: Final = "state_"
WAIT_MS: Final = 20
"""How long a transaction waits for another gateway's, before it is tried again."""
_STATEMENT_MS: Final = 2_000
_CREATE_MS: Final = 10_000
_BUSY: Final = frozenset({"55P03", "57014", "40001", "40P01"})
_CONNECTING: Final[dict[str, Any]] = {
    "connect_timeout": 3,
    "application_name": "routescope state",
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}


class PostgresDatabase:
    """See `Database`. It connects again when the connection is lost."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Connect, and make the tables that are missing; several processes may do this at once.

        ``url``: ``postgresql+psycopg://USER:PASSWORD@HOST/DATABASE``, or without the driver's name.

        Raises:
            StateUnavailable
        """
        self._url = re.sub(r"^postgres(ql)?(\+psycopg)?://", "postgresql://", url)
        self._clock = clock
        self._connection: Connection[Any] | None = None
        with self._saying_what_failed():
            self.run(f"SET lock_timeout = {_CREATE_MS}")
            with self._transaction():
                # Two that make one table at a time fail in the catalogue, whatever IF NOT EXISTS says.
                self._lock()
                create(self.run, PREFIX, 'TEXT COLLATE "C"', "BYTEA")
            self.run(f"SET lock_timeout = {WAIT_MS}")

    def carry_out(self, notes: Sequence[Note], questions: Sequence[Question]) -> list[Any]:
        """See `Database.carry_out`."""
        batch = Batch(self, PREFIX, self._clock.time_ns())
        with self._saying_what_failed():
            if only_reads(notes, questions):
                return batch.carry_out(notes, questions)
            with self._transaction():
                self._lock()
                return batch.carry_out(notes, questions)

    def sweep(self) -> None:
        """See `Database.sweep`."""
        with self._saying_what_failed(), self._transaction():
            self._lock()
            Batch(self, PREFIX, self._clock.time_ns()).sweep()

    def close(self) -> None:
        """See `Database.close`."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None

    def run(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """See `Statements.run`."""
        cursor = self._connected().execute(_in_its_words(sql), values or None)
        # What gives no rows is not waited for: it goes on its way with the next statement that does.
        return cursor.fetchall() if sql.startswith("SELECT") or " RETURNING " in sql else []

    def run_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """See `Statements.run_many`."""
        with self._connected().cursor() as cursor:
            cursor.executemany(_in_its_words(sql), rows)

    def _lock(self) -> None:
        # One lock a schema: gateways of other schemas of this database have state of their own.
        self._connected().execute(
            "SELECT pg_advisory_xact_lock(hashtext('routescope state'), hashtext(current_schema()))"
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        connection = self._connected()
        with connection.pipeline(), connection.transaction():
            yield

    def _connected(self) -> Connection[Any]:
        if self._connection is None:
            import psycopg

            self._connection = psycopg.connect(self._url, autocommit=True, **_CONNECTING)
            # A settlement that a crash of the server's machine loses is one of its last fifth of a second; waiting for
            # its disk would make everybody wait, for whoever writes holds the lock.
            self._connection.execute(
                f"SET synchronous_commit = off; SET jit = off; SET lock_timeout = {WAIT_MS};"
                f" SET statement_timeout = {_STATEMENT_MS}"
            )
        return self._connection

    @contextmanager
    def _saying_what_failed(self) -> Iterator[None]:
        try:
            import psycopg
        except ImportError:
            raise StateUnavailable("PostgreSQL needs the extra `postgres`; install routescope[postgres]") from None
        try:
            yield
        except psycopg.Error as error:
            busy = error.sqlstate in _BUSY
            if not busy:
                self.close()
            # Without the address, which may hold a password.
            said = error.diag.message_primary or type(error).__name__
            words = f"the state in PostgreSQL cannot be used ({said}); see that the server runs and is not locked"
            raise (StateBusy if busy else StateUnavailable)(words) from None


def _in_its_words(sql: str) -> str:
    return sql.replace("?", "%s")
