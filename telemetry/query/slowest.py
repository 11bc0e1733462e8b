"""The decisions that took longest. The histograms of the rollups say in which hours to look for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

import sqlalchemy as sa

from telemetry import histogram
from telemetry.levels import REQUESTS
from telemetry.query.cells import HOURS, Step, cells, sums
from telemetry.query.decisions import DecisionRow
from telemetry.query.filters import Filters, named, narrowed, on_facts
from telemetry.storage.engine import reading
from telemetry.storage.models import REQUEST

_COLUMNS: Final[list[sa.ColumnElement[Any]]] = [REQUEST.c[field.name] for field in fields(DecisionRow)]


def slowest(engine: sa.Engine, filters: Filters, *, limit: int = 10) -> list[DecisionRow]:
    """Decisions of the filter, the slowest first; at equal latency the newest.

    Only the hours that hold one of them are read, and of these the rows alone that are slow enough. Where only the
    finest rollups know the hours, of which there are nearly as many as decisions, days are read instead. Where the last
    places lie in more than ``limit`` hours, as closely as a histogram tells latencies apart (2.2 %), the newest of
    these hours have them.
    """
    asked = named(filters, REQUESTS.model)
    by_hour = REQUESTS.covering(asked, REQUESTS.hours) != REQUESTS.finest
    rows: list[DecisionRow] = []
    with reading(engine) as connection:
        least_ms, holding = _holding(_histograms(connection, filters, "day"), limit)
        if by_hour:
            hours: dict[int, str] = {}
            for day in holding:
                hours |= _histograms(connection, narrowed(filters, day, HOURS["day"]), "hour")
            least_ms, holding = _holding(hours, limit)
        for begins in holding:
            within = narrowed(filters, begins, HOURS["hour" if by_hour else "day"])
            statement: sa.Select[Any] = (
                sa.select(*_COLUMNS)
                .where(
                    # These two indexes know the latency, so that the rows of others need not be read.
                    *on_facts(REQUEST, "chosen", within, by="tenant" if filters.tenants else ""),
                    REQUEST.c.latency_ms >= least_ms * _CERTAIN,
                )
                .order_by(REQUEST.c.latency_ms.desc(), REQUEST.c.ts.desc(), REQUEST.c.span_id)
                .limit(limit)
            )
            rows += [DecisionRow(*row) for row in connection.execute(statement)]
    return sorted(rows, key=lambda row: (-row.latency_ms, -row.ts.timestamp(), row.decision_id))[:limit]


_CERTAIN: Final = 1 - 1e-9
"""The logarithm that puts a duration into a bucket is rounded, and may put one that lies on the edge below it."""


def _histograms(connection: sa.Connection, filters: Filters, step: Step) -> dict[int, str]:
    """Latencies by the hour since the epoch at which each step begins."""
    source = cells(REQUESTS, filters, values=("latency_hist",), step=step)
    hour = source.c.hour
    statement: sa.Select[Any] = sa.select(hour, *sums(source, REQUESTS, ("latency_hist",))).group_by(hour)
    return {begins: text for begins, text in connection.execute(statement) if text}


def _holding(steps: Mapping[int, str], limit: int) -> tuple[float, Sequence[int]]:
    """How slow the ``limit`` slowest are at least, in milliseconds, and the steps that hold them, the newest first."""
    newest_first = sorted(steps, reverse=True)
    last, beyond, within = histogram.highest([steps[step] for step in newest_first], limit)
    level = [step for step, holds in zip(newest_first, within, strict=True) if holds][:limit]
    above = [step for step, holds in zip(newest_first, beyond, strict=True) if holds]
    return histogram.lowest_of(last), sorted({*above, *level}, reverse=True)
