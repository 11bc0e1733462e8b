"""The fastest model first, within a quality floor; with a latency target the cheapest that keeps it."""

from __future__ import annotations

from collections.abc import Sequence

from router_core.situation import Situation
from router_core.strategies.base import Plan, Prospect, in_order
from router_core.strategies.cost import by_cost
from router_core.strategies.floor import Floor


class Latency:
    """By the median of recent calls. A small share of requests explores models of which nothing is known."""

    def __init__(self, floor: Floor, explore: float) -> None:
        self._floor = floor
        self._explore = explore

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        """See `Strategy.plan`. As long as nothing is known of any model, the policy's order holds."""
        good, left_out = self._floor.split(prospects)
        target = situation.context.latency_target_ms
        known = sorted((one for one in good if one.p50_ms is not None), key=lambda one: one.p50_ms or 0.0)
        unknown = [one for one in good if one.p50_ms is None]
        if target is not None:
            known.sort(key=lambda one: (0, *by_cost(one)) if _keeps(one, target) else (1, False, 0))
        ordered = [*known, *unknown]
        if not known or not unknown:
            return Plan(in_order(ordered), left_out, _words(ordered, target))
        chances = {one.model: self._explore / len(unknown) for one in unknown}
        chances[known[0].model] = 1.0 - self._explore
        if draw < self._explore:
            tried = unknown[int(draw / self._explore * len(unknown))]
            ordered = [tried, *(one for one in ordered if one is not tried)]
            reason = f"nothing is known yet of how long {tried.model} takes, so this request finds out"
        else:
            reason = _words(ordered, target)
        return Plan(in_order(ordered, chances), left_out, reason)


def _keeps(one: Prospect, target_ms: int) -> bool:
    return one.p95_ms is not None and one.p95_ms <= target_ms


def _words(ordered: Sequence[Prospect], target_ms: int | None) -> str:
    times = " then ".join(f"{one.model} ({_time(one)})" for one in ordered)
    if target_ms is None or not ordered:
        return f"the fastest first: {times}"
    if _keeps(ordered[0], target_ms):
        return f"the cheapest of those that answer within {target_ms:,} ms 95 times in 100: {times}"
    return f"no model is known to answer within {target_ms:,} ms 95 times in 100; the fastest first: {times}"


def _time(one: Prospect) -> str:
    return "time not known yet" if one.p50_ms is None else f"median {one.p50_ms:,.0f} ms"
