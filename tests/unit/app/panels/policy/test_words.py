"""A policy's entries in words."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from app.panels.policy import words as words
from router_core.policy.loading import load_policy
from router_core.policy.schema import (
    Budget,
    ComputePriceEntry,
    Policy,
    PriceEntry,
    Route,
    StrategyEntry,
    TelemetryEntry,
    TokensPriceEntry,
    ValidatorEntry,
)

POLICIES = sorted((Path(__file__).parents[5] / "policies").glob("*.toml"))


def tokens(input: str, output: str, cache_read: str | None = None) -> PriceEntry:
    given = {"kind": "tokens", "input": input, "output": output}
    return TokensPriceEntry.model_validate(given | ({} if cache_read is None else {"cache_read": cache_read}))


def policy(name: str) -> Policy:
    return load_policy(next(file for file in POLICIES if file.stem == name)).policy


@pytest.mark.parametrize(
    ("price", "long", "short"),
    [
        (tokens("2.5", "10"), "$2.50 in, $10.00 out per M tokens", "$2.50 / $10.00 per M"),
        (tokens("0.15", "0.6", "0.075"), "$0.15 in, $0.075 cached, $0.60 out per M tokens", "$0.15 / $0.60 per M"),
        (None, "unknown", "price unknown"),
    ],
)
def test_prices_are_written_as_price_lists_write_them(price: PriceEntry | None, long: str, short: str) -> None:
    assert (words.price_in_words(price), words.short_price(price)) == (long, short)


def test_a_machine_of_ones_own_is_priced_by_the_hour() -> None:
    price = ComputePriceEntry(kind="compute", usd_per_second=Decimal("0.00035"))
    assert words.price_in_words(price) == "$1.26 an hour of work"


def test_a_budget_is_one_sentence() -> None:
    budget = Budget.model_validate(
        {
            "name": "b",
            "usd": "50",
            "period": "day",
            "per": "tenant",
            "routes": ["draft", "chat"],
            "on_exhausted": "local",
        }
    )
    told = "$50.00 a day for each tenant, of the routes chat or draft; then local models alone"
    assert words.budget_in_words(budget) == told


def test_what_is_kept_is_told_with_its_time() -> None:
    assert words.kept_in_words(TelemetryEntry()) == "decisions for ever, with no prompts or answers"
    kept = TelemetryEntry(content="redacted", keep_days=90, keep_content_days=1, audit="strict")
    assert words.kept_in_words(kept) == (
        "decisions for 90 days, with redacted prompts and answers for 1 day; "
        "an answer whose decision cannot be kept is refused"
    )


def test_a_strategy_tells_its_floor_and_what_stays_together() -> None:
    def told(**entry: object) -> str:
        return words.strategy_in_words(TypeAdapter(StrategyEntry).validate_python(entry))

    assert told(kind="cost", tiers=["a"], min_quality=0.7) == "cost: the cheapest model first, of quality 0.70 or more"
    assert told(kind="weighted", weights={"a": 1}, sticky="tenant").endswith("; a tenant stays with its model")
    assert "5 % of the requests try one" in told(kind="latency", tiers=["a"])


def test_a_validator_tells_the_settings_that_are_its_own() -> None:
    def told(**entry: object) -> str:
        return words.validator_in_words(TypeAdapter(ValidatorEntry).validate_python(entry))

    assert told(kind="refusal", threshold=0.9) == "refusal"
    assert told(kind="length", min_words=6, max_words=90) == "length: min words 6, max words 90"
    assert told(kind="agreement", probes=["a", "b"]) == "agreement: probes a and b"
    assert told(kind="schema", json_schema={"type": "object"}) == "schema: json schema 1 entry"


def test_other_thresholds_of_routes_and_intents_are_told() -> None:
    changed = policy("demo").model_copy(deep=True)
    route = changed.routes["chat"]
    math = route.intents["math"].model_copy(update={"thresholds": {"no-refusal": 0.9}})
    chat = route.model_copy(update={"thresholds": {"no-refusal": 0.8}, "intents": {**route.intents, "math": math}})
    changed = changed.model_copy(update={"routes": {**changed.routes, "chat": chat}})
    assert words.thresholds_of(changed, "no-refusal") == ["0.80 in chat", "0.90 in chat for math"]
    assert words.scored_in(changed)["second-opinion"] == ["chat"]


@pytest.mark.parametrize("file", POLICIES, ids=lambda file: file.stem)
def test_every_entry_of_the_shipped_policies_has_words(file: Path) -> None:
    loaded = load_policy(file).policy
    told = [words.price_in_words(model.price) + words.calls_in_words(model) for model in loaded.models.values()]
    told += [words.validator_in_words(entry) for entry in loaded.validators.values()]
    told += [words.tool_in_words(entry) for entry in loaded.tools.values()]
    told += [words.strategy_in_words(route.strategy) for route in loaded.routes.values()]
    told += [words.combination_in_words(route.combine) for route in loaded.routes.values()]
    told += [words.budget_in_words(budget) for budget in loaded.budgets]
    assert all(told)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (90_000, "1 day"), (200_000, "2 days")],
)
def test_a_stretch_of_time_has_one_unit(seconds: float, told: str) -> None:
    assert words.ago(seconds) == told


def test_what_a_route_takes_over_from_requests_before_is_said() -> None:
    strategy = {"kind": "cascade", "tiers": ["small"]}
    plain = Route.model_validate({"strategy": strategy})
    keeping = {"sticky": {}, "cache": {"ttl_s": 300}, "escalate_on_tool_trouble": 0.5}
    told = words.limits_in_words(Route.model_validate({"strategy": strategy, **keeping}))
    assert [one for one in told if one not in words.limits_in_words(plain)] == [
        "conversations stay with their model for 1 h",
        "a stronger model from tool trouble 0.50 on",
        "accepted answers are given again for 5 min",
    ]
