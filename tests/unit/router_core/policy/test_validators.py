"""Faults of validators, and of what routes make of them, are told when the policy is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from router_core.errors import PolicyError
from router_core.policy.entry_points import VALIDATORS
from router_core.policy.loading import parse_policy
from tests.installed import install
from tests.routing import policy

BASE = policy().text


def faults(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(PolicyError) as raised:
        parse_policy(text, Path("test.toml"))
    return [(fault.key, fault.problem, fault.remedy) for fault in raised.value.faults]


def validator(text: str) -> list[tuple[str, str, str]]:
    return faults(f"{BASE}\n[validators.new]\n{text}")


def route(text: str) -> list[tuple[str, str, str]]:
    return faults(
        f'{BASE}\n[routes.new]\nvalidators = ["polite"]\nstrategy = {{ kind = "cascade", tiers = ["small"] }}\n{text}'
    )


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ('kind = "judge"\nmodel = "hug"\nrubric = "Be right."', "model", "there is no model 'hug'"),
        ('kind = "judge"\nmodel = "huge"', "rubric", "it has no rubric"),
        (
            'kind = "judge"\nmodel = "huge"\nrubric = "a"\nrubric_file = "b"',
            "rubric",
            "it has both a rubric and a rubric_file",
        ),
        ('kind = "regex"\nmust_match = ["("]', "must_match", "'(' is no pattern: missing ): ("),
        (
            'kind = "regex"\nmust_not_match = ["a(?=b)"]',
            "must_not_match",
            "'a(?=b)' is no pattern: invalid perl operator: (?=",
        ),
        ('kind = "regex"', "", "it checks nothing"),
        ('kind = "contains"\nmust_contain = []', "", "it checks nothing"),
        ('kind = "language"\nlanguage = "dee"', "language", "there is no language 'dee'"),
        (
            'kind = "custom"\nname = "mine"',
            "name",
            f"no installed package offers the validator 'mine' (entry points of {VALIDATORS})",
        ),
    ],
)
def test_a_fault_of_a_validator_is_told_with_its_key(text: str, key: str, problem: str) -> None:
    ((found, told, _),) = validator(text)
    assert (found, told) == (".".join(filter(None, ["validators.new", key])), problem)


def test_an_unknown_entry_point_is_refused_with_a_list_of_what_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert validator('kind = "custom"\nname = "mine"')[0][2] == "install the package that offers it"
    install(tmp_path, monkeypatch, "raise RuntimeError('never imported')", VALIDATORS, words="own_checks:words")
    assert validator('kind = "custom"\nname = "mine"')[0][2] == "installed: words"
    # Checking a policy runs no foreign code.
    assert parse_policy(f'{BASE}\n[validators.new]\nkind = "custom"\nname = "words"', Path("test.toml"))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("thresholds = { second = 0.9 }", "routes.new.thresholds"),
        ('combine = { kind = "weighted", threshold = 0.5, weights = { second = 2 } }', "routes.new.combine.weights"),
        ('combine = { kind = "weighted", threshold = 0.5, required = ["second"] }', "routes.new.combine.required"),
        ("[routes.new.intents.math]\nthresholds = { second = 0.9 }", "routes.new.intents.math.thresholds"),
        (
            '[routes.new.intents.math]\nvalidators = ["second"]\nthresholds = { polite = 0.9 }',
            "routes.new.intents.math.thresholds",
        ),
    ],
)
def test_thresholds_and_weights_of_validators_that_do_not_speak_there_are_refused(text: str, key: str) -> None:
    ((found, problem, remedy),) = route(text)
    assert found == key
    assert problem.endswith("is not a validator of this route")
    assert remedy.startswith("use one of its own: ")


def test_an_intent_may_have_thresholds_for_its_own_validators_or_for_the_routes() -> None:
    parse_policy(
        f'{BASE}\n[routes.new]\nvalidators = ["polite"]\nstrategy = {{ kind = "cascade", tiers = ["small"] }}\n'
        "[routes.new.intents.chat]\nthresholds = { polite = 0.9 }\n"
        '[routes.new.intents.math]\nvalidators = ["second"]\nthresholds = { second = 0.9 }\n',
        Path("test.toml"),
    )


@pytest.mark.parametrize(
    ("combine", "key"),
    [
        ('{ kind = "weighted" }', "routes.new.combine.threshold"),
        ('{ kind = "weighted", threshold = 1.5 }', "routes.new.combine.threshold"),
        ('{ kind = "weighted", threshold = 0.5, weights = { polite = 0 } }', "routes.new.combine.weights.polite"),
    ],
)
def test_weights_are_above_nothing_and_the_threshold_is_a_share(combine: str, key: str) -> None:
    ((found, _, _),) = route(f"combine = {combine}")
    assert found == key
