"""The values that a filter can take."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa


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
    raise NotImplementedError
