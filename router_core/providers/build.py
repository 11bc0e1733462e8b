"""From a policy's models to providers. Each kind is imported with the first model that names it.

Nothing heavy is imported or started here: that waits for the first call.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from router_core.clock import Clock
from router_core.policy import schema
from router_core.providers.base import Call, Provider, Readiness
from router_core.providers.keys import KEY_VARIABLES, find_key

if TYPE_CHECKING:
    from router_core.providers.local_server import LocalServer
    from router_core.providers.scripted import Reply, Script

NO_SCRIPTS: Mapping[str, Script] = MappingProxyType({})
_NONE: Mapping[schema.ProviderEntry, Provider] = MappingProxyType({})


def build_providers(
    models: Mapping[str, schema.Model],
    *,
    clock: Clock,
    environ: Mapping[str, str] = os.environ,
    scripts: Mapping[str, Script] = NO_SCRIPTS,
    local: LocalServer | None = None,
    kept: Mapping[schema.ProviderEntry, Provider] = _NONE,
) -> dict[str, Provider]:
    """One provider for each deployment, named as `place_name` says.

    What is missing (a key, a script, the local server) makes a provider that is not ready and says why, no error.
    ``clock`` is for scripted models; calls over a network take real time. ``kept``: providers to take over, connections
    and all; never scripted ones, whose script is not in their entry.
    """
    return {
        place_name(name, model, place.name): kept[place.provider]
        if place.provider in kept and place.provider.kind != "scripted"
        else _provider(place.provider, clock=clock, environ=environ, scripts=scripts, local=local)
        for name, model in models.items()
        for place in model.places
    }


def place_name(name: str, model: schema.Model, deployment: str) -> str:
    """What a deployment's provider is called: the model's own name where it runs in one place only."""
    return f"{name}@{deployment}" if model.deployments else name


def warm_up(models: Mapping[str, schema.Model]) -> None:
    """Import what these models' first calls need: at once what takes a moment, in a thread what takes seconds."""
    kinds = {place.provider.kind for model in models.values() for place in model.places}
    if kinds & {"openai", "local"}:
        import aiohttp  # noqa: F401
    if "litellm" in kinds:
        from router_core.providers.litellm_import import load

        threading.Thread(target=load, name="litellm-import", daemon=True).start()


def key_variables(entry: schema.ProviderEntry) -> tuple[str, ...]:
    """The environment variables that may hold the key of a model, the usual one first; empty when it needs none."""
    if isinstance(entry, schema.OpenAIProvider | schema.LiteLLMProvider) and entry.api_key_env is not None:
        return (entry.api_key_env,)
    if isinstance(entry, schema.LiteLLMProvider) and entry.base_url is None:
        provider = entry.model.partition("/")[0] if "/" in entry.model else "openai"
        return KEY_VARIABLES.get(provider, ())
    return ()


def _provider(
    entry: schema.ProviderEntry,
    *,
    clock: Clock,
    environ: Mapping[str, str],
    scripts: Mapping[str, Script],
    local: LocalServer | None,
) -> Provider:
    match entry:
        case schema.ScriptedProvider(script=name):
            from router_core.providers.scripted import ScriptedProvider

            if name in scripts:
                return ScriptedProvider(scripts[name], clock)
            return ScriptedProvider(_nothing, clock, readiness=Readiness(False, f"no script {name!r} is registered"))
        case schema.LocalProvider(file=file):
            from router_core.providers.local import LocalProvider

            return LocalProvider(file, local)
        case schema.OpenAIProvider():
            from router_core.providers.openai_http import OpenAIProvider

            key = find_key(key_variables(entry), environ)
            return OpenAIProvider(base_url=entry.base_url, upstream_model=entry.model, key=key)
        case schema.LiteLLMProvider():
            from router_core.providers.litellm import LiteLLMProvider

            key = find_key(key_variables(entry), environ)
            return LiteLLMProvider(upstream_model=entry.model, key=key, base_url=entry.base_url)


def _nothing(call: Call) -> Reply:
    from router_core.providers.scripted import Reply

    return Reply()
