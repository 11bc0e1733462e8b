"""The values that a filter can take."""

from __future__ import annotations

from collections.abc import Iterable
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
    """The values in the rollups, each table read once."""
    columns, branches = REQUEST_HOUR.c, BRANCH_HOUR.c
    names = (columns.route, columns.tenant, columns.intent, columns.status, columns.purpose, columns.policy_version)
    with reading(engine) as connection:
        rows = connection.execute(sa.select(*names).distinct()).all()
        tried = connection.execute(sa.select(branches.model, branches.kind == "tool").distinct()).all()
    seen = [_values(row[place] for row in rows) for place in range(len(names))]
    routes, tenants, intents, statuses, purposes, policy_versions = seen
    return Facets(
        routes=routes,
        tenants=tenants,
        models=_values(model for model, is_tool in tried if not is_tool),
        tools=_values(model for model, is_tool in tried if is_tool),
        intents=intents,
        statuses=statuses,
        purposes=purposes,
        policy_versions=policy_versions,
    )


def _values(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))
