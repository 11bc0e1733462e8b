"""The settings of a curve, and what the curve comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.replay.comparison import compare
from app.replay.log import ReplayLog
from app.replay.policy import ReplayPlan, plan_of_log
from app.replay.run import replay
from app.replay.sweep import sweep, variants
from router_core.errors import ReplayError
from router_core.policy.schema import AgreementValidator
from tests.logs import rows, write_log
from tests.routing import policy

# tiny is right on 1 of 4, huge on all; tiny and twin agree on three, tiny and third on two.
PROMPTS = [
    ("a?", {"tiny": "1", "twin": "1", "third": "1", "huge": "1"}, "1"),
    ("b?", {"tiny": "2", "twin": "2", "third": "2", "huge": "9"}, "9"),
    ("c?", {"tiny": "3", "twin": "3", "third": "9", "huge": "9"}, "9"),
    ("d?", {"tiny": "4", "twin": "9", "third": "9", "huge": "9"}, "9"),
]
COSTS = {"tiny": 0.001, "twin": 0.002, "third": 0.003, "huge": 0.1}


def plan_for(route: str = "", validators: tuple[str, ...] = ("polite",)) -> ReplayPlan:
    return ReplayPlan(policy(route=route, validators=validators), "chat", ("tiny", "twin", "huge"), reads=True)


def test_agreement_is_swept_over_probes_and_over_how_many_agree(tmp_path: Path) -> None:
    with ReplayLog.open(write_log(tmp_path / "log.jsonl", rows(PROMPTS, COSTS))) as log:
        plan = plan_of_log(log, (), None, probes=2)
    found = {}
    for label, variant in variants(plan):
        entry = variant.loaded.policy.validators["agreement"]
        assert isinstance(entry, AgreementValidator)
        found[label] = (entry.probes, entry.threshold)
    assert found == {
        "1 of 1 probes agree": (("twin",), 0.5),
        "1 of 2 probes agree": (("twin", "third"), 0.25),
        "2 of 2 probes agree": (("twin", "third"), 0.75),
    }


def test_other_validators_are_swept_over_their_thresholds() -> None:
    thresholds = [
        (label, variant.loaded.policy.validators["polite"].threshold) for label, variant in variants(plan_for())
    ]
    assert thresholds[0] == ("threshold 0", 0.0)
    assert thresholds[-1] == ("threshold 1", 1.0)


def test_the_routes_own_thresholds_give_way() -> None:
    route = "thresholds = { polite = 0.9 }\nintents.math = { thresholds = { polite = 0.8 } }"
    for _, variant in variants(plan_for(route)):
        changed = variant.loaded.policy.routes["chat"]
        assert changed.thresholds == {}
        assert changed.intents["math"].thresholds == {}


def test_a_route_without_validators_has_nothing_to_sweep() -> None:
    with pytest.raises(ReplayError, match="no threshold to sweep"):
        list(variants(plan_for(validators=())))


def test_the_curve_is_what_its_settings_measured(tmp_path: Path) -> None:
    with ReplayLog.open(write_log(tmp_path / "log.jsonl", rows(PROMPTS, COSTS))) as log:
        plan = plan_of_log(log, (), None, probes=2)
        numbers = [1, 2, 3, 4]
        grades = log.grades(numbers, {})
        main = compare(plan, replay(plan, log, numbers), grades, seed=0)
        curve = sweep(plan, log, numbers, grades, main, seed=0)
    assert (curve.weak, curve.strong) == ("tiny", "huge")
    by_label = {one.label: (one.strong_share, one.accuracy.value, one.pgr) for one in curve.settings}
    # PGR = (accuracy - 1/4) / (1 - 1/4).
    assert by_label == {
        "1 of 1 probes agree": (0.25, 0.5, pytest.approx(1 / 3)),
        "1 of 2 probes agree": (0.25, 0.5, pytest.approx(1 / 3)),
        "2 of 2 probes agree": (0.5, 0.75, pytest.approx(2 / 3)),
    }
    # Corners (0, 0), (1/4, 1/3), (1/2, 2/3), (1, 1): 1/24 + 1/8 + 5/12.
    assert curve.apgr == pytest.approx(1 / 24 + 1 / 8 + 5 / 12)
    assert curve.cpt == {"0.5": pytest.approx(0.375), "0.8": pytest.approx(0.7), "0.95": pytest.approx(0.925)}
    cost = next(one.cost_usd for one in curve.settings if one.label == "2 of 2 probes agree")
    assert cost == pytest.approx(4 * 0.006 + 2 * 0.1)
