"""The cheapest model first, within a quality floor."""

from __future__ import annotations

from collections.abc import Sequence

from router_core.pricing import NANO_PER_USD
from router_core.situation import Situation
from router_core.strategies.base import Plan, Prospect, in_order
from router_core.strategies.floor import Floor


class Cost:
    """By expected cost; a model of unknown price comes last. Models known to miss a latency target come after."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        """See `Strategy.plan`. Of equal costs the policy's order holds."""
        good, left_out = self._floor.split(prospects)
        target = situation.context.latency_target_ms
        ordered = sorted(good, key=lambda one: (_too_slow(one, target), by_cost(one)))
        words = " then ".join(f"{one.model} ({money(one)})" for one in ordered)
        reason = f"the cheapest first: {words}"
        late = [one.model for one in ordered if _too_slow(one, target)]
        if late:
            reason += f"; {', '.join(late)} would take longer than the {target:,} ms that the request asks for"
        return Plan(in_order(ordered), left_out, reason)


def by_cost(one: Prospect) -> tuple[bool, int]:
    """Sorting key: known costs first, from the lowest."""
    return (one.expected_cost is None, one.expected_cost or 0)


def money(one: Prospect) -> str:
    """A model's expected cost in words."""
    return "price unknown" if one.expected_cost is None else f"${one.expected_cost / NANO_PER_USD:.6f} expected"


def _too_slow(one: Prospect, target_ms: int | None) -> bool:
    return target_ms is not None and one.p95_ms is not None and one.p95_ms > target_ms
