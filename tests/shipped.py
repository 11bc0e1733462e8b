"""The policies as they are shipped, but for who answers: scripted models of the same names, at the same prices.

bench = shipped_bench("cost", gpt_small=Replies("Hello."))
decision = (await bench.router.aroute(RouteRequest.from_prompt("hi"))).decision
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.settings import shipped
from router_core.policy.loading import LoadedPolicy, load_policy
from router_core.policy.schema import Model, Policy
from router_core.price_catalog import resolve_price
from router_core.pricing import TokenPrice
from router_core.providers.scripted import Replies, Script
from tests.routing import Bench


def scripted_policy(name: str) -> LoadedPolicy:
    """The policy ``policies/NAME.toml`` with each model played by the script of its name."""
    loaded = load_policy(shipped("policies") / f"{name}.toml")
    data = loaded.policy.model_dump(exclude_unset=True)
    data["models"] = {name: _played(name, model) for name, model in loaded.policy.models.items()}
    return replace(loaded, policy=Policy.model_validate(data))


def shipped_bench(name: str, **scripts: Script) -> Bench:
    """A router under that policy; a model without a script must not be called. Names take `_` for `-`."""
    loaded = scripted_policy(name)
    played: dict[str, Script] = {model: Replies() for model in loaded.policy.models}
    played |= {model.replace("_", "-"): script for model, script in scripts.items()}
    return Bench(loaded, **played)


def _played(name: str, model: Model) -> dict[str, Any]:
    entry = model.model_dump(exclude_unset=True)
    entry.pop("provider", None)
    script = {"kind": "scripted", "script": name}
    if model.deployments:
        entry["deployments"] = [{**place.model_dump(exclude_unset=True), "provider": script} for place in model.places]
    else:
        entry["provider"] = script
    price = resolve_price(name, model)
    if isinstance(price, TokenPrice):
        entry["price"] = {"kind": "tokens", "input": price.input, "output": price.output}
    return entry
