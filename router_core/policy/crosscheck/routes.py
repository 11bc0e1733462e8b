"""Routes against tiers, tools and validators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router_core.policy.crosscheck.lookup import Finding, Key, check_names, check_tiers, names_in, table


def route_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """An unknown default route; routes that name what is not there."""
    yield from _default_route(data)
    yield from _routes(data)


def _default_route(data: Mapping[str, Any]) -> Iterator[Finding]:
    name = data.get("default_route")
    if isinstance(name, str):
        yield from check_names(("default_route",), "route", [name], table(data, "routes"))


def _routes(data: Mapping[str, Any]) -> Iterator[Finding]:
    tools, validators = table(data, "tools"), table(data, "validators")
    for name, route in table(data, "routes").items():
        here: Key = ("routes", name)
        strategy = route.get("strategy")
        yield from check_tiers((*here, "strategy", "tiers"), names_in(strategy, "tiers"), data)
        yield from check_tiers((*here, "standby"), names_in(route, "standby"), data)
        yield from check_names((*here, "tools"), "tool", names_in(route, "tools"), tools)
        yield from check_names((*here, "validators"), "validator", names_in(route, "validators"), validators)
        safety = route.get("safety_model")
        named = [safety] if isinstance(safety, str) else []
        yield from check_names((*here, "safety_model"), "model", named, table(data, "models"))
        larger = names_in(route, "larger_context")
        yield from check_names((*here, "larger_context"), "model", larger, table(data, "models"))
        immediate = route.get("stream") == "immediate"
        if immediate and names_in(route, "validators"):
            yield (
                (*here, "stream"),
                "an immediate stream leaves before any validator could score it",
                'remove the validators or say stream = "accepted"',
            )
        for intent, override in table(route, "intents").items():
            below: Key = (*here, "intents", intent)
            yield from check_tiers((*below, "tiers"), names_in(override, "tiers"), data)
            yield from check_names((*below, "validators"), "validator", names_in(override, "validators"), validators)
            if immediate and names_in(override, "validators"):
                yield (
                    (*below, "validators"),
                    "an immediate stream leaves before any validator could score it",
                    'remove the validators or say stream = "accepted" for the route',
                )
