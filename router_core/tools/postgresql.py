"""A PostgreSQL database for a SQL tool, through psycopg 3: read-only sessions, a server-side cursor, a time limit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from router_core.errors import ToolFailed
from router_core.tools.database import Interrupt, Rows
from router_core.tools.statement import Statement

if TYPE_CHECKING:
    import psycopg

_DRIVER: Final = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")


class PostgresqlDatabase:
    """One database. A connection a query: nothing stays open, and a restarted server is found again.

    The session is read-only by default and so is the transaction; the statement is run as a cursor, which the server
    declares for a single SELECT only, without data-modifying parts. Rights are the database user's: one who may read
    the tables in question, and nothing else, is the third lock.
    """

    def __init__(self, url: str) -> None:
        """Keep the address; it is never shown.

        Raises:
            ModuleNotFoundError: psycopg is not installed.
            ValueError: the URL is none that PostgreSQL takes.
        """
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        self._address = _DRIVER.sub("postgresql://", url)
        try:
            conninfo_to_dict(self._address)
        except psycopg.Error:
            raise ValueError("no address of a PostgreSQL database") from None  # its own message shows the password

    def check(self, statement: Statement) -> None:
        """See `Database.check`; the server is not asked, since a policy must load while it is away."""

    def fetch(
        self, statement: Statement, values: Mapping[str, Any], *, limit: int, seconds: float, interrupt: Interrupt
    ) -> Rows:
        """See `Database.fetch`. The server ends the statement itself, also when the network is gone."""
        import psycopg

        try:
            with self._connect(seconds) as connection:
                if interrupt.stopped:
                    raise ToolFailed("nobody waits for the query any more")
                interrupt.on_stop(lambda: _cancel(connection))
                try:
                    return _run(connection, statement, values, limit)
                finally:
                    interrupt.on_stop(None)
        except psycopg.errors.QueryCanceled:
            raise ToolFailed(f"the query took longer than {seconds:g} s and was interrupted") from None
        except psycopg.Error as error:
            # Its text may hold host, user, or values: the name of its class says enough.
            raise ToolFailed(f"PostgreSQL refused the query or is away ({type(error).__name__})") from None

    def _connect(self, seconds: float) -> psycopg.Connection[tuple[Any, ...]]:
        import psycopg

        connection = psycopg.connect(
            self._address,
            connect_timeout=max(1, round(seconds)),
            options=f"-c default_transaction_read_only=on -c statement_timeout={max(1, round(seconds * 1000))}",
            application_name="routescope",
        )
        connection.read_only = True
        return connection


def _run(
    connection: psycopg.Connection[tuple[Any, ...]], statement: Statement, values: Mapping[str, Any], limit: int
) -> Rows:
    with connection.cursor(name="answer") as cursor:
        cursor.execute(statement.formatted, values)
        rows = cursor.fetchmany(limit + 1)
        columns = tuple(column.name for column in cursor.description or ())
    return Rows(columns, rows[:limit], len(rows) > limit)


def _cancel(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    import psycopg

    with suppress(psycopg.Error):
        connection.cancel_safe(timeout=2)
