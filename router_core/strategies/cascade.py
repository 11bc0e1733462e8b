"""Weakest tier first: the next tier is asked only when an answer fails its validators."""

from __future__ import annotations

from collections.abc import Sequence

from router_core.situation import Situation
from router_core.strategies.base import Plan, PlannedModel, Prospect


class Cascade:
    """Tiers in their order; within a tier the policy's order holds."""

    def __init__(self, tiers: tuple[str, ...], whose: str = "") -> None:
        self._tiers = tiers
        self._rank = {tier: place for place, tier in enumerate(tiers)}
        self._whose = whose

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        """See `Strategy.plan`."""
        rank, tiers = self._rank, " then ".join(self._tiers)
        whose = self._whose or f"route {situation.route}"
        ordered = sorted((one for one in prospects if one.tier in rank), key=lambda one: rank[one.tier])
        planned = tuple(
            PlannedModel(one.model, one.tier, 1.0 - rank[one.tier] / len(rank), 1.0 if place == 0 else 0.0)
            for place, one in enumerate(ordered)
        )
        left_out = {
            one.model: f"{whose} uses tier {tiers} only; this model is in {one.tier}"
            for one in prospects
            if one.tier not in rank
        }
        return Plan(planned, left_out, f"{whose} tries tier {tiers}")
