"""Foreign strategies order what they are offered, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from router_core.situation import Situation
from router_core.strategies.base import Plan, PlannedModel, Prospect, in_order
from router_core.strategies.custom import Custom
from tests.prospects import order, prospect, situation

MODELS = [prospect("a"), prospect("b"), prospect("c")]


class Reversed:
    """The last model first."""

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        return Plan(in_order(list(reversed(prospects))), {}, "the last shall be first")


class Stranger:
    """Plans a model that it was not offered."""

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        return Plan((PlannedModel("c", "small", 1.0, 1.0),), {}, "out of bounds")


class Broken:
    """Raises."""

    def plan(self, situation: Situation, prospects: Sequence[Prospect], draw: float) -> Plan:
        raise KeyError("secret")


def test_a_foreign_strategy_orders_the_models_it_may_use() -> None:
    plan = Custom("mine", Reversed(), ("a", "b")).plan(situation(), MODELS, 0.5)
    assert order(plan) == ["b", "a"]
    assert plan.left_out == {"c": "strategy mine does not use it"}


def test_a_foreign_strategy_cannot_bring_in_a_model() -> None:
    plan = Custom("mine", Stranger(), ("a", "b")).plan(situation(), MODELS, 0.5)
    assert order(plan) == ["a", "b"]
    assert plan.reason == "strategy mine planned c, which it was not offered; the policy's order holds"


def test_a_foreign_strategy_that_raises_gives_way_to_the_policys_order() -> None:
    plan = Custom("mine", Broken(), ("a", "b")).plan(situation(), MODELS, 0.5)
    assert order(plan) == ["a", "b"]
    assert plan.reason == "strategy mine raised KeyError; the policy's order holds"
    assert "secret" not in plan.reason
