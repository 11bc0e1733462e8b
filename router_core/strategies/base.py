"""What a strategy is: it orders the eligible models. It calls nothing and decides nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from router_core.pricing import Nano
from router_core.situation import Situation


@dataclass(frozen=True, slots=True)
class Prospect:
    """An eligible model, and what is known of calling it for this request. Unknown is None."""

    model: str
    tier: str
    quality: float | None = None
    """0..1, as the policy states it for this intent."""
    expected_cost: Nano | None = None
    """Nano-USD of one call, by estimated tokens."""
    p50_ms: float | None = None
    """Median time of its recent calls."""
    p95_ms: float | None = None
    """Time within which 95 of 100 of its recent calls were answered."""


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """One model's place in the plan."""

    model: str
    tier: str
    score: float
    """The strategy's own, higher is earlier. After a low score only models with a lower one are asked."""
    propensity: float
    """Probability that the strategy puts it first, for off-policy evaluation later."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The models in the order in which they are tried, and why in that order."""

    models: tuple[PlannedModel, ...]
    left_out: Mapping[str, str]
    """Eligible models that this plan does not use, each with the reason."""
    reason: str


class Strategy(Protocol):
    """One way to order models. Made once per route; pure."""

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        """Order the eligible models, which come in the policy's order.

        ``draw`` is the request's random number, uniform in [0, 1): a strategy that leaves something to chance takes it
        from there alone, and states the propensities.
        """
        ...


def in_order(ordered: Sequence[Prospect], propensities: Mapping[str, float] | None = None) -> tuple[PlannedModel, ...]:
    """Places with falling scores; without propensities the first is certain."""
    chances = {ordered[0].model: 1.0} if propensities is None and ordered else propensities or {}
    return tuple(
        PlannedModel(one.model, one.tier, 1.0 - place / len(ordered), chances.get(one.model, 0.0))
        for place, one in enumerate(ordered)
    )
