"""Providers are built from a policy without importing or starting anything heavy."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.settings import shipped
from router_core.clock import ManualClock
from router_core.errors import ModelNotReady
from router_core.policy.loading import load_policy
from router_core.policy.schema import Model
from router_core.price_catalog import resolve_price
from router_core.providers.base import Call, Completion, Provider, TextChunk
from router_core.providers.build import build_providers, key_variables, place_name
from router_core.providers.local_server import LocalServer
from router_core.providers.scripted import Replies
from router_core.request import Message

CLOCK = ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
POLICIES = sorted(shipped("policies").glob("*.toml"))


def model(**provider: object) -> Model:
    return Model.model_validate({"provider": provider, "tier": "t", "location": "cloud"})


def build(entry: Model, **more: object) -> Provider:
    return build_providers({"m": entry}, clock=CLOCK, **{"environ": {}, **more})["m"]  # type: ignore[arg-type]


def test_a_missing_key_is_a_reason_and_no_error() -> None:
    provider = build(model(kind="litellm", model="openai/gpt-6-luna"))
    assert provider.readiness().reason == "environment variable OPENAI_API_KEY is not set"


def test_a_key_that_is_there_makes_a_model_ready() -> None:
    entry = model(kind="litellm", model="anthropic/claude-sonnet-5-5")
    assert build(entry, environ={"ANTHROPIC_API_KEY": "x"}).readiness().ready


def test_a_named_variable_comes_before_the_usual_one() -> None:
    entry = model(kind="litellm", model="openai/x", api_key_env="TEAM_KEY")
    assert "TEAM_KEY" in build(entry, environ={"OPENAI_API_KEY": "x"}).readiness().reason


@pytest.mark.parametrize(
    ("provider", "variables"),
    [
        ({"kind": "litellm", "model": "gpt-6-luna"}, ("OPENAI_API_KEY",)),
        ({"kind": "litellm", "model": "gemini/gemini-3.8-flash"}, ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
        ({"kind": "litellm", "model": "ollama/llama3"}, ()),
        ({"kind": "litellm", "model": "openai/x", "base_url": "http://elsewhere/v1"}, ()),
        ({"kind": "openai", "model": "x", "base_url": "http://127.0.0.1:11434/v1"}, ()),
        ({"kind": "local", "file": "smollm2-135m"}, ()),
    ],
)
def test_each_provider_names_the_variables_of_its_key(provider: dict[str, object], variables: tuple[str, ...]) -> None:
    assert key_variables(model(**provider).provider) == variables


async def test_a_scripted_model_plays_the_script_of_its_name() -> None:
    provider = build(model(kind="scripted", script="greeting"), scripts={"greeting": Replies("hello")})
    call = Call("m", (Message("user", "hi"),), timeout_s=1, max_output_tokens=8)
    items = [item async for item in provider.stream(call)]
    assert items[0] == TextChunk("hello")
    assert isinstance(items[-1], Completion)


def test_an_unregistered_script_is_a_reason() -> None:
    assert build(model(kind="scripted", script="x")).readiness().reason == "no script 'x' is registered"


async def test_a_local_model_without_a_server_is_not_ready_and_cannot_be_called() -> None:
    provider = build(model(kind="local", file="smollm2-135m"))
    assert not provider.readiness().ready
    with pytest.raises(ModelNotReady, match="switched off"):
        await anext(aiter(provider.stream(Call("m", (Message("user", "hi"),), 1, 8))))


def test_a_local_model_says_that_its_server_is_not_running(tmp_path: Path) -> None:
    provider = build(model(kind="local", file="smollm2-135m"), local=LocalServer(tmp_path, tmp_path))
    assert provider.readiness().reason == "the local model server is not running"
    assert provider.name == "llama_cpp"


def test_what_is_called_as_before_is_kept_and_the_rest_is_made_anew() -> None:
    here, there = ({"kind": "openai", "model": "x", "base_url": f"http://127.0.0.1:{port}/v1"} for port in (1, 2))
    old = build(model(**here))
    kept = {model(**here).provider: old}
    assert build(model(**here), kept=kept) is old
    assert build(model(**there), kept=kept) is not old


async def test_a_scripted_model_is_always_made_anew() -> None:
    entry = model(kind="scripted", script="greeting")
    old = build(entry, scripts={"greeting": Replies("hello")})
    assert build(entry, scripts={"greeting": Replies("good day")}, kept={entry.provider: old}) is not old


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_every_shipped_policy_loads_builds_and_knows_all_its_prices(path: Path) -> None:
    policy = load_policy(path).policy
    providers = build_providers(policy.models, clock=CLOCK, environ={})
    places = [(name, entry, place.name) for name, entry in policy.models.items() for place in entry.places]
    assert list(providers) == [place_name(*place) for place in places]
    for name, entry in policy.models.items():
        price = resolve_price(name, entry)
        assert price is not None, f"{name} has no price"
        assert (price.expected(1000, 100) or 0) > 0


def test_there_are_the_three_policies() -> None:
    assert {path.stem for path in POLICIES} >= {"local", "cloud", "mixed"}


def test_building_imports_nothing_heavy() -> None:
    code = (
        "import sys; import router_core.providers.build;"
        "print([name for name in ('litellm', 'aiohttp', 'xllamacpp', 'huggingface_hub') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
