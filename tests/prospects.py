"""Situations and prospects for tests of strategies."""

from __future__ import annotations

from router_core.pricing import to_nano
from router_core.request import Context
from router_core.result import Signals
from router_core.situation import Situation
from router_core.strategies.base import Plan, Prospect


def situation(intent: str = "chat", **context: object) -> Situation:
    """A request of this intent with this context."""
    signals = Signals(intent, 0.9, "en", 40, 8, 12, code=False, numbers=0)
    return Situation("chat", Context(**context), signals)  # type: ignore[arg-type]


def prospect(
    model: str,
    tier: str = "small",
    *,
    usd: str | None = None,
    p50: float | None = None,
    p95: float | None = None,
    quality: float | None = None,
) -> Prospect:
    """One model, with what is known of it."""
    return Prospect(model, tier, quality, None if usd is None else to_nano(usd), p50, p95)


def order(plan: Plan) -> list[str]:
    """The models of a plan in their order."""
    return [place.model for place in plan.models]
