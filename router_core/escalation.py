"""Which model comes next: upwards after a low score; after a failure whoever can do what the failed model could not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from router_core.errors import ContentFiltered, ContextTooLong
from router_core.policy.schema import Model, Route
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
    error: BaseException | None = None,
    route: Route | None = None,
) -> PlannedModel | None:
    """The model to ask after ``last`` failed with ``error``; None when nobody is left who might do better.

    - The prompt was too long: only models with a larger window than the failed one's, in the order of the route's
      ``larger_context``, the failed model's own fallbacks, the plan, the other eligible models.
    - A safety filter stopped the answer: the route's ``safety_model``, then as after any other failure.
    - Otherwise: the failed model's fallback, and that one's, and so on along the chain; then the plan.

    ``models`` are those of the route; without a ``route`` nothing is preferred. Only ``eligible`` and untried ones are
    asked. A model outside of the plan (of another tier than the intent asks for) is allowed, because the policy names
    it; it takes the failed one's rank.
    """
    untried = [name for name in eligible if name not in tried]
    planned = [place.model for place in plan.models]
    chain = _fallbacks(last.model, models)
    following: Iterable[str] = (*chain, *planned)
    if isinstance(error, ContextTooLong):
        window = models[last.model].context_window
        untried = [name for name in untried if models[name].context_window > window]
        named = () if route is None else route.larger_context
        following = (*named, *chain, *planned, *untried)
    elif isinstance(error, ContentFiltered) and route is not None and route.safety_model is not None:
        following = (route.safety_model, *chain, *planned)
    name = next((name for name in following if name in untried), None)
    return None if name is None else _place(name, plan, last, models)


def _fallbacks(name: str, models: Mapping[str, Model]) -> list[str]:
    """The chain of fallbacks that begins at a model, itself not included."""
    chain: list[str] = []
    following = models[name].fallback
    while following is not None and following not in chain and following in models:
        chain.append(following)
        following = models[following].fallback
    return chain


def _place(name: str, plan: Plan, last: PlannedModel, models: Mapping[str, Model]) -> PlannedModel:
    planned = next((place for place in plan.models if place.model == name), None)
    return planned or PlannedModel(name, models[name].tier, last.score, 0.0)
