"""A model runs in one place or in several; what a policy says of them must fit together."""

from __future__ import annotations

from pathlib import Path

import pytest

from router_core.errors import Fault, PolicyError
from router_core.policy.loading import parse_policy
from router_core.policy.schema import Model, Policy

HEAD = """\
format = 1
name = "test"
default_route = "chat"
tiers = ["small"]

[models.tiny]
tier = "small"
location = "cloud"
"""
ROUTE = """
[routes.chat]
strategy = { kind = "cascade", tiers = ["small"] }
"""
TWO = """\
deployments = [
  { name = "east", provider = { kind = "scripted", script = "e" }, weight = 3, region = "us" },
  { name = "west", provider = { kind = "scripted", script = "w" }, region = "eu" },
]
"""


def policy_of(model: str, route: str = "") -> Policy:
    return parse_policy(HEAD + model + ROUTE + route, Path("policy.toml")).policy


def only_fault(model: str, route: str = "") -> Fault:
    with pytest.raises(PolicyError) as caught:
        policy_of(model, route)
    assert len(caught.value.faults) == 1, caught.value.faults
    return caught.value.faults[0]


def test_a_model_with_a_provider_runs_in_one_place() -> None:
    model = policy_of('provider = { kind = "scripted" }\nregion = "eu"\n').models["tiny"]
    assert [(place.name, place.weight, place.region) for place in model.places] == [("only", 1.0, "eu")]
    assert model.places[0].provider == model.provider


def test_a_model_with_deployments_runs_in_each_and_its_provider_is_the_first_ones() -> None:
    model = policy_of(TWO).models["tiny"]
    assert [(place.name, place.weight, place.region) for place in model.places] == [
        ("east", 3.0, "us"),
        ("west", 1.0, "eu"),
    ]
    assert model.provider == model.places[0].provider


def test_a_model_needs_a_provider_or_deployments() -> None:
    fault = only_fault("")
    assert (fault.key, fault.problem) == ("models.tiny", "it has no provider")
    assert fault.remedy == "add provider = { kind = ... }, or deployments"


def test_a_model_cannot_have_both() -> None:
    fault = only_fault('provider = { kind = "scripted" }\n' + TWO)
    assert (fault.key, fault.problem) == ("models.tiny", "it has a provider and deployments")


def test_a_model_that_is_written_out_can_be_read_back() -> None:
    model = policy_of(TWO).models["tiny"]
    assert Model.model_validate(model.model_dump()) == model


def test_two_deployments_of_one_name_are_refused_at_the_second() -> None:
    fault = only_fault(TWO.replace('"west"', '"east"'))
    assert (fault.key, fault.problem) == ("models.tiny.deployments.1.name", "deployment 'east' stands twice")


def test_a_deployment_without_weight_is_refused() -> None:
    fault = only_fault(TWO.replace("weight = 3", "weight = 0"))
    assert fault.key == "models.tiny.deployments.0.weight"
    assert fault.remedy == "give a value above 0.0"


def test_a_deployments_address_is_checked_like_a_models() -> None:
    provider = '{ kind = "openai", base_url = "nowhere", model = "m" }'
    fault = only_fault(TWO.replace('{ kind = "scripted", script = "w" }', provider))
    assert fault.key == "models.tiny.deployments.1.provider.base_url"


def test_a_region_that_one_deployment_breaks_is_refused_since_rules_trust_it() -> None:
    fault = only_fault('region = "eu"\n' + TWO)
    assert fault.problem == "it claims region 'eu', but one of its deployments is elsewhere"


@pytest.mark.parametrize(("key", "value"), [("safety_model", '"tinny"'), ("larger_context", '["tinny"]')])
def test_models_that_a_route_falls_back_to_must_exist(key: str, value: str) -> None:
    fault = only_fault('provider = { kind = "scripted" }\n', f"{key} = {value}\n")
    assert (fault.key, fault.remedy) == (f"routes.chat.{key}", "did you mean 'tiny'?")


def test_everything_is_on_unless_the_policy_puts_it_off() -> None:
    resilience = policy_of('provider = { kind = "scripted" }\n').resilience
    assert resilience.breaker.enabled
    assert resilience.retry.enabled
    assert resilience.outlier.enabled
    off = policy_of('provider = { kind = "scripted" }\n', "[resilience.breaker]\nenabled = false\n").resilience
    assert not off.breaker.enabled
    assert off.retry == resilience.retry
