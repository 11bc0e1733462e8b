"""Money in whole nano-USD."""

from __future__ import annotations

from decimal import Decimal

import pytest

from router_core.pricing import ComputePrice, TokenPrice, Usage, to_nano, to_usd


@pytest.mark.parametrize(
    ("usd", "nano"),
    [(1, 10**9), ("0.0000000005", 1), ("0.00000000049", 0), (0.1, 100_000_000), (Decimal("12.5"), 12_500_000_000)],
)
def test_usd_become_whole_nano_usd_half_up(usd: float | Decimal | str, nano: int) -> None:
    assert to_nano(usd) == nano


def test_unknown_money_stays_unknown_and_zero_stays_zero() -> None:
    assert to_usd(None) is None
    assert to_usd(0) == 0.0


def test_a_call_of_twenty_tokens_costs_its_exact_nano_usd() -> None:
    price = TokenPrice(Decimal("0.15"), Decimal("0.6"))
    assert price.cost(Usage(12, 8), None) == 12 * 150 + 8 * 600


def test_tokens_from_the_cache_cost_their_own_price_or_that_of_input() -> None:
    usage = Usage(100, 0, 40)
    assert TokenPrice(Decimal(1), Decimal(1), Decimal("0.1")).cost(usage, None) == 60_000 + 4_000
    assert TokenPrice(Decimal(1), Decimal(1)).cost(usage, None) == 100_000


def test_more_cached_tokens_than_input_are_taken_as_all_of_it() -> None:
    assert TokenPrice(Decimal(1), Decimal(1), Decimal("0.1")).cost(Usage(10, 0, 99), None) == 1_000


@pytest.mark.parametrize("usage", [Usage(), Usage(1, None), Usage(None, 1)])
def test_unknown_usage_is_an_unknown_cost(usage: Usage) -> None:
    assert TokenPrice(Decimal(1), Decimal(1)).cost(usage, 1.0) is None
    assert usage.total is None


def test_a_machines_price_goes_by_its_seconds() -> None:
    price = ComputePrice(Decimal("0.0000111"), 100.0, 10.0)
    assert price.cost(Usage(), 2.0) == 22_200
    assert price.cost(Usage(), None) is None
    assert price.cost(Usage(), -1.0) == 0
    assert price.expected(100, 10) == 22_200
