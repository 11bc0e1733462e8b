"""Each intent, or each domain, to the models that are good at it."""

from __future__ import annotations

from dataclasses import replace

from router_core.strategies.intent import Intent
from tests.prospects import order, prospect, situation

MODELS = [prospect("general"), prospect("coder"), prospect("spare")]
STRATEGY = Intent({"code": ("coder",)}, {}, ("general",))


def test_an_intent_goes_to_its_own_model_with_the_general_one_behind_it() -> None:
    plan = STRATEGY.plan(situation("code"), MODELS, 0.5)
    assert order(plan) == ["coder", "general"]
    assert plan.reason == "intent code goes to coder then general"


def test_everything_else_goes_to_the_general_model() -> None:
    plan = STRATEGY.plan(situation("chat"), MODELS, 0.5)
    assert order(plan) == ["general"]
    assert "coder" in plan.left_out


def test_a_specialist_that_may_not_be_called_is_named() -> None:
    plan = STRATEGY.plan(situation("code"), MODELS[:1], 0.5)
    assert order(plan) == ["general"]
    assert plan.reason.endswith("; coder may not be called")


def test_a_domain_goes_before_an_intent() -> None:
    strategy = Intent({"code": ("coder",)}, {"legal": ("spare",)}, ("general",))
    asked = situation("code")
    legal = replace(asked, signals=replace(asked.signals, domain="legal"))
    plan = strategy.plan(legal, MODELS, 0.5)
    assert order(plan) == ["spare", "general"]
    assert plan.reason == "domain legal goes to spare then general"
