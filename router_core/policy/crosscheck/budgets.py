"""Budgets against routes, each other, and the models that could go on when they are exhausted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router_core.policy.crosscheck.lookup import Finding, Key, check_names, check_repeated, names_in, table


def budget_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Repeated names, unknown routes, and a way out that leads nowhere."""
    budgets = data.get("budgets")
    yield from check_repeated(("budgets",), "budget", budgets)
    models = table(data, "models").values()
    for number, budget in enumerate(budgets if isinstance(budgets, list) else []):
        if not isinstance(budget, Mapping):
            continue
        here: Key = ("budgets", number)
        yield from check_names((*here, "routes"), "route", names_in(budget, "routes"), table(data, "routes"))
        if budget.get("on_exhausted") == "local" and not any(model.get("location") == "local" for model in models):
            yield (
                (*here, "on_exhausted"),
                "the policy has no local model that could go on",
                'say on_exhausted = "cheapest" or "refuse", or add a local model',
            )
