"""What a policy says of evaluation is checked against the rest of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from router_core.errors import PolicyError
from router_core.policy.loading import parse_policy

POLICY = """
format = 1
name = "evaluated"
default_route = "chat"
tiers = ["small"]
[models.small]
tier = "small"
location = "local"
provider = { kind = "scripted" }
[validators.polite]
kind = "refusal"
[validators.second]
kind = "agreement"
probes = ["small"]
[routes.chat]
strategy = { kind = "cascade", tiers = ["small"] }
"""
JUDGE = '[evaluation.evaluators.good]\nkind = "judge"\nroute = "chat"\nrubric = "Good answers help."\n'


def faults(text: str) -> list[str]:
    with pytest.raises(PolicyError) as raised:
        parse_policy(POLICY + text, Path("p.toml"))
    return [f"{fault.key}: {fault.problem}; {fault.remedy}" for fault in raised.value.faults]


def test_without_a_word_nothing_is_judged():
    entry = parse_policy(POLICY, Path("p.toml")).policy.evaluation
    assert (entry.evaluators, entry.routes) == ({}, {})


def test_a_route_says_who_judges_how_much_and_for_what():
    text = JUDGE + '[evaluation.routes.chat]\nevaluators = ["good"]\n[evaluation.routes.chat.shadow]\nmodel = "small"\n'
    route = parse_policy(POLICY + text, Path("p.toml")).policy.evaluation.routes["chat"]
    assert (route.rate, route.per_day, route.usd_per_day) == (0.02, 200, Decimal(1))
    assert route.always == ("escalated", "low_score")
    assert route.shadow is not None
    assert (route.shadow.model, route.shadow.rate) == ("small", 0.01)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            '[evaluation.routes.chat]\nevaluators = ["god"]\n' + JUDGE,
            "evaluation.routes.chat.evaluators: there is no evaluator 'god'; did you mean 'good'?",
        ),
        (
            JUDGE + '[evaluation.routes.chatt]\nevaluators = ["good"]\n',
            "evaluation.routes.chatt: there is no route 'chatt'; did you mean 'chat'?",
        ),
        (
            JUDGE + '[evaluation.routes.chat]\nevaluators = ["good"]\nshadow = { model = "large" }\n',
            "evaluation.routes.chat.shadow.model: there is no model 'large'; known: small",
        ),
        (
            JUDGE.replace('"chat"', '"route/chess"'),
            "evaluation.evaluators.good.route: there is no route or model 'route/chess'; known: chat, small",
        ),
        (
            JUDGE + 'rubric_file = "good.md"\n',
            "evaluation.evaluators.good.rubric: it has both a rubric and a rubric_file; say what makes an answer good, "
            "in rubric or in the file of rubric_file",
        ),
        (
            '[evaluation.evaluators.form]\nkind = "rules"\nvalidators = ["second"]\n',
            "evaluation.evaluators.form.validators: the validator 'second' asks models (agreement), and rules ask "
            'nobody; name validators that look at the answer alone, or use kind = "judge"',
        ),
        (
            '[evaluation.evaluators.form]\nkind = "rules"\nvalidators = ["politer"]\n',
            "evaluation.evaluators.form.validators: there is no validator 'politer'; did you mean 'polite'?",
        ),
    ],
    ids=["evaluator", "route", "shadow", "judge route", "two rubrics", "asking", "validator"],
)
def test_each_fault_has_its_place_and_remedy(text: str, fault: str):
    assert fault in faults(text)
