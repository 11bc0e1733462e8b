"""Weakest tier first: the next tier is asked only when an answer fails its validators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from router_core.guard import Situation
from router_core.policy.schema import Model, Route
from router_core.strategies.base import Plan, PlannedModel


class Cascade:
    """The cascade of one route: its tiers, and other tiers for single intents."""

    kind = "cascade"

    def __init__(self, route: Route) -> None:
        self._tiers = route.strategy.tiers
        self._standby = route.standby
        self._by_intent = {
            intent: override.tiers for intent, override in route.intents.items() if override.tiers is not None
        }

    def plan(self, situation: Situation, eligible: Sequence[str], models: Mapping[str, Model]) -> Plan:
        """See `Strategy.plan`. Within a tier the policy's order holds."""
        own = self._by_intent.get(situation.signals.intent)  # type: ignore[call-overload]
        whose = f"intent {situation.signals.intent}" if own is not None else f"route {situation.route}"
        tiers = self._tiers if own is None else own
        reason = f"{whose} tries tier {' then '.join(tiers)}"
        if self._standby and not any(models[name].tier in tiers for name in eligible):
            reason = (
                f"no model of tier {' or '.join(tiers)} may be called, so tier {' then '.join(self._standby)} stands in"
            )
            tiers = self._standby
        rank = {tier: place for place, tier in enumerate(tiers)}
        ordered = sorted((name for name in eligible if models[name].tier in rank), key=lambda n: rank[models[n].tier])
        planned = tuple(
            PlannedModel(
                model=name,
                tier=models[name].tier,
                score=1.0 - rank[models[name].tier] / len(tiers),
                propensity=1.0 if place == 0 else 0.0,
            )
            for place, name in enumerate(ordered)
        )
        left_out = {
            name: f"{whose} uses tier {' then '.join(tiers)} only; this model is in {models[name].tier}"
            for name in eligible
            if models[name].tier not in rank
        }
        return Plan(planned, left_out, reason)
