"""Faults of rules, approvals and data classes, told when the policy is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from router_core.errors import Fault, PolicyError
from router_core.policy.loading import parse_policy
from router_core.policy.schema import Policy

BASE = """format = 1
name = "p"
default_route = "a"
tiers = ["small"]

[models.one]
tier = "small"
location = "local"
approvals = ["own"]
provider = { kind = "scripted" }

[models.two]
tier = "small"
location = "cloud"
provider = { kind = "scripted" }

[routes.a]
strategy = { kind = "cascade", tiers = ["small"] }

[routes.b]
strategy = { kind = "cascade", tiers = ["small"] }

[routes.c]
strategy = { kind = "cascade", tiers = ["small"] }
"""


def load(more: str) -> Policy:
    return parse_policy(BASE + more, Path("policy.toml")).policy


def faults(more: str) -> tuple[Fault, ...]:
    with pytest.raises(PolicyError) as caught:
        load(more)
    return caught.value.faults


def rule(then: str, condition: str = "", name: str = "r") -> str:
    return f'\n[[rules]]\nname = "{name}"\nany_of = [{{ {condition} }}]\nthen = {{ {then} }}\n'


def send(start: str, end: str) -> str:
    return rule(f'kind = "route_to", route = "{end}"', f'routes = ["{start}"]', f"{start}{end}")


@pytest.mark.parametrize(
    ("more", "key", "problem"),
    [
        (send("a", "b") + send("b", "a"), "rules.1.then.route", "routes go round: a -> b -> a"),
        (send("a", "b") + send("b", "c") + send("c", "a"), "rules.2.then.route", "routes go round: a -> b -> c -> a"),
        (send("b", "b"), "rules.0.then.route", "routes go round: b -> b"),
        (send("a", "d"), "rules.0.then.route", "there is no route 'd'"),
        (rule('kind = "raise"'), "rules.0.then", "it raises nothing"),
        (rule('kind = "exclude"'), "rules.0.then", "it excludes nothing"),
        (
            rule('kind = "redact"', "min_words = 9, max_words = 3"),
            "rules.0.any_of.0.min_words",
            "it is above max_words",
        ),
        (rule('kind = "redact"', 'domains = ["law"]'), "rules.0.any_of.0.domains.0", "'law' is not possible here"),
        (rule('kind = "redact"', 'cel = "1 +"'), "rules.0.any_of.0.cel", "the expression does not work"),
        ('\n[approvals]\nregulated = ["three"]\n', "approvals.regulated", "there is no model 'three'"),
        (rule('kind = "require", approvals = ["x"]'), "rules.0.then", "no model of the policy satisfies it"),
    ],
)
def test_a_rule_that_cannot_work_is_a_fault(more: str, key: str, problem: str) -> None:
    (fault,) = faults(more)
    assert (fault.key, fault.problem.startswith(problem)) == (key, True), fault
    assert fault.remedy


def test_ways_that_meet_are_no_circle() -> None:
    assert len(load(send("a", "b") + send("a", "c") + send("b", "c")).rules) == 3


def test_a_rule_that_sends_from_everywhere_is_no_circle() -> None:
    assert load(rule('kind = "route_to", route = "b"')).rules


def test_the_table_of_approvals_adds_to_those_of_the_models() -> None:
    policy = load('\n[approvals]\nregulated = ["one", "two"]\n' + rule('kind = "require", approvals = ["regulated"]'))
    assert policy.models["one"].approvals == {"own", "regulated"}
    assert policy.models["two"].approvals == {"regulated"}


def test_what_a_model_accepts_is_stated_or_follows_from_its_place() -> None:
    models = load("").models
    assert (models["one"].accepts, models["two"].accepts) == ("regulated", "internal")
    stated = parse_policy(BASE.replace('"cloud"', '"cloud"\nmax_data_class = "sensitive"'), Path("p.toml")).policy
    assert stated.models["two"].accepts == "sensitive"
