"""Which prices changed from one policy to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.dashboard.price_changes import changes, price_changes
from telemetry.query.policies import PolicyText

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def priced(price: str, model: str = "small") -> str:
    return f'[models.{model}]\ntier = "small"\nprice = {{ {price} }}\n'


def text(version: str, day: int, toml: str = "", by: str = "anna") -> PolicyText:
    return PolicyText(version, "main", MARCH + timedelta(days=day), by, toml)


def tokens(input: str, output: str = '"2"', more: str = "") -> str:
    return priced(f'kind = "tokens", input = {input}, output = {output}{more}')


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (tokens('"0.50"'), tokens('"0.60"'), ["price of small: $0.50 -> $0.60 per million input tokens"]),
        (tokens('"0.5"'), tokens("0.50"), []),
        (tokens('"0.075"'), tokens('"0.08"'), ["price of small: $0.075 -> $0.08 per million input tokens"]),
        (
            tokens('"1"', '"4"'),
            tokens('"2"', '"5"'),
            [
                "price of small: $1.00 -> $2.00 per million input tokens",
                "price of small: $4.00 -> $5.00 per million output tokens",
            ],
        ),
        (
            tokens('"1"'),
            tokens('"1"', more=', cache_read = "0.1"'),
            ["price of small: no price -> $0.10 per million cached input tokens"],
        ),
        (
            priced('kind = "compute", usd_per_second = "0.00035"'),
            priced('kind = "compute", usd_per_second = "0.0004"'),
            ["price of small: $0.00035 -> $0.0004 per second of work"],
        ),
        (
            priced('kind = "compute", usd_per_second = "0.5"'),
            tokens('"1"'),
            [
                "price of small: $0.50 per second of work -> $1.00 per million input tokens, "
                "$2.00 per million output tokens"
            ],
        ),
        (
            '[models.small]\ntier = "small"\n',
            tokens('"1"'),
            ["price of small: no price -> $1.00 per million input tokens, $2.00 per million output tokens"],
        ),
        (priced('kind = "catalog"'), priced('kind = "catalog"'), []),
        (tokens('"1"'), priced('kind = "tokens", input = "1", output = "2"', "other"), []),
        ("this is = no [TOML", tokens('"1"'), []),
        ("models = 3", tokens('"1"'), []),
        (tokens('"nonsense"'), tokens('"nan"'), []),
    ],
)
def test_only_what_differs_in_models_of_both_is_told(before: str, now: str, told: list[str]) -> None:
    assert price_changes(before, now) == told


def test_a_price_by_catalogue_that_gets_amounts_is_told_as_a_whole() -> None:
    (told,) = price_changes(priced('kind = "catalog"'), tokens('"1"'))
    assert told.startswith("price of small: as priced by litellm's price list -> $1.00 per million input tokens")


def test_each_version_is_compared_with_the_one_before_it() -> None:
    found = changes([text("a", 0, tokens('"1"')), text("b", 1, tokens('"2"')), text("c", 2, tokens('"2"'))])
    assert [(one.now.version, len(one.prices)) for one in found] == [("a", 0), ("b", 1), ("c", 0)]
    assert found[0].before is None


def test_a_version_that_was_taken_back_to_is_a_change_of_its_own() -> None:
    back = (MARCH + timedelta(days=5), "a")
    found = changes([text("a", 0, tokens('"1"')), text("b", 1, tokens('"2"'))], [back, back, (MARCH, "unknown")])
    assert [(one.at, one.now.version) for one in found][2:] == [back]
    assert found[2].prices == ("price of small: $2.00 -> $1.00 per million input tokens",)


def test_a_demos_policies_are_not_compared_with_real_ones() -> None:
    demo = text("d", 1, tokens('"9"'), by="demo (simulated)")
    found = changes([text("a", 0, tokens('"1"')), demo, text("b", 2, tokens('"1"'))])
    assert [(one.now.version, one.prices) for one in found] == [("a", ()), ("d", ()), ("b", ())]
