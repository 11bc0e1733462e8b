"""A model's price: what the policy says, or what litellm's bundled price list says.

The list is read as a file: importing litellm for it would take seconds and 190 MiB.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from router_core.policy import schema
from router_core.pricing import ComputePrice, Price, TokenPrice

_FILE = "model_prices_and_context_window_backup.json"
_MILLION = Decimal(1_000_000)


def resolve_price(model_name: str, model: schema.Model) -> Price | None:
    """The price of a policy's model; None when it is unknown.

    ``kind = "catalog"`` looks up the upstream's name of the model; for scripted and local models, which have none,
    the policy's own name ``model_name``. Surcharges by prompt length or time of day are not part of the answer.
    """
    entry = model.price
    if entry is None:
        return None
    if isinstance(entry, schema.TokensPriceEntry):
        return TokenPrice(input=entry.input, output=entry.output, cache_read=entry.cache_read)
    if isinstance(entry, schema.ComputePriceEntry):
        return ComputePrice(
            usd_per_second=entry.usd_per_second,
            input_tokens_per_second=entry.input_tokens_per_second,
            output_tokens_per_second=entry.output_tokens_per_second,
        )
    provider = model.provider
    if isinstance(provider, schema.OpenAIProvider | schema.LiteLLMProvider):
        return catalog_price(provider.model)
    return catalog_price(model_name)


def catalog_price(name: str) -> TokenPrice | None:
    """The list's price of a model by litellm's name, as ``anthropic/claude-sonnet-5-5`` or ``gpt-6-luna``.

    None when the list is not installed, has no such model, or says 0 for both kinds: it writes 0 for previews whose
    price nobody knows, and an unknown price must not look like a free one.
    """
    entry = _entry(_price_list(), name)
    if entry is None:
        return None
    per_input, per_output = _amount(entry, "input_cost_per_token"), _amount(entry, "output_cost_per_token")
    if per_input is None or per_output is None or per_input == per_output == 0:
        return None
    cached = _amount(entry, "cache_read_input_token_cost")
    return TokenPrice(
        input=per_input * _MILLION,
        output=per_output * _MILLION,
        cache_read=None if cached is None else cached * _MILLION,
    )


def _entry(prices: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    entry = prices.get(name)
    if entry is None and "/" in name:
        # Most first-party models are listed without their provider's prefix.
        provider, _, bare = name.partition("/")
        entry = prices.get(bare)
        if isinstance(entry, dict) and entry.get("litellm_provider") != provider:
            return None
    return entry if isinstance(entry, dict) else None


def _amount(entry: Mapping[str, Any], key: str) -> Decimal | None:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    amount = Decimal(value)
    return amount if amount.is_finite() and amount >= 0 else None


@lru_cache(maxsize=1)
def _price_list() -> Mapping[str, Any]:
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    try:
        text = Path(spec.origin).with_name(_FILE).read_text(encoding="utf-8")
        prices = json.loads(text, parse_float=Decimal)
    except (OSError, ValueError):
        return {}
    return prices if isinstance(prices, dict) else {}
