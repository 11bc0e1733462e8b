"""Tokens of a model as a bar."""

from __future__ import annotations

from app.panels.cost.tokens import whole
from telemetry.query.spending import ModelTokens


def read(input: int, cached: int, output: int, cost: int | None = 5_000) -> ModelTokens:
    return ModelTokens("small", 3, input, output, cached, 0, cost, 0 if cost else 3)


def test_cached_input_is_a_part_of_the_input_and_not_beside_it() -> None:
    assert whole(read(100, 40, 10)).parts == (60, 40, 10)
    assert sum(whole(read(100, 40, 10)).parts) == 110


def test_more_cached_than_read_is_what_an_upstream_may_say_and_no_bar_is_negative() -> None:
    assert whole(read(100, 140, 10)).parts == (0, 100, 10)


def test_the_end_says_the_effective_price_or_that_it_is_unknown() -> None:
    assert whole(read(900, 0, 100)).said == "$0.005 / M"
    assert whole(read(900, 0, 100, cost=None)).said == "price unknown"
