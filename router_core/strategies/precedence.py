"""One model of a plan before all others: the one that answered a conversation before, or a stronger one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from router_core.strategies.base import Plan, PlannedModel


def put_first(plan: Plan, model: str, rank: Mapping[str, int], reason: str) -> Plan:
    """The plan with ``model`` of it in front, for certain. The others keep their order.

    Scores are given anew, since whom a low score leads to goes by them: never to a weaker tier than that of the first,
    nor to a model that the plan held to be its equal. ``rank``: tiers, the stronger the higher.
    """
    first = next(place for place in plan.models if place.model == model)
    rest = [place for place in plan.models if place is not first]

    def leads_nowhere(place: PlannedModel) -> bool:
        return rank[place.tier] < rank[first.tier] or place.score == first.score

    levels = sorted({place.score for place in rest if not leads_nowhere(place)}, reverse=True)
    scores = {score: 1.0 - (at + 1) / (len(levels) + 1) for at, score in enumerate(levels)}
    places = (
        replace(first, score=1.0, propensity=1.0),
        *(replace(place, score=1.0 if leads_nowhere(place) else scores[place.score], propensity=0.0) for place in rest),
    )
    return Plan(places, plan.left_out, reason)
