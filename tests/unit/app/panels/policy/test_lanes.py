"""The policy as a picture: routes, cases, steps, boxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.panels.policy.lanes import Case, Lane, lanes
from router_core.policy.loading import load_policy, parse_policy
from router_core.policy.schema import Policy

FOLDER = Path(__file__).parents[5] / "policies"
MODELS = """
format = 1
name = "p"
default_route = "second"
tiers = ["small", "large"]
[models.a]
tier = "small"
location = "local"
provider = { kind = "scripted" }
fallback = "b"
[models.b]
tier = "large"
location = "cloud"
provider = { kind = "scripted" }
[routes.first]
strategy = { kind = "cascade", tiers = ["small"] }
[routes.second]
"""


def policy(strategy: str) -> Policy:
    return parse_policy(MODELS + strategy, FOLDER / "p.toml").policy


def second(strategy: str) -> Lane:
    return lanes(policy(strategy))[0]


def path(case: Case) -> list[list[str]]:
    return [[box.model for box in step.boxes] for step in case.steps]


def test_the_default_route_comes_first() -> None:
    drawn = lanes(policy('strategy = { kind = "cascade", tiers = ["small", "large"] }'))
    assert [(lane.name, lane.default) for lane in drawn] == [("second", True), ("first", False)]


def test_a_cascade_goes_from_tier_to_tier() -> None:
    case = second('strategy = { kind = "cascade", tiers = ["small", "large"] }').cases[0]
    assert path(case) == [["a"], ["b"]]
    assert [step.before for step in case.steps] == ["", "score too low"]
    assert case.steps[0].boxes[0].fallback == "b"


def test_intents_and_domains_have_rows_of_their_own_that_end_with_what_is_tried_otherwise() -> None:
    lane = second(
        'strategy = { kind = "intent", intents = { code = ["b"] }, domains = { legal = ["b"] }, otherwise = ["a"] }'
    )
    assert {case.when: path(case) for case in lane.cases} == {
        "about legal": [["b"], ["a"]],
        "intent code": [["b"], ["a"]],
        "anything else": [["a"]],
    }


def test_a_split_shows_each_models_share() -> None:
    lane = second('strategy = { kind = "weighted", weights = { a = 1, b = 3 } }')
    assert [(box.model, box.share) for box in lane.cases[0].steps[0].boxes] == [("a", "25.0 %"), ("b", "75.0 %")]


def test_models_that_are_ordered_for_each_request_stand_in_one_step() -> None:
    for kind in ("cost", "latency"):
        assert path(second(f'strategy = {{ kind = "{kind}", tiers = ["small", "large"] }}').cases[0]) == [["a", "b"]]


def test_other_checks_of_an_intent_stand_in_its_own_row_and_change_no_step() -> None:
    validators = '[validators.x]\nkind = "refusal"\n'
    split = 'strategy = { kind = "intent", intents = { code = ["b"] }, otherwise = ["a"] }\n'
    otherwise = '[routes.second.intents.code]\nvalidators = ["x"]\n[routes.second.intents.math]\nvalidators = ["x"]\n'
    cases = {case.when: case for case in second(split + otherwise + validators).cases}
    assert {when: (path(case), case.checks) for when, case in cases.items()} == {
        "intent code": ([["b"], ["a"]], ("x ≥ 0.50",)),
        "anything else": ([["a"]], ()),
        "intent math": ([["a"]], ("x ≥ 0.50",)),
    }


def test_what_a_route_does_otherwise_for_an_intent_is_a_row() -> None:
    demo = load_policy(FOLDER / "demo.toml").policy
    chat = lanes(demo)[0]
    math = next(case for case in chat.cases if case.when == "intent math")
    assert path(math) == [["sprint-mini"], ["meridian-pro"]]
    assert math.checks == ("no-refusal ≥ 0.50", "second-opinion ≥ 0.50")
    assert chat.standby == ("medium",)


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.toml")), ids=lambda file: file.stem)
def test_every_route_of_the_shipped_policies_leads_to_a_model(file: Path) -> None:
    for lane in lanes(load_policy(file).policy):
        assert lane.cases
        assert all(case.steps and all(step.boxes for step in case.steps) for case in lane.cases)
