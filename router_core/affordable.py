"""What the policy's budgets leave of the eligible models, before any of them is asked. It can only narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from router_core.errors import BudgetExhausted
from router_core.guard import Eligibility, Exclusion
from router_core.policy.schema import Budget, Model
from router_core.pricing import Nano
from router_core.result import Verdict
from router_core.state.purse import Purse, Standing


def afford(
    purse: Purse, eligibility: Eligibility, models: Mapping[str, Model], most: Mapping[str, Nano | None]
) -> Eligibility:
    """Apply every budget that counts the request; each leaves a verdict.

    ``most``: what one call of each eligible model that may answer is held to cost, nano-USD. A budget is exhausted when
    it affords none of them; then it refuses, or lets its cheapest or its local models go on. While the store of the
    budgets is away and they fail open, nothing is narrowed.
    """
    if purse.unchecked is not None:
        return unchecked(purse, eligibility)
    for standing in purse.standings:
        costs = {name: most[name] for name in eligibility.models if name in most}
        known = [cost for cost in costs.values() if cost is not None]
        if not known or min(known) <= standing.left:
            eligibility = _with(eligibility, Verdict(_rule(standing), "passed", standing.words, standing.budget.owner))
            continue
        kept = _goes_on(standing.budget, costs, eligibility.models, models)
        if not kept:
            return _refused(eligibility, standing)
        purse.overdraw(standing.budget.name)
        eligibility = _narrowed(eligibility, standing, kept)
    return eligibility


def unchecked(purse: Purse, eligibility: Eligibility) -> Eligibility:
    """Say of every budget that it was not checked, in place of what was said of it before."""
    rules = {_rule(standing): standing for standing in purse.standings}
    said = tuple(verdict for verdict in eligibility.verdicts if verdict.rule not in rules)
    reason = f"it was not checked: {purse.unchecked}; what is spent is counted once that is over"
    added = tuple(Verdict(rule, "unchecked", reason, standing.budget.owner) for rule, standing in rules.items())
    return replace(eligibility, verdicts=(*said, *added))


def exhausted(eligibility: Eligibility) -> BudgetExhausted | None:
    """The error of a request that a budget refused; None when a rule did, or nothing."""
    denied = eligibility.denied
    if denied is None or not denied.rule.startswith("budget:"):
        return None
    return BudgetExhausted(f"{denied.rule.replace(':', ' ', 1)} is exhausted: {denied.reason}")


def _goes_on(
    budget: Budget, costs: Mapping[str, Nano | None], eligible: Sequence[str], models: Mapping[str, Model]
) -> list[str]:
    """Who may still be called, local judges included; nobody when none of them may answer."""
    match budget.on_exhausted:
        case "refuse":
            return []
        case "cheapest":
            known = {name: cost for name, cost in costs.items() if cost is not None}
            return [min(known, key=known.__getitem__)]
        case "local":
            local = [name for name in eligible if models[name].location == "local"]
            return local if not costs.keys().isdisjoint(local) else []


def _narrowed(eligibility: Eligibility, standing: Standing, kept: list[str]) -> Eligibility:
    removed = tuple(name for name in eligibility.models if name not in kept)
    which = "the cheapest model" if standing.budget.on_exhausted == "cheapest" else "local models"
    reason = f"{standing.words}: only {which} may go on"
    out = {name: Exclusion(_rule(standing), reason) for name in removed}
    verdict = Verdict(_rule(standing), "excluded", reason, standing.budget.owner, removed)
    left = tuple(name for name in eligibility.models if name in kept)
    return replace(_with(eligibility, verdict), models=left, exclusions={**eligibility.exclusions, **out})


def _refused(eligibility: Eligibility, standing: Standing) -> Eligibility:
    verdict = Verdict(_rule(standing), "denied", standing.words, standing.budget.owner, eligibility.models)
    return replace(_with(eligibility, verdict), models=(), denied=verdict)


def _with(eligibility: Eligibility, verdict: Verdict) -> Eligibility:
    return replace(eligibility, verdicts=(*eligibility.verdicts, verdict))


def _rule(standing: Standing) -> str:
    return f"budget:{standing.budget.name}"
