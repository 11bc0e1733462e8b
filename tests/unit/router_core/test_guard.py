"""Who may answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from router_core import conditions
from router_core.conditions import holds
from router_core.guard import Eligibility, Ruling
from router_core.policy.schema import Condition, Model, Rule
from router_core.providers.base import Readiness
from router_core.request import Context, RouteRequest
from router_core.result import Signals
from router_core.rulebook import apply_rules, judge
from router_core.situation import Situation

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


# --- what else follows from a rule -----------------------------------------------------------------------------------


def ruled(*rules: Rule, signals: Signals = SIGNALS, routes: dict[str, Any] | None = None, **context: Any) -> Ruling:
    return apply_rules(situation(signals, **context), MODELS, rules, routes or {})


def test_secrets_raise_the_risk_for_all_other_rules_wherever_they_stand() -> None:
    careful = rule({"kind": "exclude", "location": "cloud"}, {"min_risk": "high"}, name="careful")
    raising = rule({"kind": "raise", "risk": "high"}, {"secrets": True}, name="raising")
    holding = replace(SIGNALS, secrets=("api_key",))
    for order in ((careful, raising), (raising, careful)):
        found = ruled(*order, signals=holding)
        assert found.context.risk == "high"
        assert set(found.exclusions) == {"there"}
    assert ruled(careful, raising).exclusions == {}


def test_a_raising_rule_never_lowers_what_the_caller_states() -> None:
    found = ruled(
        rule({"kind": "raise", "risk": "medium", "data_class": "internal"}), risk="high", data_class="regulated"
    )
    assert (found.context.risk, found.context.data_class) == ("high", "regulated")
    assert found.verdicts[0].outcome == "raised"
    assert "stated as high" in found.verdicts[0].reason


def test_raising_rules_do_not_feed_each_other() -> None:
    first = rule({"kind": "raise", "risk": "medium"}, name="first")
    second = rule({"kind": "raise", "risk": "high"}, {"min_risk": "medium"}, name="second")
    assert ruled(first, second).context.risk == ruled(second, first).context.risk == "medium"


def test_a_cloud_model_takes_no_sensitive_data_unless_it_says_so() -> None:
    found = judge(RouteRequest.from_prompt("x"), situation(data_class="sensitive"), MODELS, (), {}, 100)
    assert found.models == ("here",)
    assert found.exclusions["there"].excluded_by == "data_class"
    assert found.exclusions["there"].reason == "it accepts data up to internal, these are sensitive"
    models = {**MODELS, "there": model(location="cloud", tier="large", max_data_class="sensitive")}
    assert judge(RouteRequest.from_prompt("x"), situation(data_class="sensitive"), models, (), {}, 100).models == (
        "here",
        "there",
    )


def test_a_raised_data_class_counts_for_the_models_too() -> None:
    personal = rule({"kind": "raise", "data_class": "sensitive"}, {"pii": True})
    read = replace(SIGNALS, pii=("email",))
    assert judge(RouteRequest.from_prompt("x"), situation(read), MODELS, (personal,), {}, 100).models == ("here",)


def test_a_rule_can_ask_for_models_that_accept_a_data_class() -> None:
    found = judged(rule({"kind": "require", "data_class": "sensitive"}))
    assert found.models == ("here",)
    assert found.exclusions["there"].reason == "it accepts data up to internal, the rule asks for sensitive"


def test_a_model_of_an_unknown_region_is_excluded_with_the_region() -> None:
    models = {"where": model(), "eu": model(region="eu"), "us": model(region="us")}
    found = judge(
        RouteRequest.from_prompt("x"), situation(), models, (rule({"kind": "exclude", "regions": ["us"]}),), {}, 100
    )
    assert found.models == ("eu",)


def test_redaction_is_ordered_and_the_originals_return_only_when_every_rule_says_so() -> None:
    kept = rule({"kind": "redact", "restore": True}, name="kept")
    gone = rule({"kind": "redact"}, name="gone")
    assert (ruled(kept).redacts, ruled(kept).restores) == (True, True)
    assert (ruled(kept, gone).redacts, ruled(kept, gone).restores) == (True, False)
    assert (ruled().redacts, ruled().restores) == (False, False)


ROUTES = {"chat": MODELS, "local-only": {"here": MODELS["here"], "other": model()}, "empty": {"other": model()}}


def test_a_request_sent_elsewhere_may_use_what_both_routes_use() -> None:
    found = ruled(rule({"kind": "route_to", "route": "local-only"}), routes=ROUTES)
    assert found.route == "local-only"
    assert set(found.models) == {"here", "there", "other"}
    assert found.exclusions["there"].excluded_by == "rule:r"
    assert found.exclusions["other"].reason == "route chat does not use it"
    assert found.verdicts[0].outcome == "rerouted"


def test_routes_without_a_common_model_leave_nobody() -> None:
    found = judge(
        RouteRequest.from_prompt("x"),
        situation(),
        MODELS,
        (rule({"kind": "route_to", "route": "empty"}),),
        {},
        100,
        ROUTES,
    )
    assert found.models == ()


def test_a_rule_for_the_other_route_holds_once_the_request_is_there_whatever_the_order() -> None:
    there = rule({"kind": "exclude", "models": ["here"]}, {"routes": ["local-only"]}, name="there")
    send = rule({"kind": "route_to", "route": "local-only"}, name="send")
    for order in ((there, send), (send, there)):
        assert set(ruled(*order, routes=ROUTES).exclusions) == {"here", "there", "other"}
    assert ruled(there, routes=ROUTES).exclusions == {}


def test_a_route_that_is_asked_for_already_is_no_other() -> None:
    found = ruled(rule({"kind": "route_to", "route": "chat"}), routes=ROUTES)
    assert (found.route, found.verdicts[0].outcome, found.exclusions) == ("chat", "passed", {})


def test_an_expression_that_fails_makes_its_rule_apply_and_the_verdict_says_so() -> None:
    broken = rule({"kind": "exclude", "location": "cloud"}, {"cel": "signals.words / (signals.numbers - 5) > 1"})
    found = ruled(broken, signals=replace(SIGNALS, numbers=5))
    assert set(found.exclusions) == {"there"}
    assert found.verdicts[0].failed is not None
    assert "ZeroDivisionError" in found.verdicts[0].failed


def test_a_condition_that_holds_without_its_expression_is_no_failure() -> None:
    sure = rule({"kind": "exclude", "location": "cloud"}, {"cel": "signals.words / 0 > 1"}, {"max_words": 9})
    assert ruled(sure).verdicts[0].failed is None
    unasked = rule({"kind": "exclude", "location": "cloud"}, {"min_words": 99, "cel": "signals.words / 0 > 1"})
    assert ruled(unasked).verdicts[0].outcome == "passed"


def test_what_was_never_searched_counts_as_holding_personal_data_and_secrets() -> None:
    long = replace(SIGNALS, unread_characters=5)
    for name in ("pii", "secrets"):
        assert holds(Condition.model_validate({name: True}), situation(long))
        assert not holds(Condition.model_validate({name: False}), situation(long))


@pytest.mark.parametrize(
    ("condition", "fitting", "other"),
    [
        ({"domains": ["legal"]}, {"domain": "legal"}, {"domain": "general"}),
        ({"min_complexity": 0.5}, {"complexity": 0.5}, {"complexity": 0.4}),
        ({"max_complexity": 0.5}, {"complexity": 0.5}, {"complexity": 0.6}),
        ({"min_injection": 0.6}, {"injection": 0.75}, {"injection": 0.5}),
        ({"min_tokens": 100}, {"input_tokens": 100}, {"input_tokens": 99}),
        ({"max_tokens": 100}, {"input_tokens": 100}, {"input_tokens": 101}),
    ],
)
def test_conditions_on_the_further_signals(
    condition: dict[str, Any], fitting: dict[str, Any], other: dict[str, Any]
) -> None:
    wanted = Condition.model_validate(condition)
    assert holds(wanted, situation(replace(SIGNALS, **fitting)))
    assert not holds(wanted, situation(replace(SIGNALS, **other)))


@pytest.mark.parametrize(
    ("condition", "fitting", "other"),
    [
        ({"max_deadline_ms": 500}, {"deadline_ms": 500}, {"deadline_ms": 501}),
        ({"max_deadline_ms": 500}, {"deadline_ms": 1}, {}),
        ({"max_latency_target_ms": 500}, {"latency_target_ms": 500}, {}),
        ({"max_cost_cap_usd": "0.01"}, {"cost_cap_usd": 0.005}, {"cost_cap_usd": 0.02}),
        ({"min_data_class": "sensitive"}, {"data_class": "regulated"}, {"data_class": "internal"}),
    ],
)
def test_conditions_on_what_the_caller_asks_for(
    condition: dict[str, Any], fitting: dict[str, Any], other: dict[str, Any]
) -> None:
    wanted = Condition.model_validate(condition)
    assert holds(wanted, situation(**fitting))
    assert not holds(wanted, situation(**other))


def test_a_condition_on_the_purpose() -> None:
    wanted = Condition.model_validate({"purposes": ["shadow"]})
    assert holds(wanted, replace(situation(), purpose="shadow"))
    assert not holds(wanted, situation())


def test_every_field_of_a_condition_is_looked_at() -> None:
    assert set(conditions._TESTS) | {"cel"} == set(Condition.model_fields)
