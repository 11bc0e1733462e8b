"""The decisions that took longest. The histograms of the rollups say in which hours to look for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from telemetry import histogram
from telemetry.levels import REQUESTS
from telemetry.query.cells import HOURS, Step, cells, sums
from telemetry.query.decisions import DecisionRow
from telemetry.query.filters import Filters, named, narrowed, on_names
from telemetry.storage.engine import reading
from telemetry.storage.models import REQUEST

Span: TypeAlias = tuple[int, int]
"""An hour since the epoch, and how many from it on."""

_COLUMNS: Final[list[sa.ColumnElement[Any]]] = [REQUEST.c[field.name] for field in fields(DecisionRow)]


def slowest(engine: sa.Engine, filters: Filters, *, limit: int = 10) -> list[DecisionRow]:
    """Decisions of the filter, the slowest first; at equal latency the newest.

    Only the hours that hold one of them are read, and of these the rows alone that are slow enough. Where no coarse
    rollup knows the hours of the filter, those of its days are read in which anyone's decision was slow enough. Where
    the last places lie in more than ``limit`` hours, as closely as a histogram tells latencies apart (2.2 %), the
    newest of these hours have them; or of these days.
    """
    by = "tenant" if filters.tenants else ""
    # These two indexes know the latency, so that the rows of others need not be read.
    statement: sa.Select[Any] = (
        sa.select(*_COLUMNS)
        .where(*on_names(REQUEST, "chosen", filters, by=by), _MOMENT >= _START, _MOMENT < _END, _LATENCY >= _LEAST)
        .order_by(_LATENCY.desc(), _MOMENT.desc(), REQUEST.c.span_id)
        .limit(limit)
    )
    rows: list[DecisionRow] = []
    with reading(engine) as connection:
        least_ms, spans = _spans(connection, filters, limit)
        for begins, hours in spans:
            within = narrowed(filters, begins, hours)
            asked = {_START.key: within.start, _END.key: within.end, _LEAST.key: least_ms * _CERTAIN}
            rows += [DecisionRow(*row) for row in connection.execute(statement, asked)]
    return sorted(rows, key=lambda row: (-row.latency_ms, -row.ts.timestamp(), row.decision_id))[:limit]


_MOMENT: Final = REQUEST.c.ts
_LATENCY: Final = REQUEST.c.latency_ms
_START, _END, _LEAST = (
    sa.bindparam(name, type_=column.type)
    for name, column in (("start", _MOMENT), ("end", _MOMENT), ("least_ms", _LATENCY))
)
_CERTAIN: Final = 1 - 1e-9
"""The logarithm that puts a duration into a bucket is rounded, and may put one that lies on the edge below it."""


def _spans(connection: sa.Connection, filters: Filters, limit: int) -> tuple[float, list[Span]]:
    """How slow the slowest are at least, in milliseconds, and where they lie."""
    bucket, days = _holding(_histograms(connection, filters, "day"), limit)
    few = Filters(filters.start, filters.end, filters.routes, purposes=filters.purposes, simulated=filters.simulated)
    of_days = [narrowed(filters, day, length) for day, length in _joined(sorted(days), HOURS["day"])]
    # A tenant has an index that leads to its rows alone; the level that knows its hours knows much else of them.
    by_hour = REQUESTS.covering(named(filters, REQUESTS.model), REQUESTS.hours) != REQUESTS.finest
    if filters == few or (by_hour and not filters.tenants):
        hours: dict[int, str] = {}
        for within in of_days:
            hours |= _histograms(connection, within, "hour")
        bucket, holding = _holding(hours, limit)
        return histogram.lowest_of(bucket), [(hour, 1) for hour in holding]
    spans: list[Span] = []
    for within in of_days:
        anyone = _histograms(connection, replace(few, start=within.start, end=within.end), "hour")
        slow = histogram.reaching(list(anyone.values()), bucket)
        spans += _joined(sorted(hour for hour, holds in zip(anyone, slow, strict=True) if holds), HOURS["hour"])
    return histogram.lowest_of(bucket), spans


def _joined(steps: Sequence[int], width: int) -> list[Span]:
    """Steps of so many hours, oldest first, as spans of those that follow each other."""
    spans: list[Span] = []
    for step in steps:
        if spans and step == sum(spans[-1]):
            begins, _ = spans.pop()
            spans.append((begins, step + width - begins))
        else:
            spans.append((step, width))
    return spans


def _histograms(connection: sa.Connection, filters: Filters, step: Step) -> dict[int, str]:
    """Latencies by the hour since the epoch at which each step begins."""
    source = cells(REQUESTS, filters, values=("latency_hist",), step=step)
    hour = source.c.hour
    statement: sa.Select[Any] = sa.select(hour, *sums(source, REQUESTS, ("latency_hist",))).group_by(hour)
    return {begins: text for begins, text in connection.execute(statement) if text}


def _holding(steps: Mapping[int, str], limit: int) -> tuple[int, Sequence[int]]:
    """The bucket of the last of the ``limit`` slowest, and the steps that hold them, the newest first."""
    newest_first = sorted(steps, reverse=True)
    last, beyond, within = histogram.highest([steps[step] for step in newest_first], limit)
    level = [step for step, holds in zip(newest_first, within, strict=True) if holds][:limit]
    above = [step for step, holds in zip(newest_first, beyond, strict=True) if holds]
    return last, sorted({*above, *level}, reverse=True)
