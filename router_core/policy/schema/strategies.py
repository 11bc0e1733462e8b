"""Strategies: how a route orders the models that may answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from router_core.policy.schema.values import Share, Strict

Names: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1)]


class CascadeStrategy(Strict):
    """Weakest tier first; the next one only when an answer fails its validators."""

    kind: Literal["cascade"]
    tiers: Names
    """In the order in which they are tried."""


class IntentStrategy(Strict):
    """Each intent, or each domain, to the models that are good at it."""

    kind: Literal["intent"]
    intents: dict[str, Names] = {}
    """Models for an intent, in the order in which they are tried."""
    domains: dict[str, Names] = {}
    """Models for a domain, in the order in which they are tried; a domain goes before an intent."""
    otherwise: Names
    """Models for everything else; also tried after those of the intent or domain."""


class CostStrategy(Strict):
    """The cheapest model first, by what this very request is expected to cost there, within a quality floor."""

    kind: Literal["cost"]
    tiers: Names
    """Models of these tiers only."""
    min_quality: Share | None = None
    """Models whose stated `quality` for the intent is lower, or not stated, are left out."""


class LatencyStrategy(Strict):
    """The fastest healthy model first, by what its recent calls took, within a quality floor.

    A request with a latency target gets the cheapest of the models that keep it 95 times in 100.
    """

    kind: Literal["latency"]
    tiers: Names
    """Models of these tiers only."""
    min_quality: Share | None = None
    """Models whose stated `quality` for the intent is lower, or not stated, are left out."""
    explore: Share = 0.05
    """Share of requests that go first to a model whose latency is not known, so that it becomes known."""


class WeightedStrategy(Strict):
    """A traffic split: each model first for its share of the requests."""

    kind: Literal["weighted"]
    weights: Annotated[dict[str, Annotated[float, Field(gt=0, le=1_000_000)]], Field(min_length=1)]
    """Models with their weights; only their ratio counts, and what an excluded model leaves goes to the others."""
    sticky: Literal["none", "tenant", "key"] = "none"
    """What always goes to the same model: a tenant, or the context's `sticky_key` (a user, a conversation)."""


class CustomStrategy(Strict):
    """A strategy of one's own, found by the entry point group `routescope.strategies`."""

    kind: Literal["custom"]
    name: str
    """Name of the entry point: a callable that takes the settings and returns the strategy."""
    models: Names
    """Models that it may order."""
    settings: dict[str, Any] = {}
    """Handed to it as they stand."""


StrategyEntry: TypeAlias = Annotated[
    CascadeStrategy | IntentStrategy | CostStrategy | LatencyStrategy | WeightedStrategy | CustomStrategy,
    Field(discriminator="kind"),
]
