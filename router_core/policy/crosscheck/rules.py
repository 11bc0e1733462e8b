"""Rules against routes, models and tiers; rules that could never be satisfied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router_core.policy.crosscheck.lookup import Finding, Key, check_names, names_in, table


def rule_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Repeated names, unknown names, requirements that nobody meets."""
    rules = data.get("rules")
    if not isinstance(rules, list):
        return
    models, seen = table(data, "models"), set[str]()
    for number, rule in enumerate(rules):
        if not isinstance(rule, Mapping):
            continue
        here: Key = ("rules", number)
        name = rule.get("name")
        if isinstance(name, str):
            if name in seen:
                yield (*here, "name"), f"rule {name!r} stands twice", "give each rule its own name"
            seen.add(name)
        conditions = rule.get("any_of")
        for index, condition in enumerate(conditions if isinstance(conditions, list) else []):
            key: Key = (*here, "any_of", index, "routes")
            yield from check_names(key, "route", names_in(condition, "routes"), table(data, "routes"))
        then = rule.get("then")
        yield from check_names((*here, "then", "models"), "model", names_in(then, "models"), models)
        yield from check_names((*here, "then", "tiers"), "tier", names_in(then, "tiers"), names_in(data, "tiers"))
        if isinstance(then, Mapping):
            yield from _rule_outcome(here, then, models)


def _rule_outcome(here: Key, then: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    kind = then.get("kind")
    asked = [name for name in then if name != "kind"]
    if kind in ("require", "exclude") and not asked:
        yield (*here, "then"), f"it {kind}s nothing", "name models, tiers or a location"
    if kind == "require" and models and not any(_satisfies(name, model, then) for name, model in models.items()):
        yield (
            (*here, "then"),
            "no model of the policy satisfies it, so the rule would deny every request",
            "say deny, or give a model what the rule requires",
        )


def _satisfies(name: str, model: Mapping[str, Any], then: Mapping[str, Any]) -> bool:
    """Mirror of `router_core.guard` on the raw file."""
    wanted_models, wanted_tiers = names_in(then, "models"), names_in(then, "tiers")
    regions, approvals, domains = names_in(then, "regions"), names_in(then, "approvals"), names_in(then, "domains")
    return (
        (not wanted_models or name in wanted_models)
        and (not wanted_tiers or model.get("tier") in wanted_tiers)
        and (then.get("location") is None or model.get("location") == then.get("location"))
        and (not regions or model.get("region") in regions)
        and set(approvals) <= set(names_in(model, "approvals"))
        and (not domains or bool(set(domains) & set(names_in(model, "domains"))))
    )
