"""Rules in words: nothing that a rule can say is left out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.panels.policy.rule_words import condition_in_words, names, rule_in_words
from router_core.policy.schema import Condition, Exclude, Require, Rule

VALUES: dict[str, Any] = {
    "routes": {"chat"},
    "intents": {"code"},
    "domains": {"medical"},
    "languages": {"de"},
    "tenants": {"acme"},
    "tags": {"bulk"},
    "purposes": {"shadow"},
    "data_classes": {"public"},
    "min_data_class": "sensitive",
    "min_risk": "medium",
    "pii": True,
    "secrets": False,
    "min_injection": 0.61,
    "code": True,
    "min_complexity": 0.25,
    "max_complexity": 0.75,
    "min_words": 1234,
    "max_words": 4321,
    "min_tokens": 1111,
    "max_tokens": 2222,
    "min_tool_trouble": 0.5,
    "min_tool_rounds": 7,
    "max_deadline_ms": 250,
    "max_latency_target_ms": 350,
    "max_cost_cap_usd": Decimal("0.05"),
    "cel": "signals.words > 3",
}


def rule(when: list[dict[str, Any]], then: dict[str, Any]) -> str:
    return rule_in_words(Rule.model_validate({"name": "r", "any_of": when, "then": then}))


@pytest.mark.parametrize("field", list(Condition.model_fields))
def test_every_condition_has_words_of_its_own(field: str) -> None:
    told = condition_in_words(Condition.model_validate({field: VALUES[field]}))
    others = [condition_in_words(Condition.model_validate({name: VALUES[name]})) for name in VALUES if name != field]
    assert told != "always"
    assert told not in others


@pytest.mark.parametrize(("entry", "kind"), [(Require, "require"), (Exclude, "exclude")])
def test_every_field_of_what_narrows_has_words(entry: type[Require] | type[Exclude], kind: str) -> None:
    values = {"models": ["m"], "tiers": ["t"], "location": "cloud", "regions": ["eu"], "approvals": ["a"]}
    values |= {"domains": ["legal"], "data_class": "regulated"}
    for field in set(entry.model_fields) - {"kind"}:
        told = rule([{"pii": True}], {"kind": kind, field: values[field]})
        assert "nobody named" not in told, field


def test_a_rule_is_one_sentence() -> None:
    assert rule(
        [{"tenants": ["support"], "secrets": True}, {"min_risk": "high"}], {"kind": "require", "location": "local"}
    ) == (
        "When the tenant is support and keys or passwords were found, or when the risk is high: "
        "only models that run here (local) may answer."
    )


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ({"kind": "deny", "message": "Ask a person."}, "Always: refuse, saying “Ask a person.”"),
        ({"kind": "raise", "risk": "high"}, "Always: count the risk as high at least."),
        ({"kind": "route_to", "route": "safe"}, "Always: go on as route safe."),
        (
            {"kind": "redact", "restore": True},
            "Always: models get placeholders in place of personal data and secrets; "
            "the answer gets them back, but no secrets.",
        ),
        (
            {"kind": "exclude", "regions": ["us"], "location": "cloud"},
            "Always: no model that runs in the cloud or runs in us or in an unknown region may answer.",
        ),
    ],
)
def test_what_follows_is_told(then: dict[str, Any], told: str) -> None:
    assert rule([{}, {"pii": True}], then) == told


def test_names_are_listed_as_one_says_them() -> None:
    assert [names(()), names(["b"]), names(("b", "a")), names({"c", "b", "a"}, "and")] == [
        "none",
        "b",
        "b or a",
        "a, b and c",
    ]
