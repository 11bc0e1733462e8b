"""From schema version 1 to 2: more is known of branches and costs, and rollups have levels, days and scores.

Version 1 existed on SQLite alone, so this speaks its SQL. All of it is one transaction: a crash leaves version 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from telemetry import histogram, rollup
from telemetry.cells import NS_PER_HOUR, Cell, Cells
from telemetry.levels import BRANCHES, FAMILIES, REQUESTS, Family
from telemetry.storage.rollups import ROLLUPS

Progress: TypeAlias = Callable[[float], None]
Old: TypeAlias = Mapping[Any, Any]

VERSION: Final = 2
FACTS_SHARE: Final = 0.4
"""Of the time, about, that the facts take; the rest is the rollups'."""
ROWS_A_STATEMENT: Final = 20_000


def apply(connection: sa.Connection, progress: Progress, tables: Mapping[str, sa.Table]) -> None:
    """Take the step, in the caller's transaction."""
    for statement in _COLUMNS:
        connection.exec_driver_sql(statement)
    for number, (facts, statement) in enumerate(_FILLING):
        last = connection.scalar(sa.select(sa.func.max(sa.column("rowid"))).select_from(sa.table(facts))) or 0
        for start in range(0, last + 1, ROWS_A_STATEMENT):
            connection.exec_driver_sql(statement, (start, start + ROWS_A_STATEMENT - 1))
            progress(FACTS_SHARE * (number + start / (last + 1)) / len(_FILLING))
    for family in (REQUESTS, BRANCHES):
        connection.exec_driver_sql(f"ALTER TABLE {family.hours.name} RENAME TO {_old(family).name}")
    for table in ROLLUPS:
        table.create(connection)
    _keep_uncovered(connection, REQUESTS, "request", _request_cell)
    _keep_uncovered(connection, BRANCHES, "branch", _branch_cell)
    for family in FAMILIES:
        rollup.days_from_hours(connection, family, 0)
    # Hours that raw rows cover are made by a later step, which knows all that today's rollups ask of them.
    progress(1.0)


_COLUMNS = (
    "ALTER TABLE request ADD COLUMN probe_nano BIGINT",
    "ALTER TABLE request ADD COLUMN judge_nano BIGINT",
    "ALTER TABLE request ADD COLUMN retry_nano BIGINT",
    "ALTER TABLE branch ADD COLUMN risk VARCHAR NOT NULL DEFAULT ''",
    "ALTER TABLE branch ADD COLUMN deployment VARCHAR",
    "ALTER TABLE branch ADD COLUMN attempt INTEGER NOT NULL DEFAULT 1",
    "CREATE INDEX ix_branch_ts ON branch (ts)",
    "CREATE INDEX ix_span_ts ON span (ts)",
    "CREATE INDEX ix_content_ts ON content (ts)",
)

_FILL_BRANCH = """
    UPDATE branch SET
        risk = coalesce((SELECT risk FROM request WHERE request.decision_id = branch.decision_id), ''),
        attempt = CASE
            WHEN reason LIKE 'attempt % after %' THEN max(CAST(substr(reason, 9, 4) AS INTEGER), 1) ELSE 1 END,
        deployment = CASE
            WHEN json_valid(attributes) THEN json_extract(attributes, '$."router.branch.deployment"') END
    WHERE rowid BETWEEN ? AND ?
"""

_FORGET_DEPLOYMENT = """
    UPDATE branch SET
        attributes = nullif(json_remove(attributes, '$."router.branch.deployment"'), '{}')
    WHERE deployment IS NOT NULL AND rowid BETWEEN ? AND ?
"""

_FILL_REQUEST = """
    UPDATE request SET (judge_nano, probe_nano, retry_nano) = (
        SELECT
            CASE WHEN sum(part = 1 AND cost_nano IS NULL) THEN NULL ELSE sum((part = 1) * cost_nano) END,
            CASE WHEN sum(part = 2 AND cost_nano IS NULL) THEN NULL ELSE sum((part = 2) * cost_nano) END,
            CASE WHEN sum(part = 3 AND cost_nano IS NULL) THEN NULL ELSE sum((part = 3) * cost_nano) END
        FROM (
            SELECT cost_nano, CASE
                WHEN kind = 'judge' THEN 1
                WHEN outcome = 'accepted' THEN 0
                WHEN kind = 'probe' THEN 2
                WHEN attempt > 1 THEN 3
                ELSE 0 END AS part
            FROM branch WHERE branch.decision_id = request.decision_id
            UNION ALL SELECT 0, 1 UNION ALL SELECT 0, 2 UNION ALL SELECT 0, 3
        )
    )
    WHERE rowid BETWEEN ? AND ?
"""
"""A part is unknown when one of its costs is, and 0 when it has none."""

_FILLING = (("branch", _FILL_BRANCH), ("branch", _FORGET_DEPLOYMENT), ("request", _FILL_REQUEST))


def _old(family: Family) -> sa.TableClause:
    return sa.table(f"{family.hours.name}_1", sa.column("hour"))


def _keep_uncovered(connection: sa.Connection, family: Family, facts: str, cell_of: Callable[[Old], Cell]) -> None:
    """Take over the hours whose raw rows are gone, with what they did not know left empty."""
    first = connection.scalar(sa.select(sa.func.min(sa.column("start_ns"))).select_from(sa.table(facts)))
    old = _old(family)
    statement = sa.select(sa.text("*")).select_from(old).order_by(old.c.hour)
    if first is not None:
        statement = statement.where(old.c.hour < first // NS_PER_HOUR)
    stored = connection.execute(statement).mappings()
    for _, rows in groupby(stored, lambda row: row["hour"]):
        rollup.insert_hours(connection, family, _cells(family, rows, cell_of))
    connection.exec_driver_sql(f"DROP TABLE {old.name}")


def _cells(family: Family, rows: Iterable[Old], cell_of: Callable[[Old], Cell]) -> Cells:
    cells: Cells = {}
    for row in rows:
        names = (row.get(name, "router" if name == "source" else "") for name in family.dimensions)
        key = (row["hour"], row["purpose"], bool(row["simulated"]), *names)
        if key in cells:
            cells[key].add(cell_of(row))
        else:
            cells[key] = cell_of(row)
    return cells


def _request_cell(row: Old) -> Cell:
    requests, status = row["requests"], row["status"]
    told = {
        "failed": requests if status == "failed" else 0,
        "denied": requests if status == "denied" else 0,
        "cancelled": requests if status == "cancelled" else 0,
        "by_tool": requests if row["chosen_kind"] == "tool" else 0,
        "parts_unknown": row["savings_n"],
    }
    return _cell(REQUESTS, {**row, **told})


def _branch_cell(row: Old) -> Cell:
    told = {row["outcome"]: row["branches"], "discarded_nano": 0 if row["outcome"] == "accepted" else row["cost_nano"]}
    return _cell(BRANCHES, {**row, **told})


def _cell(family: Family, values: Mapping[str, Any]) -> Cell:
    return Cell(
        [values.get(name, 0) for name in family.sums],
        [histogram.decode(values.get(name, "")) for name in family.histograms],
    )
