"""The fewest rollup rows that answer a question: by day where whole days are asked for, by hour at the edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from telemetry import histogram
from telemetry.levels import HOURS_A_DAY, Family
from telemetry.query.filters import Filters, hour_start, hours_of, named, on_names

Step: TypeAlias = Literal["hour", "day"]
HOURS: dict[Step, int] = {"hour": 1, "day": HOURS_A_DAY}


@dataclass(frozen=True, slots=True)
class _Part:
    """One table from a step on, up to another, exclusive; None where there is no bound."""

    table: sa.Table
    time: str
    start: int | None
    end: int | None
    hours: int


def cells(
    family: Family,
    filters: Filters,
    *,
    keys: Sequence[str] = (),
    values: Sequence[str] = (),
    step: Step | None = None,
) -> sa.Subquery:
    """The rows of the coarsest level that fits, to be added up by the caller.

    Args:
        family: which facts.
        filters: see `Filters`.
        keys: dimensions that the caller groups by.
        values: sums and histograms that the caller adds up.
        step: when given there is a column ``hour``, the hour since the epoch at which each step begins.
    """
    asked = {*keys, *named(filters, family.model)}
    selects = [
        _select(part, family, filters, family.covering(asked, part.table), (*keys, *values), step)
        for part in _parts(family, filters, step)
    ]
    return (selects[0] if len(selects) == 1 else sa.union_all(*selects)).subquery("cells")


def total(column: sa.ColumnElement[Any]) -> sa.Label[Any]:
    """A sum that is 0 over no rows, under the column's own name."""
    return sa.func.coalesce(sa.func.sum(column), 0).label(str(column.key))


def joined(column: sa.ColumnElement[Any]) -> sa.Label[Any]:
    """All histograms of a group, joined (see telemetry.histogram), under the column's own name."""
    return sa.func.aggregate_strings(column, "").label(str(column.key))


def sums(source: sa.Subquery, family: Family, names: Sequence[str]) -> list[sa.Label[Any]]:
    """Every one of these columns added up, in the way that its kind wants."""
    return [(joined if name in family.histograms else total)(source.c[name]) for name in names]


def known(amount: int, n: int) -> int | None:
    """A sum over no known amounts is unknown, not 0."""
    return amount if n else None


def percentiles_of(row: sa.Row[Any]) -> dict[str, Any]:
    """The four percentiles that most results have, from a row with both histograms."""
    latency = histogram.percentiles(row.latency_hist, (0.5, 0.95))
    ttft = histogram.percentiles(row.ttft_hist, (0.5, 0.95))
    return {
        "latency_p50_ms": latency[0],
        "latency_p95_ms": latency[1],
        "ttft_p50_ms": ttft[0],
        "ttft_p95_ms": ttft[1],
    }


def _parts(family: Family, filters: Filters, step: Step | None) -> list[_Part]:
    start, end = hours_of(filters)

    def by_hour(first: int | None, after: int | None) -> _Part:
        return _Part(family.hours, "hour", first, after, 1)

    first_day = None if start is None else -(-start // HOURS_A_DAY)
    after_days = None if end is None else end // HOURS_A_DAY
    no_whole_day = first_day is not None and after_days is not None and first_day >= after_days
    if step == "hour" or no_whole_day:
        return [by_hour(start, end)]
    parts = [_Part(family.days, "day", first_day, after_days, HOURS_A_DAY)]
    if start is not None and first_day is not None and start < first_day * HOURS_A_DAY:
        parts.append(by_hour(start, first_day * HOURS_A_DAY))
    if end is not None and after_days is not None and after_days * HOURS_A_DAY < end:
        parts.append(by_hour(after_days * HOURS_A_DAY, end))
    return parts


def _select(
    part: _Part, family: Family, filters: Filters, level: int, names: Sequence[str], step: Step | None
) -> sa.Select[Any]:
    time: sa.ColumnElement[Any] = part.table.c[part.time]
    conditions = [part.table.c.level == level, *on_names(part.table, family.model, filters)]
    if part.start is not None:
        conditions.append(time >= part.start)
    if part.end is not None:
        conditions.append(time < part.end)
    columns: list[sa.ColumnElement[Any]] = [part.table.c[name] for name in names]
    if step is not None:
        width = HOURS[step]
        # Inlined numbers: a bound one would be another expression to the database in GROUP BY.
        if part.hours != width:
            time = time // _number(width) * _number(width)
        elif width > 1:
            time = time * _number(width)
        # An hour as it is stored: rows come in its order, and need not be sorted.
        columns.append(time.label("hour"))
    return sa.select(*columns).where(*conditions)


def _number(value: int) -> sa.ColumnElement[int]:
    return sa.literal_column(str(value), sa.Integer())


__all__ = ["HOURS", "Step", "cells", "hour_start", "joined", "known", "percentiles_of", "sums", "total"]
