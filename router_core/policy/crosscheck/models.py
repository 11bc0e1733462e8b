"""Models against tiers, fallbacks and addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from router_core.policy.crosscheck.lookup import Finding, Key, check_names, check_repeated, names_in, table


def model_faults(data: Mapping[str, Any]) -> Iterator[Finding]:
    """Unknown and repeated tiers, unknown fallbacks, cycles, deployments of one name, bad addresses."""
    yield from _models(data)
    yield from _fallback_cycles(data)


def _models(data: Mapping[str, Any]) -> Iterator[Finding]:
    models, tiers = table(data, "models"), names_in(data, "tiers")
    for repeated in sorted({tier for tier in tiers if tiers.count(tier) > 1}):
        yield ("tiers",), f"tier {repeated!r} stands twice", "name each tier once, weakest first"
    for name, model in models.items():
        if isinstance(tier := model.get("tier"), str):
            yield from check_names(("models", name, "tier"), "tier", [tier], tiers)
        if isinstance(fallback := model.get("fallback"), str):
            yield from check_names(("models", name, "fallback"), "model", [fallback], models)
        yield from _address(("models", name, "provider"), model.get("provider"))
        yield from _deployments(("models", name, "deployments"), model)


def _deployments(here: Key, model: Mapping[str, Any]) -> Iterator[Finding]:
    deployments = model.get("deployments")
    yield from check_repeated(here, "deployment", deployments)
    for number, deployment in enumerate(deployments if isinstance(deployments, list) else []):
        if isinstance(deployment, Mapping):
            yield from _address((*here, number, "provider"), deployment.get("provider"))


def _address(here: Key, provider: Any) -> Iterator[Finding]:
    url = provider.get("base_url") if isinstance(provider, Mapping) else None
    if isinstance(url, str) and not _is_address(url):
        yield (*here, "base_url"), f"{url!r} is not an http(s) address", "write it as http://127.0.0.1:11434/v1"


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # unbalanced brackets; a port that is no number or too large
        return False


def _fallback_cycles(data: Mapping[str, Any]) -> Iterator[Finding]:
    models = table(data, "models")
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
