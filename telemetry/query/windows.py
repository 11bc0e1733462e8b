"""Where in time the decisions of a filter lie: by the rollups, so that what is rare is not searched for row by row.

A list reads decisions by an index, newest first, until it has enough. Of a filter that lets few through that would be
nearly all that is stored. The rollups know on which days there are any, and how many rows an index would lead to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from telemetry.levels import HOURS_A_DAY, REQUESTS
from telemetry.query.cells import cells, total
from telemetry.query.filters import INDEXED, Filters, hour_start, named
from telemetry.storage.models import REQUEST

Counts: TypeAlias = dict[int, int]
"""By day since the epoch."""
Counted: TypeAlias = Literal["requests", "escalated", "fell_back", "by_tool", "cost_unknown"]
"""Sums of the rollups: all decisions, or those of one path."""

LOOK: Final = 30_000
"""Rows that a window leads to at most, unless one day has more."""
DAY: Final = timedelta(days=1)
_FILTERS: Final = dict(zip(INDEXED, ("tenants", "routes", "models", "statuses", "intents"), strict=True))
_DISPENSABLE: Final = ("source", "data_classes", "policy_version", "risks", "statuses", "models", "intents")
"""Filters that are left out, in this order, until a coarse level of the rollups knows the rest."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whole UTC days in which to look for decisions."""

    start: datetime
    end: datetime
    """Exclusive."""
    by: str | None
    """The column whose index leads to the fewest rows; None: the index on time alone."""
    last: bool
    """Whether there are none beyond it."""

    def condition(self, moment: sa.ColumnElement[datetime]) -> sa.ColumnElement[bool]:
        """That a moment lies in it."""
        return sa.and_(moment >= self.start, moment < self.end)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the decisions of a filter lie."""

    days: Counts
    """How many each day has that has any."""
    by: str | None
    """See `Window`."""
    weights: Counts
    """To how many rows of each day its index leads."""


def places(connection: sa.Connection, filters: Filters, of: Counted = "requests") -> Places:
    """Where decisions lie, as far as rows are kept; all of them, or those of one path."""
    around = _around(connection, filters)
    days = _days(connection, _known_coarsely(around), of)
    by, weights = _lightest(connection, around) if days else (None, {})
    return Places(days, by, weights)


def windows(found: Places, *, wanted: int, at: datetime | None = None, oldest_first: bool = False) -> Iterator[Window]:
    """Windows that together hold every decision, the newest first; none when there is none.

    Each is meant to have ``wanted`` of them, but stops short where an index would lead to more than `LOOK` others. The
    conditions that a filter is have to be asked of the rows all the same.

    Args:
        found: where they lie.
        wanted: decisions, at least 1.
        at: only up to the day of this moment, or from it on when ``oldest_first``.
        oldest_first: the other way round.
    """
    edge = None if at is None else int(_aware(at).timestamp() // DAY.total_seconds())
    ordered = [day for day in sorted(found.days) if edge is None or (day >= edge if oldest_first else day <= edge)]
    if not oldest_first:
        ordered.reverse()
    first = 0
    while first < len(ordered):
        end = _reach(ordered, first, found.days, found.weights, wanted)
        some = ordered[first : end + 1]
        yield Window(_begin(min(some)), _begin(max(some)) + DAY, found.by, end + 1 == len(ordered))
        first = end + 1


def _reach(ordered: Sequence[int], first: int, days: Counts, weights: Counts, wanted: int) -> int:
    """The place of the last day that the window takes in which begins at the ``first``."""

    def looked_at(day: int) -> float:
        """Reading ends when there are enough, sooner where many of the rows are of the filter."""
        return weights.get(day, 0) * min(1.0, wanted / days.get(day, wanted))

    found, looked = 0, looked_at(ordered[first])
    for place in range(first + 1, len(ordered)):
        before, day = ordered[place - 1], ordered[place]
        looked += sum(map(looked_at, range(day, before) if day < before else range(before + 1, day + 1)))
        if looked > LOOK:
            return place - 1
        # Of the first day part may be left alone: its number says nothing.
        found += days[day]
        if found >= wanted:
            return place
    return len(ordered) - 1


def _around(connection: sa.Connection, filters: Filters) -> Filters:
    """The filters over whole days, as far as rows are kept."""
    oldest = connection.scalar(sa.select(sa.func.min(REQUEST.c.ts)))
    starts = [_aware(moment) for moment in (filters.start, oldest) if moment is not None]
    start = _midnight(max(starts)) if starts else None
    end = None if filters.end is None else _midnight(_aware(filters.end)) + DAY
    return replace(filters, start=start, end=end)


def _known_coarsely(filters: Filters) -> Filters:
    """Without names that only the finest rollups know together: these are nearly as many as the rows."""
    empty = Filters(purposes=())
    for name in _DISPENSABLE:
        if REQUESTS.covering(named(filters, "chosen")) != REQUESTS.finest:
            break
        filters = replace(filters, **{name: getattr(empty, name)})
    return filters


def _days(connection: sa.Connection, filters: Filters, of: Counted) -> Counts:
    """How many decisions each day has that has any; days since the epoch."""
    source = cells(REQUESTS, filters, values=(of,), step="day")
    hour, number = source.c.hour, total(source.c[of])
    statement: sa.Select[Any] = sa.select(hour, number).group_by(hour).having(sa.func.sum(source.c[of]) > 0)
    return {begins // HOURS_A_DAY: count for begins, count in connection.execute(statement)}


def _lightest(connection: sa.Connection, filters: Filters) -> tuple[str | None, Counts]:
    """The column whose index leads to the fewest rows, and to how many on each day."""
    every = Filters(start=filters.start, end=filters.end, purposes=())
    found = {
        column: _days(connection, replace(every, **{name: getattr(filters, name)}), "requests")
        for column, name in _FILTERS.items()
        if getattr(filters, name)
    }
    if not found:
        return None, _days(connection, every, "requests")
    by = min(found, key=lambda column: sum(found[column].values()))
    return by, found[by]


def _begin(day: int) -> datetime:
    return hour_start(day * HOURS_A_DAY)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
