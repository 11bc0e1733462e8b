"""From schema version 10 to 11: opinions of judges beside those of people, and what is still to be judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from telemetry.storage.evaluation import EVALUATION, EVALUATION_TASK

Progress: TypeAlias = Callable[[float], None]

VERSION: Final = 11
_OLD: Final = "evaluation_10"


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    known = {column["name"] for column in sa.inspect(connection).get_columns(EVALUATION.name)}
    if "answer" not in known:
        _make_anew(connection, tables[EVALUATION.name], sorted(known))
    tables[EVALUATION_TASK.name].create(connection, checkfirst=True)
    for index in tables["request"].indexes:
        index.create(connection, checkfirst=True)
    progress(1.0)


def _make_anew(connection: sa.Connection, table: sa.Table, known: list[str]) -> None:
    """The key grows and a column may be NULL from now on: no database changes both in place. Opinions are few."""
    connection.exec_driver_sql(f"CREATE TABLE {_OLD} AS SELECT * FROM {table.name}")  # noqa: S608
    # With it go its indexes and the name of its key, so that the new table can have them.
    connection.exec_driver_sql(f"DROP TABLE {table.name}")
    table.create(connection)
    new = {"answer": "'given'", "method": "'human'", "sampled": "false", "escalated": "false", "stronger": "false"}
    columns = ", ".join([*known, *new, "scores"])
    values = ", ".join([*(f"old.{name}" for name in known), *new.values(), "'[]'"])
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) SELECT {values} FROM {_OLD} AS old")  # noqa: S608
    connection.exec_driver_sql(f"DROP TABLE {_OLD}")
    connection.exec_driver_sql(
        f"UPDATE {table.name} SET escalated = request.escalated FROM request"  # noqa: S608
        f" WHERE request.decision_id = {table.name}.decision_id"
    )
