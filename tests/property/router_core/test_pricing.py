"""Money sums are exact and never negative."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from router_core.pricing import NANO_PER_USD, ComputePrice, TokenPrice, Usage, to_nano, to_usd

amounts = st.decimals(0, 1_000, places=6)
tokens = st.integers(0, 10_000_000)


@given(amounts, amounts, st.none() | amounts, tokens, tokens, st.none() | tokens)
def test_a_cost_is_never_negative_and_grows_with_its_tokens(
    incoming: Decimal, outgoing: Decimal, cached: Decimal | None, asked: int, answered: int, read: int | None
) -> None:
    price = TokenPrice(incoming, outgoing, cached)
    cost = price.cost(Usage(asked, answered, read), None)
    more = price.cost(Usage(asked, answered + 1, read), None)
    assert cost is not None
    assert more is not None
    assert 0 <= cost <= more


@given(amounts, amounts, st.none() | amounts, tokens, tokens)
def test_an_expected_cost_is_that_of_the_same_tokens_with_none_from_a_cache(
    incoming: Decimal, outgoing: Decimal, cached: Decimal | None, asked: int, answered: int
) -> None:
    price = TokenPrice(incoming, outgoing, cached)
    assert price.expected(asked, answered) == price.cost(Usage(asked, answered), None)


@given(st.lists(st.integers(0, 10**15), max_size=50))
def test_sums_in_nano_usd_do_not_depend_on_their_order(parts: list[int]) -> None:
    assert sum(to_nano(Decimal(part) / NANO_PER_USD) for part in parts) == sum(reversed(parts))


@given(st.integers(0, 10**15))
def test_nano_usd_survive_the_way_through_usd(nano: int) -> None:
    usd = to_usd(nano)
    assert usd is not None
    assert to_nano(usd) == nano


@given(amounts, st.floats(-10, 100_000, allow_nan=False))
def test_a_machine_never_pays_us(rate: Decimal, seconds: float) -> None:
    cost = ComputePrice(rate, 100.0, 10.0).cost(Usage(), seconds)
    assert cost is not None
    assert cost >= 0
