"""What a strategy is: it orders the eligible models. It calls nothing and decides nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from router_core.guard import Situation
from router_core.policy.schema import Model


@dataclass(frozen=True, slots=True)
class PlannedModel:
    """One model's place in the plan."""

    model: str
    tier: str
    score: float
    """The strategy's own, higher is earlier."""
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

    kind: str

    def plan(self, situation: Situation, eligible: Sequence[str], models: Mapping[str, Model]) -> Plan:
        """Order ``eligible`` (in the policy's order)."""
        ...
