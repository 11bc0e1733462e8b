"""Writes traces: each whole, each once, with the rollups in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from telemetry import rollup
from telemetry.rows import Bundle, Row
from telemetry.storage.bulk import bulk_of
from telemetry.storage.models import BRANCH, CONTENT, REQUEST, SPAN


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows were really inserted; what was there already does not count."""

    requests: int
    branches: int
    spans: int
    contents: int


def write_bundles(connection: sa.Connection, bundles: Iterable[Bundle]) -> Written:
    """Insert what is not there yet, and count it in the rollups. The caller commits, best by `engine.add`.

    Facts need no lock: where several processes write, only their rollups wait for each other.
    """
    bundles, bulk = list(bundles), bulk_of(connection)
    sent = [row for bundle in bundles for row in bundle.requests]
    requests = _new(connection, REQUEST, sent, {row["span_id"] for row in sent})
    new_decisions = {row["span_id"] for row in requests}
    # A trace is written whole: when its decision is new, so is all the rest, and need not be looked up.
    doubtful = [bundle for bundle in bundles if not any(row["span_id"] in new_decisions for row in bundle.requests)]
    branches = _rest(connection, BRANCH, [b.branches for b in bundles], [b.branches for b in doubtful])
    spans = _rest(connection, SPAN, [b.spans for b in bundles], [b.spans for b in doubtful])
    contents = _rest(connection, CONTENT, [b.contents for b in bundles], [b.contents for b in doubtful])
    requests = _with_unique_decisions(connection, requests)
    for table, rows in ((REQUEST, requests), (BRANCH, branches), (SPAN, spans), (CONTENT, contents)):
        bulk.insert(connection, table, rows)
    rollup.update(connection, requests, branches)
    return Written(len(requests), len(branches), len(spans), len(contents))


def _rest(
    connection: sa.Connection, table: sa.Table, all_rows: Sequence[list[Row]], doubtful: Sequence[list[Row]]
) -> list[Row]:
    to_look_up = {row["span_id"] for rows in doubtful for row in rows}
    return _new(connection, table, [row for rows in all_rows for row in rows], to_look_up)


def _new(connection: sa.Connection, table: sa.Table, rows: Sequence[Row], to_look_up: set[str]) -> list[Row]:
    """The rows whose key the table does not hold yet, each key once."""
    by_key = dict(zip(map(_key(table), rows), rows, strict=True))
    doubtful = [key for key, row in by_key.items() if row["span_id"] in to_look_up] if to_look_up else []
    if doubtful:
        for key in bulk_of(connection).known(connection, table, doubtful):
            del by_key[key]
    return list(by_key.values())


@cache
def _key(table: sa.Table) -> Callable[[Row], tuple[Any, ...]]:
    """What makes a row's primary key, always a tuple."""
    names = [column.name for column in table.primary_key]
    return itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)


def _with_unique_decisions(connection: sa.Connection, rows: list[Row]) -> list[Row]:
    """Two decisions of one id are a fault of whoever made the ids; both are kept, the later under a longer one."""
    ids = {row["decision_id"] for row in rows}
    taken = bulk_of(connection).held(connection, REQUEST.c.decision_id, sorted(ids)) if ids else set()
    unique: list[Row] = []
    for row in rows:
        if row["decision_id"] in taken:
            row = row | {"decision_id": f"{row['decision_id']}-{row['span_id']}"}
        taken.add(row["decision_id"])
        unique.append(row)
    return unique
