"""How far requests had to go: tools first, then the tiers of models; and who answered in the end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from telemetry.levels import BRANCHES, REQUESTS
from telemetry.query.cells import cells, known, sums
from telemetry.query.filters import Filters
from telemetry.query.proportion import Proportion
from telemetry.storage.engine import reading

ANSWERING = ("tool", "cache", "model")
"""Kinds of branches whose answer a request may get; probes and judges only help to choose."""


@dataclass(frozen=True, slots=True)
class Stage:
    """All tools, the cache, or one tier of models."""

    kind: str
    tier: str
    """Empty for tools, the cache, and models without a tier."""
    tried: int
    """Branches, retries left out."""
    accepted: Proportion
    """Of those that were tried; an answer that needed a retry counts."""
    rejected: int
    failed: int
    retries: int
    cost_nano: int | None
    cost_unknown: int


@dataclass(frozen=True, slots=True)
class ModelShare:
    """How many requests a model or tool answered."""

    chosen: str | None
    """None: no answer."""
    kind: str | None
    requests: Proportion
    cost_nano: int | None
    """Of these requests, all branches included."""
    cost_unknown: int


def funnel(engine: sa.Engine, filters: Filters) -> list[Stage]:
    """Tools and the cache, then tiers, those first that were tried most: who stands early in a cascade is."""
    values = ("branches", "accepted", "rejected", "failed", "retries", "cost_nano", "cost_unknown")
    source = cells(BRANCHES, filters, keys=("kind", "tier"), values=values)
    keys = (source.c.kind, source.c.tier)
    statement: sa.Select[Any] = (
        sa.select(*keys, *sums(source, BRANCHES, values))
        .where(source.c.kind.in_(ANSWERING))
        .group_by(*keys)
        .order_by(*keys)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    stages = [
        Stage(
            kind=row.kind,
            tier=row.tier,
            tried=row.branches - row.retries,
            accepted=Proportion.of(row.accepted, row.branches - row.retries),
            rejected=row.rejected,
            failed=row.failed,
            retries=row.retries,
            cost_nano=known(row.cost_nano, row.branches - row.cost_unknown),
            cost_unknown=row.cost_unknown,
        )
        for row in rows
    ]
    return sorted(stages, key=lambda stage: (ANSWERING.index(stage.kind), -stage.tried, stage.tier))


def model_shares(engine: sa.Engine, filters: Filters) -> list[ModelShare]:
    """Who answered, the most frequent first; the shares add up to 1."""
    values = ("requests", "cost_nano", "cost_unknown")
    source = cells(REQUESTS, filters, keys=("chosen", "chosen_kind"), values=values)
    keys = (source.c.chosen, source.c.chosen_kind)
    statement: sa.Select[Any] = (
        sa.select(*keys, *sums(source, REQUESTS, values)).group_by(*keys).order_by(sa.desc("requests"), *keys)
    )
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    n = sum(row.requests for row in rows)
    return [
        ModelShare(
            chosen=row.chosen or None,
            kind=row.chosen_kind or None,
            requests=Proportion.of(row.requests, n),
            cost_nano=known(row.cost_nano, row.requests - row.cost_unknown),
            cost_unknown=row.cost_unknown,
        )
        for row in rows
    ]
