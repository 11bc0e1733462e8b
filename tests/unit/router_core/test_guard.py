"""Who may answer."""

from __future__ import annotations

from typing import Any

import pytest

from router_core.guard import Eligibility, Situation, holds, judge
from router_core.policy.schema import Condition, Model, Rule
from router_core.providers.base import Readiness
from router_core.request import Context, RouteRequest
from router_core.result import Signals

SIGNALS = Signals(
    intent="chat",
    intent_confidence=0.9,
    language="en",
    characters=20,
    words=5,
    input_tokens=7,
    code=False,
    numbers=0,
)


def model(**fields: Any) -> Model:
    base = {"provider": {"kind": "scripted"}, "tier": "small", "location": "local"}
    return Model.model_validate({**base, **fields})


MODELS = {
    "here": model(approvals=["regulated"], region="eu"),
    "there": model(location="cloud", tier="large", region="us", domains=["code"], capabilities=["json"]),
}


def rule(then: dict[str, Any], *conditions: dict[str, Any], name: str = "r") -> Rule:
    return Rule.model_validate({"name": name, "any_of": list(conditions) or [{}], "then": then})


def situation(signals: Signals = SIGNALS, **context: Any) -> Situation:
    return Situation("chat", Context(**context), signals)


def judged(*rules: Rule, request: RouteRequest | None = None, most: int = 100, **states: Readiness) -> Eligibility:
    return judge(request or RouteRequest.from_prompt("hello there"), situation(), MODELS, rules, states, most)


def test_without_rules_every_fit_model_stays_in_the_policys_order() -> None:
    assert judged().models == ("here", "there")


@pytest.mark.parametrize(
    ("require", "kept", "reason"),
    [
        ({"location": "local"}, "here", "it is cloud, the rule asks for local"),
        ({"tiers": ["large"]}, "there", "its tier is small, the rule asks for large"),
        ({"regions": ["eu", "ch"]}, "here", "its region is us, the rule asks for ch or eu"),
        ({"approvals": ["regulated"]}, "here", "it is not approved for regulated"),
        ({"domains": ["code", "law"]}, "there", "it is not specialised in code or law"),
        ({"models": ["there"]}, "there", "it is not among the models that the rule names"),
    ],
)
def test_what_a_rule_requires_removes_the_rest_with_its_reason(require: dict[str, Any], kept: str, reason: str) -> None:
    found = judged(rule({"kind": "require", **require}))
    assert found.models == (kept,)
    (removed,) = found.exclusions.values()
    assert (removed.excluded_by, removed.reason) == ("rule:r", reason)
    assert found.verdicts[0].outcome == "required"


@pytest.mark.parametrize("exclude", [{"location": "cloud"}, {"tiers": ["large"]}, {"models": ["there"]}])
def test_what_a_rule_excludes_goes(exclude: dict[str, Any]) -> None:
    found = judged(rule({"kind": "exclude", **exclude}))
    assert found.models == ("here",)
    assert found.verdicts[0].models_removed == ("there",)


def test_a_model_keeps_the_first_reason_for_its_removal() -> None:
    first = rule({"kind": "exclude", "models": ["there"]}, name="first")
    second = rule({"kind": "exclude", "location": "cloud"}, name="second")
    found = judged(first, second)
    assert found.exclusions["there"].excluded_by == "rule:first"
    assert [verdict.models_removed for verdict in found.verdicts] == [("there",), ("there",)]


def test_rules_that_contradict_each_other_leave_nobody() -> None:
    found = judged(rule({"kind": "require", "location": "local"}), rule({"kind": "require", "location": "cloud"}))
    assert found.models == ()
    assert found.denied is None


def test_a_denial_leaves_nobody_and_later_rules_still_speak() -> None:
    deny = rule({"kind": "deny", "message": "no"}, name="first")
    found = judged(deny, rule({"kind": "deny", "message": "never"}, name="second"))
    assert found.models == ()
    assert found.denied is not None
    assert found.denied.rule == "first"
    assert len(found.verdicts) == 2


def test_a_model_that_is_not_ready_is_out_with_its_own_words() -> None:
    found = judged(here=Readiness(False, "loading"), there=Readiness(True))
    assert (found.exclusions["here"].excluded_by, found.exclusions["here"].reason) == ("ready", "loading")


def test_a_prompt_that_fits_exactly_stays_and_one_token_more_does_not() -> None:
    assert judged(most=8192 - SIGNALS.input_tokens).models == ("here", "there")
    assert judged(most=8193 - SIGNALS.input_tokens).models == ()


def test_a_request_for_a_schema_asks_for_json() -> None:
    request = RouteRequest.from_prompt("hello", response_schema={"type": "object"})
    assert judged(request=request).models == ("there",)


@pytest.mark.parametrize(
    ("condition", "fitting", "other"),
    [
        ({"min_risk": "medium"}, {"risk": "high"}, {"risk": "low"}),
        ({"data_classes": ["regulated"]}, {"data_class": "regulated"}, {"data_class": "public"}),
        ({"tags": ["a", "b"]}, {"tags": ("b", "c")}, {"tags": ("c",)}),
        ({"tenants": ["acme"]}, {"tenant": "acme"}, {"tenant": "other"}),
        ({"min_risk": "high", "tags": ["a"]}, {"risk": "high", "tags": ("a",)}, {"risk": "high"}),
    ],
)
def test_a_condition_holds_when_all_that_it_names_holds(
    condition: dict[str, Any], fitting: dict[str, Any], other: dict[str, Any]
) -> None:
    wanted = Condition.model_validate(condition)
    assert holds(wanted, situation(**fitting))
    assert not holds(wanted, situation(**other))


def test_conditions_on_signals_look_at_the_signals() -> None:
    held = {"pii": False, "secrets": False, "code": False, "min_words": 5, "max_words": 5, "intents": ["chat"]}
    assert holds(Condition.model_validate({**held, "languages": ["en"], "routes": ["chat"]}), situation())
    for name, value in {"pii": True, "secrets": True, "code": True, "min_words": 6, "max_words": 4}.items():
        assert not holds(Condition.model_validate({name: value}), situation())
