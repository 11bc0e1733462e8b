"""The guard can only narrow: no rule and no context ever brings a model back."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from router_core.guard import Eligibility
from router_core.policy.schema import Model, Rule
from router_core.request import DATA_CLASSES, RISKS, Context, DataClass, Risk, RouteRequest
from router_core.result import Signals
from router_core.rulebook import Rulebook, apply_rules, judge
from router_core.situation import Situation

NAMES = ("a", "b", "c", "d")

models = st.fixed_dictionaries(
    {
        "provider": st.just({"kind": "scripted"}),
        "tier": st.sampled_from(["small", "large"]),
        "location": st.sampled_from(["local", "cloud"]),
        "region": st.sampled_from([None, "eu", "us"]),
        "max_data_class": st.sampled_from([None, *DATA_CLASSES]),
        "approvals": st.lists(st.sampled_from(["x", "y"]), max_size=2),
    }
).map(Model.model_validate)

then = st.one_of(
    st.builds(lambda tier: {"kind": "require", "tiers": [tier]}, st.sampled_from(["small", "large"])),
    st.builds(lambda place: {"kind": "require", "location": place}, st.sampled_from(["local", "cloud"])),
    st.builds(lambda one: {"kind": "require", "approvals": [one]}, st.sampled_from(["x", "y"])),
    st.builds(lambda names: {"kind": "exclude", "models": names}, st.lists(st.sampled_from(NAMES), min_size=1)),
    st.builds(lambda place: {"kind": "exclude", "regions": [place]}, st.sampled_from(["eu", "us"])),
    st.builds(lambda least: {"kind": "raise", "risk": least}, st.sampled_from(RISKS)),
    st.builds(lambda least: {"kind": "raise", "data_class": least}, st.sampled_from(DATA_CLASSES)),
    st.builds(lambda name: {"kind": "route_to", "route": name}, st.sampled_from(["first", "second", "third"])),
    st.just({"kind": "require", "data_class": "sensitive"}),
    st.just({"kind": "redact"}),
    st.just({"kind": "deny", "message": "no"}),
)
conditions = st.lists(
    st.sampled_from(
        [
            *({}, {"min_risk": "high"}, {"min_risk": "medium"}, {"min_data_class": "sensitive"}, {"pii": True}),
            *({"data_classes": ["regulated"]}, {"max_words": 3}, {"routes": ["first"]}, {"routes": ["second"]}),
            *({"cel": "signals.words > 3"}, {"cel": "signals.words / (signals.words - 3) > 1"}),
        ]
    ),
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


policies = st.fixed_dictionaries(dict.fromkeys(NAMES, models))
drawn_rules = st.lists(rules, max_size=5)
REQUEST = RouteRequest.from_prompt("x")
ROUTES = {"first": NAMES, "second": ("a", "b"), "third": ("b", "c")}


def left_by(known: dict[str, Model], wanted: tuple[Rule, ...], context: Context, read: Signals) -> Eligibility:
    routes = {route: {name: known[name] for name in names} for route, names in ROUTES.items()}
    return judge(REQUEST, Situation("first", context, read), known, wanted, {}, 100, routes)


@settings(deadline=None)  # the first expression imports the evaluator
@given(policies, drawn_rules, contexts, signals)
def test_each_further_rule_leaves_the_same_models_or_fewer(
    known: dict[str, Model], drawn: list[dict[str, Any]], context: Context, read: Signals
) -> None:
    left = set(NAMES)
    for count in range(len(drawn) + 1):
        found = left_by(known, as_rules(drawn)[:count], context, read)
        assert set(found.models) <= left
        left = set(found.models)
        assert found.denied is not None or set(found.models) | set(found.exclusions) == set(NAMES)
        assert not set(found.models) & set(found.exclusions)
        assert len(found.verdicts) == count


@settings(deadline=None)
@given(policies, drawn_rules, contexts, signals, st.randoms(use_true_random=False))
def test_the_order_of_the_rules_does_not_change_who_is_left(
    known: dict[str, Model], drawn: list[dict[str, Any]], context: Context, read: Signals, random: Random
) -> None:
    ordered = as_rules(drawn)
    shuffled = list(ordered)
    random.shuffle(shuffled)
    one, other = left_by(known, ordered, context, read), left_by(known, tuple(shuffled), context, read)
    assert one.models == other.models
    assert (one.denied is None) == (other.denied is None)
    applied = [{verdict.rule: verdict.outcome for verdict in found.verdicts} for found in (one, other)]
    assert applied[0] == applied[1]


@given(policies, contexts, signals, st.sampled_from(RISKS), st.sampled_from(DATA_CLASSES))
def test_a_client_that_raises_risk_or_data_class_gains_no_model_under_rules_that_ask_for_at_least(
    known: dict[str, Model], context: Context, read: Signals, risk: Risk, data_class: DataClass
) -> None:
    guarded = as_rules(
        [
            {"any_of": [{"min_risk": "medium"}], "then": {"kind": "exclude", "models": ["a"]}},
            {"any_of": [{"min_data_class": "sensitive"}], "then": {"kind": "require", "location": "local"}},
            {"any_of": [{"pii": True}], "then": {"kind": "raise", "risk": "high", "data_class": "sensitive"}},
        ]
    )
    higher = replace(
        context,
        risk=max(context.risk, risk, key=RISKS.index),
        data_class=max(context.data_class, data_class, key=DATA_CLASSES.index),
    )
    assert set(left_by(known, guarded, higher, read).models) <= set(left_by(known, guarded, context, read).models)


@settings(deadline=None)
@given(policies, drawn_rules, st.lists(st.tuples(st.sampled_from(sorted(ROUTES)), contexts, signals), max_size=5))
def test_a_rulebook_says_the_same_of_a_request_whatever_it_was_asked_before(
    known: dict[str, Model], drawn: list[dict[str, Any]], asked: list[tuple[str, Context, Signals]]
) -> None:
    routes = {route: {name: known[name] for name in names} for route, names in ROUTES.items()}
    book = Rulebook(as_rules(drawn), routes)
    for route, context, read in asked:
        situation = Situation(route, context, read)
        anew = apply_rules(situation, routes[route], as_rules(drawn), routes)
        assert book.apply(situation, routes[route]) == anew
