"""The guard can only narrow: no rule and no context ever brings a model back."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router_core.guard import Situation, judge
from router_core.policy.schema import Model, Rule
from router_core.request import DATA_CLASSES, RISKS, Context, RouteRequest
from router_core.result import Signals

NAMES = ("a", "b", "c", "d")

models = st.fixed_dictionaries(
    {
        "provider": st.just({"kind": "scripted"}),
        "tier": st.sampled_from(["small", "large"]),
        "location": st.sampled_from(["local", "cloud"]),
        "region": st.sampled_from([None, "eu", "us"]),
        "approvals": st.lists(st.sampled_from(["x", "y"]), max_size=2),
    }
).map(Model.model_validate)

then = st.one_of(
    st.builds(lambda tier: {"kind": "require", "tiers": [tier]}, st.sampled_from(["small", "large"])),
    st.builds(lambda place: {"kind": "require", "location": place}, st.sampled_from(["local", "cloud"])),
    st.builds(lambda one: {"kind": "require", "approvals": [one]}, st.sampled_from(["x", "y"])),
    st.builds(lambda names: {"kind": "exclude", "models": names}, st.lists(st.sampled_from(NAMES), min_size=1)),
    st.just({"kind": "deny", "message": "no"}),
)
conditions = st.lists(
    st.sampled_from([{}, {"min_risk": "high"}, {"data_classes": ["regulated"]}, {"pii": True}, {"max_words": 3}]),
    min_size=1,
    max_size=2,
)
rules = st.builds(lambda what, when: {"then": what, "any_of": when}, then, conditions)
contexts = st.builds(Context, risk=st.sampled_from(RISKS), data_class=st.sampled_from(DATA_CLASSES))
signals = st.builds(
    Signals,
    intent=st.just("chat"),
    intent_confidence=st.just(1.0),
    language=st.just("en"),
    characters=st.just(1),
    words=st.integers(0, 9),
    input_tokens=st.integers(0, 10_000),
    code=st.booleans(),
    numbers=st.just(0),
    pii=st.sampled_from([(), ("email",)]),
)


def as_rules(drawn: list[dict[str, Any]]) -> tuple[Rule, ...]:
    return tuple(Rule.model_validate({"name": f"r{number}", **one}) for number, one in enumerate(drawn))


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, models)), st.lists(rules, max_size=5), contexts, signals)
def test_each_further_rule_leaves_the_same_models_or_fewer(
    known: dict[str, Model], drawn: list[dict[str, Any]], context: Context, read: Signals
) -> None:
    request, situation = RouteRequest.from_prompt("x", context=context), Situation("chat", context, read)
    left = set(NAMES)
    for count in range(len(drawn) + 1):
        found = judge(request, situation, known, as_rules(drawn)[:count], {}, 100)
        assert set(found.models) <= left
        left = set(found.models)
        assert found.denied is not None or set(found.models) | set(found.exclusions) == set(NAMES)
        assert not set(found.models) & set(found.exclusions)
        assert len(found.verdicts) == count
