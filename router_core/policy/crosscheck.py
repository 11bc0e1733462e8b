"""What one part of a policy says of another: names that must exist, chains that must end, tiers that must not be empty.

Works on the parsed TOML, not on the typed policy, so that these faults are reported together with those of the schema.
Parts of the wrong shape are passed over here: the schema reports them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Key: TypeAlias = tuple[str | int, ...]
Finding: TypeAlias = tuple[Key, str, str]
"""Where, what is wrong, what to do."""


def crosscheck(data: Mapping[str, Any]) -> list[Finding]:
    """All faults between the parts of a parsed policy."""
    return [
        *_default_route(data),
        *_models(data),
        *_fallback_cycles(data),
        *_probes(data),
        *_routes(data),
        *_rules(data),
    ]


def _table(data: Any, name: str) -> dict[str, Mapping[str, Any]]:
    found = data.get(name) if isinstance(data, Mapping) else None
    if not isinstance(found, Mapping):
        return {}
    return {key: value for key, value in found.items() if isinstance(value, Mapping)}


def _names(data: Any, name: str) -> list[str]:
    found = data.get(name) if isinstance(data, Mapping) else None
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def _unknown(key: Key, noun: str, name: str, known: Iterable[str]) -> Finding:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        remedy = f"did you mean {near[0]!r}?"
    else:
        remedy = f"known: {', '.join(names)}" if names else f"the policy has no {noun}: add one"
    return key, f"there is no {noun} {name!r}", remedy


def _check_names(key: Key, noun: str, names: Iterable[str], known: Iterable[str]) -> Iterator[Finding]:
    known = list(known)
    for name in names:
        if name not in known:
            yield _unknown(key, noun, name, known)


def _default_route(data: Mapping[str, Any]) -> Iterator[Finding]:
    name = data.get("default_route")
    if isinstance(name, str):
        yield from _check_names(("default_route",), "route", [name], _table(data, "routes"))


def _models(data: Mapping[str, Any]) -> Iterator[Finding]:
    models, tiers = _table(data, "models"), _names(data, "tiers")
    for repeated in sorted({tier for tier in tiers if tiers.count(tier) > 1}):
        yield ("tiers",), f"tier {repeated!r} stands twice", "name each tier once, weakest first"
    for name, model in models.items():
        if isinstance(tier := model.get("tier"), str):
            yield from _check_names(("models", name, "tier"), "tier", [tier], tiers)
        if isinstance(fallback := model.get("fallback"), str):
            yield from _check_names(("models", name, "fallback"), "model", [fallback], models)
        provider = model.get("provider")
        url = provider.get("base_url") if isinstance(provider, Mapping) else None
        if isinstance(url, str) and not _is_address(url):
            yield (
                ("models", name, "provider", "base_url"),
                f"{url!r} is not an http(s) address",
                "write it as http://127.0.0.1:11434/v1",
            )


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # unbalanced brackets; a port that is no number or too large
        return False


def _fallback_cycles(data: Mapping[str, Any]) -> Iterator[Finding]:
    models = _table(data, "models")
    following = {name: model["fallback"] for name, model in models.items() if isinstance(model.get("fallback"), str)}
    reported: set[str] = set()
    for start in following:
        chain = [start]
        while (after := following.get(chain[-1])) is not None and after not in chain:
            chain.append(after)
        if after is not None and not reported & set(chain):
            cycle = [*chain[chain.index(after) :], after]
            reported |= set(cycle)
            yield ("models", after, "fallback"), f"fallbacks go round: {' -> '.join(cycle)}", "remove one of them"


def _probes(data: Mapping[str, Any]) -> Iterator[Finding]:
    for name, validator in _table(data, "validators").items():
        key = ("validators", name, "probes")
        yield from _check_names(key, "model", _names(validator, "probes"), _table(data, "models"))


def _routes(data: Mapping[str, Any]) -> Iterator[Finding]:
    tools, validators = _table(data, "tools"), _table(data, "validators")
    for name, route in _table(data, "routes").items():
        here: Key = ("routes", name)
        strategy = route.get("strategy")
        yield from _tiers((*here, "strategy", "tiers"), _names(strategy, "tiers"), data)
        yield from _tiers((*here, "standby"), _names(route, "standby"), data)
        yield from _check_names((*here, "tools"), "tool", _names(route, "tools"), tools)
        yield from _check_names((*here, "validators"), "validator", _names(route, "validators"), validators)
        immediate = route.get("stream") == "immediate"
        if immediate and _names(route, "validators"):
            yield (
                (*here, "stream"),
                "an immediate stream leaves before any validator could score it",
                'remove the validators or say stream = "accepted"',
            )
        for intent, override in _table(route, "intents").items():
            below: Key = (*here, "intents", intent)
            yield from _tiers((*below, "tiers"), _names(override, "tiers"), data)
            yield from _check_names((*below, "validators"), "validator", _names(override, "validators"), validators)
            if immediate and _names(override, "validators"):
                yield (
                    (*below, "validators"),
                    "an immediate stream leaves before any validator could score it",
                    'remove the validators or say stream = "accepted" for the route',
                )


def _tiers(key: Key, named: list[str], data: Mapping[str, Any]) -> Iterator[Finding]:
    tiers = _names(data, "tiers")
    yield from _check_names(key, "tier", named, tiers)
    inhabited = {model.get("tier") for model in _table(data, "models").values()}
    for tier in named:
        if tier in tiers and tier not in inhabited:
            yield key, f"tier {tier!r} has no model", "give a model this tier, or leave the tier out"


def _rules(data: Mapping[str, Any]) -> Iterator[Finding]:
    rules = data.get("rules")
    if not isinstance(rules, list):
        return
    models, seen = _table(data, "models"), set[str]()
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
            yield from _check_names(key, "route", _names(condition, "routes"), _table(data, "routes"))
        then = rule.get("then")
        yield from _check_names((*here, "then", "models"), "model", _names(then, "models"), models)
        yield from _check_names((*here, "then", "tiers"), "tier", _names(then, "tiers"), _names(data, "tiers"))
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
    wanted_models, wanted_tiers = _names(then, "models"), _names(then, "tiers")
    regions, approvals, domains = _names(then, "regions"), _names(then, "approvals"), _names(then, "domains")
    return (
        (not wanted_models or name in wanted_models)
        and (not wanted_tiers or model.get("tier") in wanted_tiers)
        and (then.get("location") is None or model.get("location") == then.get("location"))
        and (not regions or model.get("region") in regions)
        and set(approvals) <= set(_names(model, "approvals"))
        and (not domains or bool(set(domains) & set(_names(model, "domains"))))
    )
