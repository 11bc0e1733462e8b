"""Routes against tiers, tools and validators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router_core.policy.crosscheck.lookup import (
    Finding,
    Key,
    check_installed,
    check_names,
    check_tiers,
    names_in,
    table,
)
from router_core.policy.entry_points import STRATEGIES


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
        yield from _strategy((*here, "strategy"), strategy, data)
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
        yield from _side_by_side(here, route)
        yield from _remembering(here, route, data)
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


def _remembering(here: Key, route: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[Finding]:
    """A session of several models, a name that the cache needs, trouble that cannot come."""
    several = isinstance(fan_out := route.get("fan_out", 1), int) and fan_out > 1
    if route.get("sticky") is not None and several:
        yield (
            (*here, "sticky"),
            "several models are asked at once, so that a conversation has no one model to stay with",
            "say fan_out = 1, or leave sticky out",
        )
    taken = next((kind for kind in ("models", "tools") if "cache" in table(data, kind)), None)
    if route.get("cache") is not None and taken is not None:
        yield (
            (*here, "cache"),
            f"decisions name the cache as they name {taken}, and one of those is called cache too",
            f"give [{taken}.cache] another name",
        )
    if route.get("escalate_on_tool_trouble") is not None and not any(
        "tools" in names_in(model, "capabilities") for model in table(data, "models").values()
    ):
        yield (
            (*here, "escalate_on_tool_trouble"),
            "no model of the policy takes functions, so no request brings results of any",
            'give models capabilities = ["tools"], or leave it out',
        )


def _strategy(here: Key, entry: Any, data: Mapping[str, Any]) -> Iterator[Finding]:
    """Tiers and models that a strategy names, whatever its kind."""
    if not isinstance(entry, Mapping):
        return
    models = table(data, "models")
    if entry.get("kind") == "custom":
        yield from check_installed((*here, "name"), "strategy", STRATEGIES, entry.get("name"))
    yield from check_tiers((*here, "tiers"), names_in(entry, "tiers"), data)
    for key in ("otherwise", "models"):
        yield from check_names((*here, key), "model", names_in(entry, key), models)
    weights = entry.get("weights")
    yield from check_names((*here, "weights"), "model", weights if isinstance(weights, Mapping) else (), models)
    for key in ("intents", "domains"):
        lists = entry.get(key)
        for name in lists if isinstance(lists, Mapping) else ():
            yield from check_names((*here, key, name), "model", names_in(lists, name), models)
    if entry.get("min_quality") is not None and not any(
        model.get("quality") and model.get("tier") in names_in(entry, "tiers") for model in models.values()
    ):
        yield (
            (*here, "min_quality"),
            "no model of these tiers states its quality, so none would be left",
            "give the models quality = { default = 0.8 }, as measured, or leave the floor out",
        )


def _side_by_side(here: Key, route: Mapping[str, Any]) -> Iterator[Finding]:
    """A vote of one, and tokens of several answers at once."""
    several = isinstance(fan_out := route.get("fan_out", 1), int) and fan_out > 1
    if route.get("aggregator") == "majority" and not several:
        yield (*here, "aggregator"), "one answer has no majority", "say fan_out = 3, or another aggregator"
    if route.get("stream") == "immediate" and several:
        yield (
            (*here, "fan_out"),
            "answers of several models cannot be streamed at once",
            'say stream = "accepted", or fan_out = 1',
        )
