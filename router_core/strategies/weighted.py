"""A traffic split: each model comes first for its share of requests, or of tenants, or of keys."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Literal

from router_core.situation import Situation
from router_core.strategies.base import Plan, Prospect, in_order

_SCALE = 2**64


class Weighted:
    """Weights of the eligible models, scaled to 1. What is sticky keeps its model while that one stays eligible.

    Sticky choices use weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): when a model goes, only its own
    keys move.
    """

    def __init__(self, weights: Mapping[str, float], sticky: Literal["none", "tenant", "key"]) -> None:
        self._weights = weights
        self._sticky = sticky

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        """See `Strategy.plan`. The models that are not drawn follow, the heavier first."""
        split = [one for one in prospects if one.model in self._weights]
        left_out = {
            one.model: "it has no weight in the route's split" for one in prospects if one.model not in self._weights
        }
        if not split:
            return Plan((), left_out, "no model of the split may be called")
        total = sum(self._weights[one.model] for one in split)
        shares = {one.model: self._weights[one.model] / total for one in split}
        key = self._key(situation)
        first = _drawn(split, shares, draw) if key is None else self._rendezvous(split, key)
        others = sorted((one for one in split if one is not first), key=lambda one: -shares[one.model])
        how = "drawn" if key is None else f"kept for this {self._sticky}"
        reason = f"{first.model} gets {shares[first.model]:.0%} of the traffic and was {how}"
        return Plan(in_order([first, *others], shares), left_out, reason)

    def _key(self, situation: Situation) -> str | None:
        match self._sticky:
            case "none":
                return None
            case "tenant":
                return situation.context.tenant
            case "key":
                return situation.context.sticky_key

    def _rendezvous(self, split: Sequence[Prospect], key: str) -> Prospect:
        # The smallest of exponential variables with these rates is distributed as the weights are.
        return min(split, key=lambda one: -_log_uniform(key, one.model) / self._weights[one.model])


def _drawn(split: Sequence[Prospect], shares: Mapping[str, float], draw: float) -> Prospect:
    below = 0.0
    for one in split:
        below += shares[one.model]
        if draw < below:
            return one
    return split[-1]


def _log_uniform(key: str, model: str) -> float:
    """The logarithm of a number in (0, 1] that key and model alone determine."""
    digest = hashlib.blake2b(f"{model}\0{key}".encode(), digest_size=8).digest()
    return math.log((int.from_bytes(digest) + 1) / _SCALE)
