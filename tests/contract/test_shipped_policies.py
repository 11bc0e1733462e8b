"""Every policy that comes with the product loads, and so do the tools that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import shipped
from router_core.policy.loading import load_policy
from router_core.price_catalog import resolve_price
from router_core.router import Router

FILES = sorted(shipped("policies").glob("*.toml"))


def test_there_are_at_least_the_three_that_are_promised() -> None:
    assert {"local", "cloud", "mixed"} <= {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_shipped_policy_makes_a_router(file: Path) -> None:
    loaded = load_policy(file)
    router = Router.from_policy(loaded)
    assert loaded.policy.name == file.stem
    assert {health.model for health in router.fleet.snapshot()} == set(loaded.policy.models)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_model_of_a_shipped_policy_has_a_price(file: Path) -> None:
    # Its own, or one in litellm's list: a bill of unknowns helps nobody.
    models = load_policy(file).policy.models
    assert [name for name, model in models.items() if resolve_price(name, model) is None] == []
