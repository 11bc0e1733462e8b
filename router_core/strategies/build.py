"""From a route's policy to its strategy."""

from __future__ import annotations

from router_core.policy.schema import CascadeStrategy, Route
from router_core.strategies.base import Strategy
from router_core.strategies.cascade import Cascade


def build_strategy(route: Route) -> Strategy:
    """The strategy that the route names."""
    match route.strategy:
        case CascadeStrategy():
            return Cascade(route)
