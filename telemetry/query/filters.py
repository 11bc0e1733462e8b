"""Which requests a question is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from telemetry.storage.models import BRANCH_HOUR, REQUEST_HOUR

SECONDS_PER_HOUR = 3600


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
    purposes: tuple[str, ...] = ("user",)
    """Business numbers count what users asked; the empty tuple counts everything."""
    simulated: bool | None = None
    policy_version: str | None = None


def hour_of(moment: datetime) -> int:
    """Hours since the epoch, rounded down."""
    return int(_aware(moment).timestamp() // SECONDS_PER_HOUR)


def hour_start(hour: int) -> datetime:
    """The moment at which an hour of the rollups begins."""
    return datetime.fromtimestamp(hour * SECONDS_PER_HOUR, tz=UTC)


def on_request_hours(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """The filters as conditions on request_hour."""
    return _on_hours(REQUEST_HOUR, "chosen", filters)


def on_branch_hours(filters: Filters) -> list[sa.ColumnElement[bool]]:
    """The filters as conditions on branch_hour."""
    return _on_hours(BRANCH_HOUR, "model", filters)


def on_facts(table: sa.Table, model_column: str, filters: Filters) -> list[sa.ColumnElement[bool]]:
    """The filters, exact in time, as conditions on request or branch."""
    conditions = _on_names(table, model_column, filters)
    if filters.start is not None:
        conditions.append(table.c.ts >= _aware(filters.start))
    if filters.end is not None:
        conditions.append(table.c.ts < _aware(filters.end))
    return conditions


def _on_hours(table: sa.Table, model_column: str, filters: Filters) -> list[sa.ColumnElement[bool]]:
    conditions = _on_names(table, model_column, filters)
    if filters.start is not None:
        conditions.append(table.c.hour >= hour_of(filters.start))
    if filters.end is not None:
        end = _aware(filters.end).timestamp()
        conditions.append(table.c.hour < -int(-end // SECONDS_PER_HOUR))
    return conditions


def _on_names(table: sa.Table, model_column: str, filters: Filters) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    for column, wanted in (
        ("route", filters.routes),
        ("tenant", filters.tenants),
        (model_column, filters.models),
        ("intent", filters.intents),
        ("status", filters.statuses),
        ("purpose", filters.purposes),
    ):
        if len(wanted) == 1:
            conditions.append(table.c[column] == wanted[0])
        elif wanted:
            conditions.append(table.c[column].in_(wanted))
    if filters.simulated is not None:
        conditions.append(table.c.simulated == filters.simulated)
    if filters.policy_version is not None:
        conditions.append(table.c.policy_version == filters.policy_version)
    return conditions


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
