"""Hourly rollups: updated in the transaction that writes the rows, and rebuilt from the rows when asked.

A cell is what one row of a rollup table holds: sums, and two histograms. Both ways of making cells share the code,
so a rebuild gives the same tables (for as long as the raw rows are kept).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any, TypeAlias

import sqlalchemy as sa

from telemetry import histogram
from telemetry.storage.models import BRANCH, BRANCH_HOUR, REQUEST, REQUEST_HOUR

Row: TypeAlias = Mapping[Any, Any]
Key: TypeAlias = tuple[Any, ...]

NS_PER_HOUR = 3_600_000_000_000
_HISTOGRAMS = ("latency_hist", "ttft_hist")
_KEYS_A_QUERY = 200
_ROWS_A_READ = 2000


@dataclass(slots=True)
class Cell:
    """The contents of one rollup row."""

    sums: dict[str, int] = field(default_factory=dict)
    latency: histogram.Counts = field(default_factory=dict)
    ttft: histogram.Counts = field(default_factory=dict)

    def add(self, sums: Mapping[str, int], latency_ms: float, ttft_ms: float | None) -> None:
        """Count one row."""
        for name, number in sums.items():
            self.sums[name] = self.sums.get(name, 0) + number
        histogram.add(self.latency, {histogram.bucket_of(latency_ms): 1})
        if ttft_ms is not None:
            histogram.add(self.ttft, {histogram.bucket_of(ttft_ms): 1})

    def add_stored(self, stored: Row) -> None:
        """Add what a rollup row already holds."""
        for name in self.sums:
            self.sums[name] += stored[name]
        histogram.add(self.latency, histogram.decode(stored["latency_hist"]))
        histogram.add(self.ttft, histogram.decode(stored["ttft_hist"]))

    def values(self) -> dict[str, Any]:
        """The columns of the rollup row, without its key."""
        return {
            **self.sums,
            "latency_hist": histogram.encode(self.latency),
            "ttft_hist": histogram.encode(self.ttft),
        }


def request_cells(rows: Iterable[Row]) -> dict[Key, Cell]:
    """Decisions as cells of request_hour."""
    cells: dict[Key, Cell] = {}
    for row in rows:
        key = (
            row["start_ns"] // NS_PER_HOUR,
            row["route"],
            row["tenant"],
            row["intent"],
            row["first"] or "",
            row["chosen"] or "",
            row["chosen_kind"] or "",
            row["policy_version"],
            row["purpose"],
            row["simulated"],
            row["status"],
        )
        cells.setdefault(key, Cell()).add(_request_sums(row), row["latency_ms"], row["ttft_ms"])
    return cells


def branch_cells(rows: Iterable[Row]) -> dict[Key, Cell]:
    """Branches as cells of branch_hour."""
    cells: dict[Key, Cell] = {}
    for row in rows:
        key = (
            row["start_ns"] // NS_PER_HOUR,
            row["route"],
            row["tenant"],
            row["intent"],
            row["model"],
            row["kind"],
            row["policy_version"],
            row["purpose"],
            row["simulated"],
            row["status"],
            row["outcome"],
        )
        sums = {
            "branches": 1,
            "cost_nano": row["cost_nano"] or 0,
            "cost_unknown": int(row["cost_nano"] is None),
            **_token_sums(row),
        }
        cells.setdefault(key, Cell()).add(sums, row["latency_ms"], row["ttft_ms"])
    return cells


def update(connection: sa.Connection, requests: Sequence[Row], branches: Sequence[Row]) -> None:
    """Count rows that this transaction has just inserted. Each row must come here once."""
    _merge(connection, REQUEST_HOUR, request_cells(requests))
    _merge(connection, BRANCH_HOUR, branch_cells(branches))


def rebuild(engine: sa.Engine) -> None:
    """Make both tables anew from the raw rows, in one transaction; memory is bounded by one hour's cells.

    Only what raw rows still cover is touched: hours before the oldest raw row stay as they are.
    """
    with engine.begin() as connection:
        for facts, rollup, cells_of in (
            (REQUEST, REQUEST_HOUR, request_cells),
            (BRANCH, BRANCH_HOUR, branch_cells),
        ):
            oldest = connection.scalar(sa.select(sa.func.min(facts.c.start_ns)))
            if oldest is None:
                continue
            connection.execute(sa.delete(rollup).where(rollup.c.hour >= oldest // NS_PER_HOUR))
            for rows in _hours(connection, facts):
                connection.execute(sa.insert(rollup), _rows(rollup, cells_of(rows)))


def _request_sums(row: Row) -> dict[str, int]:
    saved = row["savings_nano"] is not None
    return {
        "requests": 1,
        "branches": row["branches"],
        "escalated": int(row["escalated"]),
        "fell_back": int(row["fell_back"]),
        "cost_nano": row["cost_nano"] or 0,
        "cost_unknown": int(row["cost_nano"] is None),
        "discarded_nano": row["discarded_nano"] or 0,
        "discarded_unknown": int(row["discarded_nano"] is None),
        "baseline_nano": row["baseline_nano"] if saved else 0,
        "savings_nano": row["savings_nano"] if saved else 0,
        "savings_n": int(saved),
        **_token_sums(row),
    }


def _token_sums(row: Row) -> dict[str, int]:
    return {
        "input_tokens": row["input_tokens"] or 0,
        "output_tokens": row["output_tokens"] or 0,
        "tokens_unknown": int(row["input_tokens"] is None or row["output_tokens"] is None),
    }


def _merge(connection: sa.Connection, table: sa.Table, cells: dict[Key, Cell]) -> None:
    statements = _statements(table)
    width = len(table.primary_key.columns)
    known: set[Key] = set()
    keys = list(cells)
    for start in range(0, len(keys), _KEYS_A_QUERY):
        some = keys[start : start + _KEYS_A_QUERY]
        for stored in connection.execute(statements.select, {"keys": some}).mappings():
            key = tuple(stored.values())[:width]
            cells[key].add_stored(stored)
            known.add(key)
    fresh = {key: cell for key, cell in cells.items() if key not in known}
    if fresh:
        connection.execute(statements.insert, _rows(table, fresh))
    if known:
        connection.execute(statements.update, _rows(table, {key: cells[key] for key in known}, prefix="key_"))


@dataclass(frozen=True, slots=True)
class _Statements:
    """Made once a table: making a statement costs SQLAlchemy more than running it."""

    select: sa.Select[Any]
    insert: sa.Insert
    update: sa.Update


@cache
def _statements(table: sa.Table) -> _Statements:
    keys = list(table.primary_key.columns)
    changed = [column for column in table.columns if not column.primary_key]
    return _Statements(
        select=sa.select(table).where(sa.tuple_(*keys).in_(sa.bindparam("keys", expanding=True))),
        insert=sa.insert(table),
        update=sa.update(table)
        .where(*(column == sa.bindparam(f"key_{column.name}") for column in keys))
        .values({column: sa.bindparam(column.name) for column in changed}),
    )


def _rows(table: sa.Table, cells: Mapping[Key, Cell], prefix: str = "") -> list[dict[str, Any]]:
    names = [prefix + column.name for column in table.primary_key]
    return [dict(zip(names, key, strict=True)) | cell.values() for key, cell in cells.items()]


def _hours(connection: sa.Connection, facts: sa.Table) -> Iterator[list[Row]]:
    """The raw rows by hour, oldest first."""
    wanted = [facts.c[name] for name in _COLUMNS[facts.name]]
    statement = sa.select(*wanted).order_by(facts.c.start_ns).execution_options(yield_per=_ROWS_A_READ)
    for _, rows in groupby(connection.execute(statement).mappings(), lambda row: row["start_ns"] // NS_PER_HOUR):
        yield [dict(row) for row in rows]


_SHARED_COLUMNS = (
    *("start_ns", "route", "tenant", "intent", "policy_version", "purpose", "simulated", "status"),
    *("cost_nano", "input_tokens", "output_tokens", "latency_ms", "ttft_ms"),
)
_COLUMNS = {
    REQUEST.name: (
        *_SHARED_COLUMNS,
        *("first", "chosen", "chosen_kind", "branches", "escalated", "fell_back"),
        *("discarded_nano", "baseline_nano", "savings_nano"),
    ),
    BRANCH.name: (*_SHARED_COLUMNS, "model", "kind", "outcome"),
}
