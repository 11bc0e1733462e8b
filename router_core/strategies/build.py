"""From a route's policy to its strategies: the route's own, and another for each intent that asks for other tiers.

Each kind is imported with the first route that names it.
"""

from __future__ import annotations

from router_core.errors import Fault, PolicyError
from router_core.policy.entry_points import STRATEGIES, UnusableEntryPoint, make
from router_core.policy.schema import (
    CascadeStrategy,
    CostStrategy,
    CustomStrategy,
    IntentStrategy,
    LatencyStrategy,
    Route,
    StrategyEntry,
    WeightedStrategy,
)
from router_core.strategies.base import Strategy
from router_core.strategies.cascade import Cascade
from router_core.strategies.floor import Floor
from router_core.strategies.standby import Standby


def build_strategy(route: Route) -> Strategy:
    """What the route names, for intents without tiers of their own.

    Raises:
        PolicyError: a strategy of one's own that is not installed, or that cannot be made.
    """
    return _with_standby(_build(route.strategy), route)


def build_overrides(route: Route) -> dict[str, Strategy]:
    """The strategy of each intent that has tiers of its own."""
    return {
        str(intent): _with_standby(_narrowed(route.strategy, override.tiers, f"intent {intent}"), route)
        for intent, override in route.intents.items()
        if override.tiers is not None
    }


def _build(entry: StrategyEntry) -> Strategy:
    match entry:
        case CascadeStrategy():
            return Cascade(entry.tiers)
        case IntentStrategy():
            from router_core.strategies.intent import Intent

            return Intent(entry.intents, entry.domains, entry.otherwise)
        case CostStrategy():
            from router_core.strategies.cost import Cost

            return Cost(Floor(frozenset(entry.tiers), entry.min_quality))
        case LatencyStrategy():
            from router_core.strategies.latency import Latency

            return Latency(Floor(frozenset(entry.tiers), entry.min_quality), entry.explore)
        case WeightedStrategy():
            from router_core.strategies.weighted import Weighted

            return Weighted(entry.weights, entry.sticky)
        case CustomStrategy():
            from router_core.strategies.custom import Custom

            return Custom(entry.name, _load(entry), entry.models)


def _narrowed(entry: StrategyEntry, tiers: tuple[str, ...], whose: str) -> Strategy:
    """The strategy over an intent's own tiers. One that knows no tiers gives way to a cascade."""
    match entry:
        case CostStrategy() | LatencyStrategy():
            return _build(entry.model_copy(update={"tiers": tiers}))
        case _:
            return Cascade(tiers, whose)


def _with_standby(strategy: Strategy, route: Route) -> Strategy:
    return Standby(strategy, route.standby) if route.standby else strategy


def _load(entry: CustomStrategy) -> Strategy:
    try:
        strategy: Strategy = make(STRATEGIES, entry.name, entry.settings, "plan")
    except UnusableEntryPoint as error:
        fault = Fault("policy", f"strategy {entry.name}", str(error), error.remedy)
        raise PolicyError([fault]) from error
    return strategy
