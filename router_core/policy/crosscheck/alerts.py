"""Alert rules against models, routes, budgets and channels, and each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router_core.policy.crosscheck.lookup import Finding, Key, check_names, check_repeated, names_in, table


def alert_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Repeated names, unknown names, and what could never be measured under this policy."""
    alerts = data.get("alerts")
    yield from check_repeated(("alerts",), "alert", alerts)
    channels = table(data.get("alerting"), "channels")
    for number, alert in enumerate(alerts if isinstance(alerts, list) else []):
        if isinstance(alert, Mapping):
            yield from _alert(("alerts", number), alert, channels, data)


def _alert(
    here: Key, alert: Mapping[str, Any], channels: Mapping[str, Any], data: Mapping[str, Any]
) -> Iterator[Finding]:
    # Tools answer requests and have branches as models do.
    yield from check_names(
        (*here, "models"), "model", names_in(alert, "models"), [*table(data, "models"), *table(data, "tools")]
    )
    yield from check_names((*here, "routes"), "route", names_in(alert, "routes"), table(data, "routes"))
    yield from check_names((*here, "channels"), "channel", names_in(alert, "channels"), channels)
    budgets = data.get("budgets")
    known = {
        one["name"]: one
        for one in (budgets if isinstance(budgets, list) else [])
        if isinstance(one, Mapping) and isinstance(one.get("name"), str)
    }
    budget, metric = alert.get("budget"), alert.get("metric")
    if metric in ("budget_use", "budget_burn") and isinstance(budget, str):
        yield from check_names((*here, "budget"), "budget", [budget], known)
        if metric == "budget_burn" and known.get(budget, {}).get("per") == "key":
            yield (
                (*here, "budget"),
                "what each API key spends in a window is not kept",
                'use metric = "budget_use" for a budget per key',
            )
    elif metric in ("budget_use", "budget_burn") and not known:
        yield (*here, "metric"), "the policy has no budget", "add one under [[budgets]], or leave the alert out"
    refusals = [one for one in table(data, "validators").values() if one.get("kind") == "refusal"]
    if metric == "refusal_rate" and not refusals:
        yield (
            (*here, "metric"),
            "the policy has no validator that looks for refusals",
            'add one of kind = "refusal", or leave the alert out',
        )
