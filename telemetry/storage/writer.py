"""Writes traces: each whole, each once, with the rollups in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from telemetry import rollup
from telemetry.rows import Bundle, Row
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN

_IDS_A_QUERY = 500


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows were really inserted; what was there already does not count."""

    requests: int
    branches: int
    spans: int
    contents: int


def write_bundles(connection: sa.Connection, bundles: Iterable[Bundle]) -> Written:
    """Insert what is not there yet, and count it in the rollups. The caller holds the write lock and commits."""
    together = Bundle()
    for bundle in bundles:
        together.requests += bundle.requests
        together.branches += bundle.branches
        together.spans += bundle.spans
        together.contents += bundle.contents
    requests = _with_unique_decisions(connection, _new(connection, REQUEST, together.requests))
    branches = _new(connection, BRANCH, together.branches)
    spans = _new(connection, SPAN, together.spans)
    contents = _new(connection, CONTENT, together.contents)
    for table, rows in ((REQUEST, requests), (BRANCH, branches), (SPAN, spans), (CONTENT, contents)):
        if rows:
            connection.execute(sa.insert(table), rows)
    rollup.update(connection, requests, branches)
    return Written(len(requests), len(branches), len(spans), len(contents))


def _new(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> list[Row]:
    """The rows whose key the table does not hold yet, each key once."""
    key_names = [column.name for column in table.primary_key]
    by_key = {tuple(row[name] for name in key_names): row for row in rows}
    ids = sorted({row["span_id"] for row in rows})
    key_columns = [table.c[name] for name in key_names]
    for start in range(0, len(ids), _IDS_A_QUERY):
        some = ids[start : start + _IDS_A_QUERY]
        for key in connection.execute(sa.select(*key_columns).where(table.c.span_id.in_(some))):
            by_key.pop(tuple(key), None)
    return list(by_key.values())


def _with_unique_decisions(connection: sa.Connection, rows: list[Row]) -> list[Row]:
    """Two decisions of one id are a fault of whoever made the ids; both are kept, the later under a longer one."""
    ids = [row["decision_id"] for row in rows]
    taken: set[str] = set()
    for start in range(0, len(ids), _IDS_A_QUERY):
        some = ids[start : start + _IDS_A_QUERY]
        taken.update(connection.scalars(sa.select(REQUEST.c.decision_id).where(REQUEST.c.decision_id.in_(some))))
    unique: list[Row] = []
    for row in rows:
        if row["decision_id"] in taken:
            row = row | {"decision_id": f"{row['decision_id']}-{row['span_id']}"}
        taken.add(row["decision_id"])
        unique.append(row)
    return unique
