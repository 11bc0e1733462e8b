"""Which model comes next: upwards after a low score, sideways or upwards after a failure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from router_core.policy.schema import Model
from router_core.strategies.base import Plan, PlannedModel


def after_rejection(plan: Plan, last: PlannedModel, tried: Collection[str]) -> PlannedModel | None:
    """The first untried model that the plan ranks below ``last``'s tier: the same tier would say the same."""
    return next((m for m in plan.models if m.model not in tried and m.score < last.score), None)


def after_failure(
    plan: Plan,
    last: PlannedModel,
    tried: Collection[str],
    models: Mapping[str, Model],
    eligible: Collection[str],
) -> PlannedModel | None:
    """The failed model's own fallback when it is eligible, else the first untried model of the plan.

    A fallback outside of the plan (another tier than the intent asks for) is allowed: the policy names it.
    """
    fallback = models[last.model].fallback
    if fallback is not None and fallback in eligible and fallback not in tried:
        planned = next((m for m in plan.models if m.model == fallback), None)
        return planned or PlannedModel(fallback, models[fallback].tier, last.score, 0.0)
    return next((m for m in plan.models if m.model not in tried), None)
