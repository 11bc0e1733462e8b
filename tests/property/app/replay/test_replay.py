"""What holds for every log: no policy beats the oracle, bills add up, and grades decide nothing."""

from __future__ import annotations

import json
import random
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.replay.comparison import compare
from app.replay.log import ReplayLog
from app.replay.metrics import hull, wilson
from app.replay.policy import plan_of_log
from app.replay.run import replay

MODELS = ("first", "second", "strong")
ANSWERS = st.sampled_from(["1", "2", "The answer is 1.", '{"reasoning": "r", "answer": 2}'])
GRADED = st.lists(
    st.tuples(
        st.tuples(*[ANSWERS] * 3),
        st.tuples(*[st.sampled_from([0.0, 0.5, 1.0])] * 3),
        st.tuples(*[st.integers(0, 10**9)] * 3),
    ),
    min_size=1,
    max_size=6,
)


def opened(folder: str, graded) -> ReplayLog:
    path = Path(folder) / "log.jsonl"
    lines = [
        {
            "prompt": f"question {number}",
            "model": model,
            "score": scores[place],
            "cost_usd": nano[place] / 1e9,
            "response": answers[place],
        }
        for number, (answers, scores, nano) in enumerate(graded)
        for place, model in enumerate(MODELS)
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    return ReplayLog.open(path)


def replayed(graded):
    with tempfile.TemporaryDirectory() as folder, opened(folder, graded) as log:
        plan = plan_of_log(log, MODELS[:2], MODELS[2])
        numbers = log.answered_by_all(plan.models, with_response=True)
        return plan, replay(plan, log, numbers), log.grades(numbers, {})


@given(GRADED)
@settings(deadline=None, max_examples=25)
def test_no_policy_beats_the_oracle_and_every_bill_adds_up(graded) -> None:
    plan, done, grades = replayed(graded)
    result = compare(plan, done, grades, seed=0)
    assert result.accuracy.value <= result.oracle_accuracy + 1e-12
    assert result.accuracy.low <= result.accuracy.value <= result.accuracy.high
    for place, one in enumerate(done.routed):
        assert one.cost == sum(grades.costs[place, grades.models.index(name)] for name in one.called)
        assert one.called[:2] == MODELS[:2], "the first answer and its probe are always paid for"
        assert one.escalated == ("strong" in one.called)
    assert result.cost_usd == pytest.approx(sum(one.cost for one in done.routed) / 1e9)


@given(GRADED, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=25)
def test_shuffled_grades_change_no_decision(graded, rng: random.Random) -> None:
    grades = [score for _, scores, _ in graded for score in scores]
    rng.shuffle(grades)
    shuffled = [
        (answers, tuple(grades[3 * place : 3 * place + 3]), nano) for place, (answers, _, nano) in enumerate(graded)
    ]
    assert replayed(graded)[1].routed == replayed(shuffled)[1].routed


@given(st.floats(0, 1), st.integers(1, 10**6))
def test_an_interval_holds_its_mean(mean: float, n: int) -> None:
    found = wilson(mean, n)
    assert 0 <= found.low <= mean <= found.high <= 1


@given(st.lists(st.tuples(st.floats(0.001, 1e6), st.floats(0, 1)), min_size=1, max_size=12))
def test_no_single_model_lies_above_the_hull(points) -> None:
    vertices = hull(points)
    costs, accuracies = zip(*vertices, strict=True)
    for cost, accuracy in points:
        assert accuracy <= np.interp(cost, costs, accuracies) + 1e-9
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(vertices)]
    assert slopes == sorted(slopes, reverse=True)
