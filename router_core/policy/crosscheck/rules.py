"""Rules against routes, models and tiers; rules that could never be satisfied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router_core.policy.crosscheck.lookup import Finding, Key, check_names, check_repeated, names_in, table
from router_core.policy.expressions import ExpressionError, check


def rule_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Repeated names, unknown names, bad expressions, requirements that nobody meets, routes that lead in circles."""
    yield from _approvals(data)
    rules = data.get("rules")
    if not isinstance(rules, list):
        return
    yield from check_repeated(("rules",), "rule", rules)
    models = table(data, "models")
    for number, rule in enumerate(rules):
        if not isinstance(rule, Mapping):
            continue
        here: Key = ("rules", number)
        for index, condition in enumerate(_conditions(rule)):
            yield from _condition((*here, "any_of", index), condition, data)
        then = rule.get("then")
        yield from check_names((*here, "then", "models"), "model", names_in(then, "models"), models)
        yield from check_names((*here, "then", "tiers"), "tier", names_in(then, "tiers"), names_in(data, "tiers"))
        if isinstance(then, Mapping):
            yield from _outcome(here, then, data)
    yield from _circles(rules)


def _approvals(data: Mapping[str, Any]) -> Iterator[Finding]:
    approvals = data.get("approvals")
    for name in approvals if isinstance(approvals, Mapping) else ():
        yield from check_names(("approvals", name), "model", names_in(approvals, name), table(data, "models"))


def _conditions(rule: Any) -> list[Any]:
    conditions = rule.get("any_of") if isinstance(rule, Mapping) else None
    return conditions if isinstance(conditions, list) else []


def _condition(here: Key, condition: Any, data: Mapping[str, Any]) -> Iterator[Finding]:
    yield from check_names((*here, "routes"), "route", names_in(condition, "routes"), table(data, "routes"))
    if not isinstance(condition, Mapping):
        return
    expression = condition.get("cel")
    if isinstance(expression, str):
        try:
            check(expression)
        except ExpressionError as error:
            yield (
                (*here, "cel"),
                f"the expression does not work: {error}",
                "correct it; docs/policy.md shows what expressions may look at",
            )
    for what in ("words", "tokens", "complexity"):
        least, most = condition.get(f"min_{what}"), condition.get(f"max_{what}")
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            yield (
                (*here, f"min_{what}"),
                f"it is above max_{what}, so the condition never holds",
                "exchange the two, or make two conditions of them",
            )


def _outcome(here: Key, then: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[Finding]:
    kind, models = then.get("kind"), table(data, "models")
    asked = [name for name in then if name != "kind"]
    if kind in ("require", "exclude") and not asked:
        yield (*here, "then"), f"it {kind}s nothing", "name models, tiers or a location"
    if kind == "raise" and not asked:
        yield (*here, "then"), "it raises nothing", "name a risk or a data_class"
    if kind == "require" and models and not any(_satisfies(name, then, data) for name in models):
        yield (
            (*here, "then"),
            "no model of the policy satisfies it, so the rule would deny every request",
            "say deny, or give a model what the rule requires",
        )
    if kind == "route_to" and isinstance(route := then.get("route"), str):
        yield from check_names((*here, "then", "route"), "route", [route], table(data, "routes"))


def _satisfies(name: str, then: Mapping[str, Any], data: Mapping[str, Any]) -> bool:
    """Mirror of `router_core.guard` on the raw file."""
    model = table(data, "models")[name]
    wanted_models, wanted_tiers = names_in(then, "models"), names_in(then, "tiers")
    regions, approvals, domains = names_in(then, "regions"), names_in(then, "approvals"), names_in(then, "domains")
    given = data.get("approvals")
    granted = {one for one in given if name in names_in(given, one)} if isinstance(given, Mapping) else set[str]()
    return (
        (not wanted_models or name in wanted_models)
        and (not wanted_tiers or model.get("tier") in wanted_tiers)
        and (then.get("location") is None or model.get("location") == then.get("location"))
        and (not regions or model.get("region") in regions)
        and set(approvals) <= granted | set(names_in(model, "approvals"))
        and (not domains or bool(set(domains) & set(names_in(model, "domains"))))
    )


def _circles(rules: list[Any]) -> Iterator[Finding]:
    """Routes that rules send to each other. A rule that names no route sends from all of them, but never back."""
    leads: dict[str, list[tuple[str, int]]] = {}
    for number, rule in enumerate(rules):
        then = rule.get("then") if isinstance(rule, Mapping) else None
        target = then.get("route") if isinstance(then, Mapping) and then.get("kind") == "route_to" else None
        if isinstance(target, str):
            for start in {route for condition in _conditions(rule) for route in names_in(condition, "routes")}:
                leads.setdefault(start, []).append((target, number))
    reported: set[str] = set()
    for start in leads:
        if start not in reported and (circle := _circle(start, leads)):
            reported |= set(circle)
            number = next(number for target, number in leads[circle[-2]] if target == circle[-1])
            yield ("rules", number, "then", "route"), f"routes go round: {' -> '.join(circle)}", "remove one of them"


def _circle(start: str, leads: Mapping[str, list[tuple[str, int]]]) -> list[str]:
    """A way from ``start`` back to itself, shortest first; empty when there is none."""
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        for target, _ in leads.get(way[-1], []):
            if target == start:
                return [*way, target]
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return []
