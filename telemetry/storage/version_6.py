"""From schema version 5 to 6: rollups know data classes, places, sources, thresholds and what rules did.

Hours whose raw rows are gone are taken over with what they knew; all others are made anew from the rows.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.schema import CreateColumn

from telemetry import histogram, rollup
from telemetry.cells import NS_PER_HOUR, Cell, Cells
from telemetry.levels import BRANCHES, REQUESTS, SCORES, Family
from telemetry.storage.rollups import TOP_COST, VERDICT_DAY, VERDICT_HOUR

Progress: TypeAlias = Callable[[float], None]
Tables: TypeAlias = Mapping[str, sa.Table]
Old: TypeAlias = Mapping[Any, Any]

VERSION: Final = 6
ROWS_A_STATEMENT: Final = 20_000
FACTS_SHARE: Final = 0.3
"""Of the time, about, that the facts take; the rest is the rollups'."""
_FINEST: Final = ((REQUESTS, 7, "request"), (BRANCHES, 5, "branch"), (SCORES, 3, "branch"))
"""Families of version 5, each with the number of its finest level and the facts that it counts."""


def apply(connection: sa.Connection, progress: Progress, tables: Tables) -> None:
    """Take the step, in the caller's transaction."""
    for name in _NEW_COLUMNS:
        _add_columns(connection, tables[name])
    for index in tables["request"].indexes:
        index.create(connection, checkfirst=True)
    connection.exec_driver_sql(_FILL_EVALUATIONS)
    _fill_branches(connection, lambda share: progress(FACTS_SHARE * share))
    _place_branches(connection)
    for table in (VERDICT_HOUR, VERDICT_DAY, TOP_COST):
        tables[table.name].create(connection, checkfirst=True)
    known = {column["name"] for column in sa.inspect(connection).get_columns("request_hour")}
    # A database of version 1 has today's tables by now.
    if "source" not in known:
        for family, finest, facts in _FINEST:
            _take_over(connection, family, finest, facts, tables)
    rollup.rebuild_within(connection, lambda share: progress(FACTS_SHARE + (1 - FACTS_SHARE) * share))


_NEW_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "branch": {"data_class": " DEFAULT ''", "source": " DEFAULT 'router'", "location": ""},
    "evaluation": {"data_class": " DEFAULT ''", "source": " DEFAULT 'router'"},
}
"""By table, each with its default."""


def _add_columns(connection: sa.Connection, table: sa.Table) -> None:
    there = {column["name"] for column in sa.inspect(connection).get_columns(table.name)}
    for name, default in _NEW_COLUMNS[table.name].items():
        if name not in there:
            column = CreateColumn(table.c[name]).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {column}{default}")


def _fill_branches(connection: sa.Connection, progress: Progress) -> None:
    """What branches share with their decision."""
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(
            "UPDATE branch SET data_class = request.data_class, source = request.source"
            " FROM request WHERE request.decision_id = branch.decision_id"
        )
        return
    last = connection.scalar(sa.text("SELECT max(rowid) FROM branch")) or 0
    for start in range(0, last + 1, ROWS_A_STATEMENT):
        connection.exec_driver_sql(_FILL, (start, start + ROWS_A_STATEMENT - 1))
        progress(start / (last + 1))


_FILL_EVALUATIONS: Final = """
    UPDATE evaluation SET
        data_class = coalesce(
            (SELECT max(data_class) FROM request WHERE request.decision_id = evaluation.decision_id), ''
        ),
        source = coalesce(
            (SELECT max(source) FROM request WHERE request.decision_id = evaluation.decision_id), 'router'
        )
"""
_FILL: Final = """
    UPDATE branch SET (data_class, source) = (
        SELECT coalesce(max(data_class), ''), coalesce(max(source), 'router')
        FROM request WHERE request.decision_id = branch.decision_id
    ) WHERE rowid BETWEEN ? AND ?
"""


def _place_branches(connection: sa.Connection) -> None:
    """Where models and tools were, as the policies say that decided."""
    place = sa.text(
        "UPDATE branch SET location = :location WHERE model = :name AND policy_version = :version"
        " AND (kind = 'tool') = :is_tool AND location IS NULL"
    )
    for version, text in connection.execute(sa.text("SELECT version, toml FROM policy_version")).all():
        for is_tool, name, location in _locations(text):
            values = {"version": version, "is_tool": is_tool, "name": name, "location": location}
            connection.execute(place, values)


def _locations(text: str) -> Iterator[tuple[bool, str, str]]:
    """Whether it is a tool, its name, and where it was; a tool that does not say works on this machine."""
    try:
        policy = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for part, is_tool in (("models", False), ("tools", True)):
        entries = policy.get(part)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            location = entry.get("location", "local" if is_tool else None) if isinstance(entry, dict) else None
            if location in ("local", "cloud"):
                yield is_tool, name, location


def _take_over(connection: sa.Connection, family: Family, finest: int, facts: str, tables: Tables) -> None:
    """Replace a family's tables, and keep the hours of which no raw rows are left."""
    hours, days = family.hours.name, family.days.name
    first = connection.scalar(sa.text(f"SELECT min(start_ns) FROM {facts}"))  # noqa: S608 - our own names, here and below
    before = "" if first is None else f" AND hour < {first // NS_PER_HOUR}"
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE kept AS SELECT * FROM {hours} WHERE level = {finest}{before}")  # noqa: S608
    for name in (hours, days):
        connection.exec_driver_sql(f"DROP TABLE {name}")
        tables[name].create(connection)
    stored = connection.execute(sa.text("SELECT * FROM kept ORDER BY hour")).mappings().all()
    for _, rows in groupby(stored, lambda row: row["hour"]):
        rollup.insert_hours(connection, family, _cells(family, rows))
    connection.exec_driver_sql("DROP TABLE kept")
    rollup.days_from_hours(connection, family, 0)


def _cells(family: Family, rows: Iterable[Old]) -> Cells:
    cells: Cells = {}
    for row in rows:
        source = "otlp" if row["route"].startswith("otlp/") and not row["policy_version"] else "router"
        names = (source if name == "source" else row.get(name, "") for name in family.dimensions)
        texts = (histogram.decode(row[name]) for name in family.histograms)
        key = (row["hour"], row["purpose"], bool(row["simulated"]), *names)
        cells[key] = Cell([row[name] for name in family.sums], list(texts))
    return cells
