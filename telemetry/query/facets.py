"""The values that a filter can take."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from telemetry.storage.engine import reading
from telemetry.storage.models import BRANCH_HOUR, REQUEST_HOUR


@dataclass(frozen=True, slots=True)
class Facets:
    """Every value that occurs in the store, sorted."""

    routes: tuple[str, ...]
    tenants: tuple[str, ...]
    models: tuple[str, ...]
    tools: tuple[str, ...]
    """Also go into ``Filters.models``."""
    intents: tuple[str, ...]
    statuses: tuple[str, ...]
    purposes: tuple[str, ...]
    policy_versions: tuple[str, ...]


def facets(engine: sa.Engine) -> Facets:
    """The values in the rollups."""
    columns = REQUEST_HOUR.c
    with reading(engine) as connection:

        def values(column: sa.ColumnElement[str], *conditions: sa.ColumnElement[bool]) -> tuple[str, ...]:
            statement = sa.select(column).distinct().where(column != "", *conditions).order_by(column)
            return tuple(connection.scalars(statement))

        return Facets(
            routes=values(columns.route),
            tenants=values(columns.tenant),
            models=values(BRANCH_HOUR.c.model, BRANCH_HOUR.c.kind != "tool"),
            tools=values(BRANCH_HOUR.c.model, BRANCH_HOUR.c.kind == "tool"),
            intents=values(columns.intent),
            statuses=values(columns.status),
            purposes=values(columns.purpose),
            policy_versions=values(columns.policy_version),
        )
