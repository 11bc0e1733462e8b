"""Prices come from the policy or from litellm's list, which is read without importing litellm."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

from router_core.policy.schema import Model
from router_core.price_catalog import catalog_price, resolve_price
from router_core.pricing import ComputePrice, TokenPrice, Usage


def model(price: dict[str, object] | None, provider: dict[str, object] | None = None) -> Model:
    return Model.model_validate(
        {
            "provider": provider or {"kind": "litellm", "model": "openai/gpt-4o-mini"},
            "tier": "small",
            "location": "cloud",
            "price": price,
        }
    )


def test_a_model_without_a_price_is_unknown_not_free() -> None:
    assert resolve_price("m", model(None)) is None


def test_token_prices_of_the_policy_are_taken_as_they_stand() -> None:
    entry = {"kind": "tokens", "input": "0.15", "output": "0.6"}
    assert resolve_price("m", model(entry)) == TokenPrice(Decimal("0.15"), Decimal("0.6"), None)


def test_compute_prices_keep_their_speeds() -> None:
    entry = {"kind": "compute", "usd_per_second": "0.00001", "output_tokens_per_second": 40}
    assert resolve_price("m", model(entry)) == ComputePrice(Decimal("0.00001"), 100.0, 40.0)


def test_the_catalogue_finds_a_first_party_model_behind_its_prefix() -> None:
    price = resolve_price("m", model({"kind": "catalog"}))
    assert price == TokenPrice(Decimal("0.15"), Decimal("0.6"), Decimal("0.075"))
    assert price is not None
    assert price.cost(Usage(1_000_000, 1_000_000), None) == 750_000_000


def test_a_scripted_model_is_looked_up_by_its_name_in_the_policy() -> None:
    scripted = {"kind": "scripted"}
    assert resolve_price("gpt-4o-mini", model({"kind": "catalog"}, scripted)) == catalog_price("openai/gpt-4o-mini")


def test_a_prefix_of_another_provider_does_not_borrow_the_price() -> None:
    assert catalog_price("mistral/gpt-4o-mini") is None


def test_an_unknown_model_has_an_unknown_price() -> None:
    assert catalog_price("openai/no-such-model") is None
    assert catalog_price("") is None


def test_a_listed_price_of_nothing_at_all_is_unknown() -> None:
    assert catalog_price("gemini/gemini-exp-1114") is None


def test_looking_a_price_up_does_not_import_litellm() -> None:
    code = (
        "import sys; from router_core.price_catalog import catalog_price;"
        "assert catalog_price('gpt-4o-mini'); print('litellm' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
