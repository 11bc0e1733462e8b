"""Standby: other tiers, asked only while no model of the wanted ones may be called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from router_core.situation import Situation
from router_core.strategies.base import Plan, Prospect, Strategy
from router_core.strategies.cascade import Cascade


class Standby:
    """A strategy, and the tiers that stand in when it finds nobody."""

    def __init__(self, wanted: Strategy, tiers: tuple[str, ...]) -> None:
        self._wanted = wanted
        self._tiers = tiers
        self._stand_in = Cascade(tiers)

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        """See `Strategy.plan`."""
        plan = self._wanted.plan(situation, prospects, draw)
        if plan.models:
            return plan
        stand_in = self._stand_in.plan(situation, prospects, draw)
        if not stand_in.models:
            return plan
        tiers = " then ".join(self._tiers)
        return replace(stand_in, reason=f"no model that is wanted may be called, so tier {tiers} stands in")
