"""The values that a filter can take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from telemetry.levels import BRANCHES, REQUESTS
from telemetry.query.cells import cells
from telemetry.query.filters import Filters
from telemetry.query.spending import NO_MODEL
from telemetry.storage.engine import reading

EVERYTHING = Filters(purposes=())


@dataclass(frozen=True, slots=True)
class Facets:
    """Every value that occurs in the store, sorted."""

    routes: tuple[str, ...]
    tenants: tuple[str, ...]
    models: tuple[str, ...]
    tools: tuple[str, ...]
    """And the cache. They also go into ``Filters.models``."""
    intents: tuple[str, ...]
    statuses: tuple[str, ...]
    risks: tuple[str, ...]
    purposes: tuple[str, ...]
    policy_versions: tuple[str, ...]


def facets(engine: sa.Engine) -> Facets:
    """The values in the rollups, each from the coarsest level that knows it."""
    tried = cells(BRANCHES, EVERYTHING, keys=("model", "kind"))
    with reading(engine) as connection:

        def values_of(name: str) -> tuple[str, ...]:
            source = cells(REQUESTS, EVERYTHING, keys=(name,))
            return _values(connection.scalars(sa.select(source.c[name]).distinct()))

        pairs = connection.execute(sa.select(tried.c.model, tried.c.kind).distinct()).all()
        return Facets(
            routes=values_of("route"),
            tenants=values_of("tenant"),
            models=_values(model for model, kind in pairs if kind not in NO_MODEL),
            tools=_values(model for model, kind in pairs if kind in NO_MODEL),
            intents=values_of("intent"),
            statuses=values_of("status"),
            risks=values_of("risk"),
            purposes=values_of("purpose"),
            policy_versions=values_of("policy_version"),
        )


def _values(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({name for name in names if name}))
