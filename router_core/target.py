"""What a request's name stands for: a route of the policy, or one model asked directly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from router_core.errors import UnknownRoute
from router_core.policy.schema import (
    CascadeStrategy,
    CostStrategy,
    CustomStrategy,
    IntentStrategy,
    LatencyStrategy,
    Model,
    Policy,
    Route,
    StrategyEntry,
    WeightedStrategy,
)
from router_core.policy.schema.validators import models_asked
from router_core.strategies.base import Strategy
from router_core.strategies.build import build_overrides, build_strategy


@dataclass(frozen=True, slots=True)
class Target:
    """A route, the models that it may use at all, and the strategies that order them."""

    name: str
    route: Route
    models: Mapping[str, Model]
    strategy_name: str
    strategy: Strategy
    overrides: Mapping[str, Strategy]
    """By intent, where the policy asks for other tiers."""
    counts_as: frozenset[str]
    """Routes whose budgets count its requests: itself, or of a model asked directly those that may answer with it."""
    only_asked: frozenset[str] = frozenset()
    """Models that validators ask and that never answer themselves."""

    def strategy_for(self, intent: str) -> Strategy:
        """The strategy that orders the models for this intent."""
        return self.overrides.get(intent, self.strategy)


class Targets:
    """All that a client may ask for under one policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._routes = {name: self._entry(name, route) for name, route in policy.routes.items()}
        self._direct = {name: self._direct_to(name, model) for name, model in policy.models.items()}
        self.models = {name: target.models for name, target in self._routes.items()}
        """The models that each route may use."""

    @property
    def routes(self) -> Mapping[str, Target]:
        """The policy's routes by name."""
        return self._routes

    def resolve(self, name: str | None) -> Target:
        """``route/NAME``, ``NAME``, a model's name, or None for the default route.

        Raises:
            UnknownRoute: the policy knows neither; the message lists the routes.
        """
        plain = self._policy.default_route if name is None else name.removeprefix("route/")
        if plain in self._routes:
            return self._routes[plain]
        if name is not None and name in self._direct:
            return self._direct[name]
        known = ", ".join(f"route/{route}" for route in self._routes)
        raise UnknownRoute(f"there is no route or model {plain[:80]!r}; use one of {known}")

    def _entry(self, name: str, route: Route) -> Target:
        models, only_asked = _models_of(route, self._policy)
        strategies = build_strategy(route), build_overrides(route)
        return Target(name, route, models, route.strategy.kind, *strategies, frozenset((name,)), only_asked)

    def _direct_to(self, name: str, model: Model) -> Target:
        """A model asked by its own name: no choice to make, but guarded and recorded like any other request."""
        route = Route(strategy=CascadeStrategy(kind="cascade", tiers=(model.tier,)), stream="immediate")
        by = frozenset(one.name for one in self._routes.values() if name in one.models and name not in one.only_asked)
        return Target(f"model/{name}", route, {name: model}, "direct", build_strategy(route), {}, by)


def _models_of(route: Route, policy: Policy) -> tuple[dict[str, Model], frozenset[str]]:
    """The models that the strategy may order, their fallbacks, and those that only validators ask; in policy order.

    The second value names the latter: probes and judges that never answer themselves.
    """
    names, tiers = _reach(route.strategy)
    tiers.update(route.standby)
    validators = set(route.validators)
    for override in route.intents.values():
        tiers.update(override.tiers or ())
        validators.update(override.validators or ())
    names.update(name for name, model in policy.models.items() if model.tier in tiers)
    names.update(route.larger_context)
    if route.safety_model is not None:
        names.add(route.safety_model)
    for name in list(names):
        following = policy.models[name].fallback
        while following is not None and following not in names:
            names.add(following)
            following = policy.models[following].fallback
    asked = {model for name in validators for model in models_asked(policy.validators[name])} - names
    models = {name: model for name, model in policy.models.items() if name in names | asked}
    return models, frozenset(asked)


def _reach(entry: StrategyEntry) -> tuple[set[str], set[str]]:
    """The models and the tiers that a strategy may use."""
    match entry:
        case CascadeStrategy() | CostStrategy() | LatencyStrategy():
            return set(), set(entry.tiers)
        case IntentStrategy():
            return {*entry.otherwise, *_all(entry.intents), *_all(entry.domains)}, set()
        case WeightedStrategy():
            return set(entry.weights), set()
        case CustomStrategy():
            return set(entry.models), set()


def _all(lists: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {name for names in lists.values() for name in names}
