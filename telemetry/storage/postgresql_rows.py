"""How rows travel to and from PostgreSQL: by COPY, or as one parameter of one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from telemetry.storage.bulk import Bulk, Row, Write
from telemetry.storage.placed import Place, Values

LOCK: Final = "SELECT pg_advisory_xact_lock(1919903861, hashtext(current_schema()))"
"""Taken by a transaction that changes what writers share; given back at its end."""
_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]


class Copying(Bulk):
    """COPY for what is new; what is looked for or changed is one statement a table, with all rows in one parameter.

    The statements of several tables are sent together: others wait for the lock while each goes to the server and back.
    """

    def lock(self, connection: sa.Connection) -> None:
        """Wait for the other writers, and keep them out to the end of the transaction."""
        connection.exec_driver_sql(LOCK)

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
        """See `Bulk.insert`."""
        names = [column.name for column in table.columns]
        self.place(connection, table, [tuple(row.get(name) for name in names) for row in rows])

    def place(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Values]) -> None:
        """See `Bulk.place`."""
        if rows:
            with _driver(connection).cursor() as cursor, cursor.copy(_copy_statement(table)) as copy:
                for row in rows:
                    copy.write_row(row)

    def known(
        self, connection: sa.Connection, table: sa.Table, keys: Sequence[tuple[Any, ...]]
    ) -> set[tuple[Any, ...]]:
        """See `Bulk.known`."""
        columns = tuple(table.primary_key)
        statement = _find_statement(table, columns)
        return set(_driver(connection).execute(statement, [_json(_names(columns), keys)]).fetchall()) if keys else set()

    def find(
        self, connection: sa.Connection, asked: Sequence[tuple[sa.Table, Sequence[Place]]]
    ) -> Sequence[Iterable[Sequence[Any]]]:
        """See `Bulk.find`."""
        driver = _driver(connection)
        with driver.pipeline():
            cursors = [
                driver.execute(
                    _find_statement(table, tuple(table.columns)), [_json(_names(tuple(table.primary_key)), places)]
                )
                for table, places in asked
            ]
        return [cursor.fetchall() for cursor in cursors]

    def write(self, connection: sa.Connection, writes: Sequence[Write]) -> None:
        """See `Bulk.write`."""
        driver = _driver(connection)
        with driver.pipeline():
            for one in writes:
                if one.fresh:
                    driver.execute(_insert_statement(one.table), [_json(_names(tuple(one.table.columns)), one.fresh)])
                if one.changed:
                    names = (*one.columns, *_names(tuple(one.table.primary_key)))
                    driver.execute(_change_statement(one.table, one.columns), [_json(names, one.changed)])


COPYING: Final = Copying()


def _json(names: Sequence[str], rows: Sequence[Values]) -> str:
    """Rows as the one parameter of a statement."""
    documents = [dict(zip(names, row, strict=True)) for row in rows]
    return json.dumps(documents, ensure_ascii=False, separators=(",", ":"), default=_moment)


def _moment(value: Any) -> str:
    if isinstance(value, date):  # moments too
        return value.isoformat()
    raise TypeError(f"a row holds a {type(value).__name__}")


@cache
def _copy_statement(table: sa.Table) -> str:
    return f"COPY {_name(table)} ({', '.join(map(_name, table.columns))}) FROM STDIN"


@cache
def _find_statement(table: sa.Table, wanted: tuple[sa.Column[Any], ...]) -> str:
    columns = ", ".join(f"stored.{_name(column)}" for column in wanted)
    return f"SELECT {columns} FROM {_name(table)} AS stored JOIN {_recordset(table)} AS given ON {_same(table)}"  # noqa: S608 - names are our tables'


@cache
def _insert_statement(table: sa.Table) -> str:
    columns = ", ".join(map(_name, table.columns))
    return f"INSERT INTO {_name(table)} ({columns}) SELECT {columns} FROM {_recordset(table)} AS given"  # noqa: S608 - as above


@cache
def _change_statement(table: sa.Table, columns: tuple[str, ...]) -> str:
    changed = ", ".join(f"{_name(table.c[name])} = given.{_name(table.c[name])}" for name in columns)
    return f"UPDATE {_name(table)} AS stored SET {changed} FROM {_recordset(table)} AS given WHERE {_same(table)}"  # noqa: S608 - as above


def _same(table: sa.Table) -> str:
    return " AND ".join(f"stored.{_name(key)} = given.{_name(key)}" for key in table.primary_key)


def _recordset(table: sa.Table) -> str:
    return f"json_populate_recordset(CAST(NULL AS {_name(table)}), CAST(%s AS json))"


def _names(columns: Sequence[sa.Column[Any]]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def _driver(connection: sa.Connection) -> Any:
    """psycopg's own connection, in the transaction of this one."""
    return connection.connection.driver_connection


def _name(element: sa.Table | sa.ColumnElement[Any]) -> str:
    return str(_DIALECT.identifier_preparer.quote(str(getattr(element, "name"))))  # noqa: B009
