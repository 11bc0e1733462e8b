"""Which requests a question is about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from telemetry.text import clean

SECONDS_PER_HOUR = 3600
INDEXED = ("tenant", "route", "chosen", "status", "intent")
"""Columns of request by each of which there is an index, with the time."""


@dataclass(frozen=True, slots=True)
class Filters:
    """All that is given must hold; an empty tuple or None lets everything through.

    ``end`` is exclusive. Questions about totals and series are answered by the hour: they take ``start`` down and
    ``end`` up to the full hour. ``models`` means the model or tool that was chosen when requests are counted, and the
    one that was tried when branches are. A naive datetime is taken as UTC.
    """

    start: datetime | None = None
    end: datetime | None = None
    routes: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ("user",)
    """Business numbers count what users asked; the empty tuple counts everything."""
    simulated: bool | None = None
    policy_version: str | None = None
    data_classes: tuple[str, ...] = ()
    source: str | None = None
    """router: what RouteScope decided itself. otlp: what others told. None: both."""


def named(filters: Filters, model_column: str) -> dict[str, tuple[str, ...]]:
    """The values that each column is restricted to, clean as what is stored; columns that are not are left out."""
    wanted = {
        "route": filters.routes,
        "tenant": filters.tenants,
        model_column: filters.models,
        "intent": filters.intents,
        "status": filters.statuses,
        "risk": filters.risks,
        "purpose": filters.purposes,
        "policy_version": () if filters.policy_version is None else (filters.policy_version,),
        "data_class": filters.data_classes,
        "source": () if filters.source is None else (filters.source,),
    }
    return {column: tuple(map(clean, values)) for column, values in wanted.items() if values}


def on_names(
    table: sa.Table, model_column: str, filters: Filters, *, by: str | None = None
) -> list[sa.ColumnElement[bool]]:
    """The filters but for time, as conditions on a table of facts or a rollup.

    ``by``: the one column of `INDEXED` whose index is to find the rows; the database is kept from using another one.
    The empty text stands for the index on time alone.
    """
    conditions: list[sa.ColumnElement[bool]] = []
    for name, values in named(filters, model_column).items():
        column: sa.ColumnElement[str] = table.c[name]
        if by is not None and name != by and name in INDEXED:
            # An expression has no index.
            column = column.concat("")
        conditions.append(column == values[0] if len(values) == 1 else column.in_(values))
    if filters.simulated is not None:
        conditions.append(table.c.simulated == filters.simulated)
    return conditions


def on_facts(
    table: sa.Table, model_column: str, filters: Filters, *, by: str | None = None
) -> list[sa.ColumnElement[bool]]:
    """The filters, exact in time, as conditions on request or branch. ``by`` as in `on_names`."""
    conditions = on_names(table, model_column, filters, by=by)
    if filters.start is not None:
        conditions.append(table.c.ts >= _aware(filters.start))
    if filters.end is not None:
        conditions.append(table.c.ts < _aware(filters.end))
    return conditions


def hours_of(filters: Filters) -> tuple[int | None, int | None]:
    """The first hour since the epoch, and the one after the last; None where there is no bound."""
    start, end = filters.start, filters.end
    return (
        None if start is None else int(_aware(start).timestamp() // SECONDS_PER_HOUR),
        None if end is None else -int(-_aware(end).timestamp() // SECONDS_PER_HOUR),
    )


def narrowed(filters: Filters, hour: int, hours: int) -> Filters:
    """The filters, for no more than so many hours from an hour since the epoch on."""
    start, end = hours_of(filters)
    first = hour if start is None else max(hour, start)
    after = hour + hours if end is None else min(hour + hours, end)
    return replace(filters, start=hour_start(first), end=hour_start(first) + timedelta(hours=max(after - first, 0)))


def hour_start(hour: int) -> datetime:
    """The moment at which an hour of the rollups begins."""
    return datetime.fromtimestamp(hour * SECONDS_PER_HOUR, tz=UTC)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
