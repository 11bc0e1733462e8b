"""The decisions that took longest. The histograms of the rollups say in which hours to look for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

import sqlalchemy as sa

from telemetry import histogram
from telemetry.histogram import Counts
from telemetry.levels import REQUESTS
from telemetry.query.cells import HOURS, Step, cells, sums
from telemetry.query.decisions import DecisionRow
from telemetry.query.filters import Filters, narrowed, on_facts
from telemetry.storage.engine import reading
from telemetry.storage.models import REQUEST

_COLUMNS: Final[list[sa.ColumnElement[Any]]] = [REQUEST.c[field.name] for field in fields(DecisionRow)]


def slowest(engine: sa.Engine, filters: Filters, *, limit: int = 10) -> list[DecisionRow]:
    """Decisions of the filter, the slowest first; at equal latency the newest.

    Only the hours that hold one of them are read. Where the last places lie in more than ``limit`` hours, as closely
    as a histogram tells latencies apart (2.2 %), the newest of these hours have them.
    """
    rows: list[DecisionRow] = []
    with reading(engine) as connection:
        days = _holding(_histograms(connection, filters, "day"), limit)
        hours: dict[int, Counts] = {}
        for day in days:
            hours |= _histograms(connection, narrowed(filters, day, HOURS["day"]), "hour")
        for hour in _holding(hours, limit):
            statement: sa.Select[Any] = (
                sa.select(*_COLUMNS)
                .where(*on_facts(REQUEST, "chosen", narrowed(filters, hour, HOURS["hour"])))
                .order_by(REQUEST.c.latency_ms.desc(), REQUEST.c.ts.desc(), REQUEST.c.span_id)
                .limit(limit)
            )
            rows += [DecisionRow(*row) for row in connection.execute(statement)]
    return sorted(rows, key=lambda row: (-row.latency_ms, -row.ts.timestamp(), row.decision_id))[:limit]


def _histograms(connection: sa.Connection, filters: Filters, step: Step) -> dict[int, Counts]:
    """Latencies by the hour since the epoch at which each step begins."""
    source = cells(REQUESTS, filters, values=("latency_hist",), step=step)
    hour = source.c.hour
    statement: sa.Select[Any] = sa.select(hour, *sums(source, REQUESTS, ("latency_hist",))).group_by(hour)
    return {begins: histogram.decode(text) for begins, text in connection.execute(statement) if text}


def _holding(steps: dict[int, Counts], limit: int) -> Sequence[int]:
    """The steps that hold the ``limit`` slowest, the newest first."""
    whole: Counts = {}
    for counts in steps.values():
        histogram.add(whole, counts)
    left, last = limit, -1
    for bucket in sorted(whole, reverse=True):
        last = bucket
        left -= whole[bucket]
        if left <= 0:
            break
    above = {step for step, counts in steps.items() if max(counts) > last}
    level = [step for step, counts in sorted(steps.items(), reverse=True) if last in counts]
    return sorted({*above, *level[:limit]}, reverse=True)
