"""What the request would have cost without routing: the strongest eligible model, asked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from router_core.policy.schema import Model
from router_core.pricing import CostSource, Nano, Price


@dataclass(frozen=True, slots=True)
class Baseline:
    """The strongest eligible model and its cost for this request; None where the price is unknown."""

    model: str
    cost: Nano | None
    source: CostSource


def strongest(eligible: Sequence[str], models: Mapping[str, Model], tiers: Sequence[str]) -> str | None:
    """The first model of the highest tier among ``eligible``; ``tiers`` run from weakest to strongest."""
    rank = {tier: place for place, tier in enumerate(tiers)}
    return max(eligible, key=lambda name: rank[models[name].tier], default=None)


def baseline_of(
    model: str,
    price: Price | None,
    input_tokens: int,
    output_tokens: int,
    observed: Nano | None,
) -> Baseline:
    """The baseline's cost: observed when that very model answered, else its prices x this request's tokens."""
    if observed is not None:
        return Baseline(model, observed, "observed")
    return Baseline(model, None if price is None else price.expected(input_tokens, output_tokens), "estimated")
