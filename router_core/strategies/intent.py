"""Each intent, or each domain, to the models that are good at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from router_core.situation import Situation
from router_core.strategies.base import Plan, Prospect, in_order


class Intent:
    """Models by name. Those for everything else follow, so that a failed specialist has somebody behind it."""

    def __init__(
        self,
        intents: Mapping[str, tuple[str, ...]],
        domains: Mapping[str, tuple[str, ...]],
        otherwise: tuple[str, ...],
    ) -> None:
        self._intents = intents
        self._domains = domains
        self._otherwise = otherwise

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        """See `Strategy.plan`. A domain goes before an intent: specialists know more than their task."""
        names, why = self._wanted(situation)
        by_name = {one.model: one for one in prospects}
        wanted = dict.fromkeys((*names, *self._otherwise))
        ordered = [by_name[name] for name in wanted if name in by_name]
        missing = [name for name in names if name not in by_name]
        left_out = {name: f"the route does not use it for {why}" for name in by_name if name not in wanted}
        reason = f"{why} goes to {' then '.join(one.model for one in ordered)}"
        if missing and ordered:
            reason += f"; {', '.join(missing)} may not be called"
        return Plan(in_order(ordered), left_out, reason)

    def _wanted(self, situation: Situation) -> tuple[tuple[str, ...], str]:
        signals = situation.signals
        if signals.domain in self._domains:
            return self._domains[signals.domain], f"domain {signals.domain}"
        if signals.intent in self._intents:
            return self._intents[signals.intent], f"intent {signals.intent}"
        return (), f"intent {signals.intent}, which has no models of its own,"
