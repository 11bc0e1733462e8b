"""Strategies of one's own: found by entry point, and held to what a strategy may do."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from router_core.situation import Situation
from router_core.strategies.base import Plan, Prospect, Strategy, in_order

log = logging.getLogger("routescope.strategies")


class Custom:
    """Foreign code behind a check: it may order eligible models, and never adds one.

    A strategy that raises, or plans what it was not offered, gives way to the policy's order, and the decision
    says so.
    """

    def __init__(self, name: str, strategy: Strategy, models: tuple[str, ...]) -> None:
        self._name = name
        self._strategy = strategy
        self._models = frozenset(models)

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        """See `Strategy.plan`."""
        offered = [one for one in prospects if one.model in self._models]
        left_out = {
            one.model: f"strategy {self._name} does not use it" for one in prospects if one.model not in self._models
        }
        try:
            plan = self._strategy.plan(situation, offered, draw)
            strangers = {place.model for place in plan.models} - {one.model for one in offered}
            if not strangers:
                return Plan(plan.models, {**left_out, **plan.left_out}, plan.reason)
            fault = f"planned {', '.join(sorted(strangers))}, which it was not offered"
        except Exception as error:  # noqa: BLE001 (a strategy is foreign code: a request must not fail of it)
            fault = f"raised {type(error).__name__}"
            log.error("strategy %s raised %s", self._name, type(error).__name__)
        return Plan(in_order(offered), left_out, f"strategy {self._name} {fault}; the policy's order holds")
