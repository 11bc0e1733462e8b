"""PostgreSQL: one server, for gateways on several machines.

Who only adds facts does so beside others, and takes a lock of the whole schema just before it updates the rollups;
everybody else holds that lock from the transaction's first moment. So there is one order of locks, nothing can
deadlock, and whoever reads and then writes is right, as on SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from telemetry.errors import DatabaseBusy, DatabaseUnreachable, StorageError, UnsupportedDatabase
from telemetry.storage import fulltext
from telemetry.storage.address import shown
from telemetry.storage.backend import ADDS, check_readable
from telemetry.storage.bulk import BULK_OPTION
from telemetry.storage.migrations import FIRST_VERSION, TABLES, VERSION_KEY
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, ROLLUPS, SPAN
from telemetry.storage.postgresql_rows import COPYING, LOCK
from telemetry.storage.types import is_text
from telemetry.text import clean

DRIVER: Final = "postgresql+psycopg"
RECYCLE_S: Final = 300
"""After this time a reader connects anew, and so notices a migration."""

_CONNECTING: Final = {
    "connect_timeout": "3",
    "application_name": "routescope",
    # A server that vanished without a word is noticed within seconds, not hours.
    "keepalives_idle": "10",
    "keepalives_interval": "3",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}
_READING: Final[dict[str, object]] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_SIZE: Final = sa.text(
    "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relpersistence = 'p'"
    " AND oid IN (SELECT to_regclass(name) FROM unnest(CAST(:names AS text[])) AS name)"
)
_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]

_BUSY: Final = frozenset({"55P03", "57014"})
_CONFLICT: Final = frozenset({"40001", "40P01", "23505"})
_ROWS_AT_FAULT: Final = frozenset({"22", "23", "54"})
"""Classes of errors: data, integrity, limits of size."""
_NOT_OURS: Final = frozenset({"42P01", "42703", "42804"})


def place_of(url: URL) -> str:
    """What messages call the database, without its password."""
    return shown(url.render_as_string(hide_password=False))


def file_of(url: URL) -> None:
    """There is no file."""


def writer(url: URL, *, busy_timeout_ms: int) -> sa.Engine:
    """See `telemetry.storage.engine.open_engine`; the schema is not looked at yet."""
    engine = _engine(url, execution_options={BULK_OPTION: COPYING})

    def prepare(connection: Any, _record: Any) -> None:
        _prepare(connection, f"SET lock_timeout = {int(busy_timeout_ms)}")

    sa.event.listen(engine, "connect", prepare)
    return engine


def reader(url: URL) -> sa.Engine:
    """See `telemetry.storage.engine.open_reader`."""
    engine = _engine(url, pool_recycle=RECYCLE_S, execution_options={**_READING, BULK_OPTION: COPYING})
    place = place_of(url)

    def prepare(connection: Any, record: Any) -> None:
        _prepare(connection)
        connection.adapters.register_dumper(str, _clean_text())
        connection.autocommit = True
        record.info["empty"] = not _readable_schema(connection, place)
        if record.info["empty"]:
            for statement in _empty_tables():
                connection.execute(statement)
        connection.autocommit = False

    def put_back(_connection: Any, record: Any) -> None:
        # What was an empty database a moment ago may have tables by the next query.
        if record.info.get("empty"):
            record.invalidate()

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "checkin", put_back)
    return engine


@cache
def tables() -> tuple[sa.Table, ...]:
    """As they are made in a new database: text sorts by its bytes, and whole numbers have 64 bits, as on SQLite.

    Facts come in the order of time, so a BRIN index finds a day in them at almost no cost.
    """
    metadata = sa.MetaData()
    made = tuple(table.to_metadata(metadata) for table in TABLES)
    for table in made:
        for column in table.columns:
            if is_text(column):
                column.type = sa.Text(collation="C")
            elif isinstance(column.type, sa.Integer) and not isinstance(column.type, sa.SmallInteger):
                column.type = sa.BigInteger()
    for facts in (REQUEST, BRANCH, SPAN, CONTENT):
        moments = metadata.tables[facts.name].c.ts
        brin = sa.Index(f"ix_{facts.name}_ts_brin", moments, postgresql_using="brin")
        brin.dialect_options["postgresql"]["with"] = {"autosummarize": "on"}
    fulltext.made_with(metadata.tables[CONTENT.name])
    for rollup in ROLLUPS:
        # Their rows change all the time: with room beside them, without touching the index.
        metadata.tables[rollup.name].dialect_options["postgresql"]["with"] = {
            "fillfactor": 60,
            "autovacuum_vacuum_scale_factor": 0.05,
        }
    return made


def begin(connection: sa.Connection, *, reads: bool) -> None:
    """A writer's transaction holds the lock from its first moment, unless it only adds facts."""
    if not reads and not connection.get_execution_options().get(ADDS, False):
        connection.exec_driver_sql(LOCK)


def reading_options() -> dict[str, object]:
    """One state for all statements, and none that changes it."""
    return _READING


def stored_bytes(engine: sa.Engine) -> int:
    """What our tables and their indexes take; 0 when they are not there."""
    with plain_errors(place_of(engine.url)), engine.connect().execution_options(**_READING) as connection:
        return int(connection.scalar(_SIZE, {"names": [table.name for table in TABLES]}) or 0)


def writing_refused(url: URL) -> str | None:
    """See `telemetry.storage.engine.writing_refused`."""
    engine = _engine(url)
    try:
        with plain_errors(place_of(url)), engine.connect() as connection:
            if connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar():
                return "it is a standby"
            if connection.exec_driver_sql("SHOW default_transaction_read_only").scalar() == "on":
                return "it is read-only"
            if connection.exec_driver_sql("SELECT to_regclass('meta')").scalar() is None:
                asked = "has_schema_privilege(current_schema(), 'CREATE')"
            else:
                asked = "has_table_privilege('request', 'INSERT')"
            return None if connection.exec_driver_sql(f"SELECT {asked}").scalar() else "this user may not"
    finally:
        engine.dispose()


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """PostgreSQL's errors, as sentences that a user can act on."""
    import psycopg

    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        plain = _plain(place, cause)
        if plain is None:
            raise
        raise plain from error


def words_of(cause: BaseException | None) -> str:
    """The error in a few words; PostgreSQL's details repeat the row, and errors in data the value."""
    if _state(cause)[:2] == "22":
        return type(cause).__name__
    primary = getattr(getattr(cause, "diag", None), "message_primary", None)
    return " ".join(str(primary or cause).split())[:300]


def blames_rows(cause: BaseException | None) -> bool:
    """Whether the rows are at fault rather than the database, its disk or its lock."""
    import psycopg

    state = _state(cause)
    return state[:2] in _ROWS_AT_FAULT or (isinstance(cause, psycopg.DataError) and not state)


def is_busy(cause: BaseException | None) -> bool:
    """Whether somebody else holds the lock just now."""
    return _state(cause) in _BUSY


def is_conflict(cause: BaseException | None) -> bool:
    """Whether two transactions stood in each other's way, also by inserting the same key."""
    return _state(cause) in _CONFLICT


def _engine(url: URL, **options: Any) -> sa.Engine:
    query = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    try:
        # Parameters are hidden: an error would show what people wrote in a log.
        return sa.create_engine(
            url,
            connect_args=query,
            hide_parameters=True,
            pool_pre_ping=True,
            use_native_hstore=False,
            **options,
        )
    except ImportError:
        raise UnsupportedDatabase(
            f"{place_of(url)}: PostgreSQL needs the extra `postgres`; install routescope[postgres]"
        ) from None


def _prepare(connection: Any, *statements: str) -> None:
    """What every connection needs: UTC, sums as whole numbers, and plans that are not compiled for milliseconds."""
    connection.adapters.register_loader("numeric", _number())
    connection.autocommit = True
    connection.execute("; ".join(("SET timezone = 'UTC'", "SET jit = off", *statements)))
    connection.autocommit = False


def _readable_schema(connection: Any, place: str) -> bool:
    """Whether our tables are there."""
    if connection.execute("SELECT to_regclass('meta')").fetchone()[0] is None:
        return False
    row = connection.execute("SELECT value FROM meta WHERE key = %s", (VERSION_KEY,)).fetchone()
    check_readable(place, int(row[0]) if row else FIRST_VERSION)
    return True


@cache
def _empty_tables() -> tuple[str, ...]:
    """Of the session alone: a database without tables reads as an empty one."""
    made = []
    for table in tables():
        statement = str(CreateTable(table).compile(dialect=_DIALECT)).strip()
        made.append(statement.replace("CREATE TABLE", "CREATE TEMPORARY TABLE", 1))
    return tuple(made)


@cache
def _number() -> Any:
    """Sums of 64-bit numbers come as numeric: whole ones are int, others float, as on SQLite."""
    from psycopg.adapt import Loader

    class Number(Loader):
        def load(self, data: Any) -> int | float:
            text = bytes(data)
            return int(text) if text.lstrip(b"-").isdigit() else float(text)

    return Number


@cache
def _clean_text() -> Any:
    """What is asked for is cleaned as what is stored was: PostgreSQL refuses NUL even in a question."""
    from psycopg.types.string import StrDumper

    class CleanText(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(clean(obj))

    return CleanText


def _state(cause: BaseException | None) -> str:
    return str(getattr(cause, "sqlstate", None) or "")


def _plain(place: str, cause: BaseException | None) -> StorageError | None:
    import psycopg

    state = _state(cause)
    words = words_of(cause)
    if state in _BUSY or (state in _CONFLICT and state != "23505"):
        return DatabaseBusy(f"{place}: another process holds the database; try again when it is done")
    if (not state and isinstance(cause, psycopg.OperationalError)) or state[:2] in ("08", "57", "28", "3D"):
        remedy = "see that the server runs, and that address, user and database are right"
        return DatabaseUnreachable(f"{place}: the database server cannot be used ({words}); {remedy}")
    if state == "42501":
        return StorageError(f"{place}: this user may not do that ({words}); grant it the database, or its schema")
    if state in _NOT_OURS:
        return StorageError(f"{place}: its tables are not RouteScope's ({words}); name a database or schema of its own")
    if state[:2] in ("25", "53", "55", "58", "XX"):
        return StorageError(f"{place}: the database cannot be used ({words}); see the server's disk, log and state")
    return None
