from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from telemetry.drift.findings import Finding, judge
from telemetry.drift.metrics import ANSWER_EMBEDDING, PROMPT_EMBEDDING
from telemetry.drift.passages import Passages
from telemetry.drift.telling import MIN_HALF, tell_apart
from telemetry.drift.weeks import start_of
from telemetry.drift.windows import Window
from tests.drifting import Habits, pair

KEPT = Habits(texts=True)


def texts(rng: np.random.Generator, n: int, moved: float = 0.0, directions: int = 12) -> Passages:
    vectors = rng.normal(size=(n, directions)).astype(np.float32)
    vectors[:, 0] += moved
    return Passages(np.arange(n, dtype=np.int32), vectors, np.arange(n) % 2 == 0)


def of_metric(findings: Sequence[Finding], name: str) -> Finding:
    return next(one for one in findings if one.metric.name == name)


def judged(seed: int, after: Habits, n: int = 400) -> tuple[Finding, Finding]:
    """What is found of prompts and of answers."""
    measured = pair(seed, n, after, before=KEPT)
    found = judge(measured.measure())
    return of_metric(found, PROMPT_EMBEDDING), of_metric(found, ANSWER_EMBEDDING)


def test_texts_that_moved_are_told_apart_and_stand_beyond_those_before():
    rng = np.random.default_rng(1)
    before, now = texts(rng, 400), texts(rng, 200, moved=2.0)
    found = tell_apart(before, now)
    assert found is not None
    assert found.comparison.effect > 0.6 and found.comparison.p < 1e-9
    assert np.median(found.column(now)) > 0.85
    assert np.mean(found.column(before)) == pytest.approx(0.5, abs=0.01)


def test_texts_that_stay_as_they_were_are_seldom_told_apart():
    rng = np.random.default_rng(2)
    found = [tell_apart(texts(rng, 200), texts(rng, 100)) for _ in range(400)]
    p = np.array([one.comparison.p for one in found if one is not None])
    assert p.size == 400
    # Bonferroni makes it conservative; 34 of 400 is three standard deviations above 5 %.
    assert (p < 0.05).sum() <= 34 and (p < 0.001).sum() <= 3


def test_too_few_texts_of_a_half_are_no_answer():
    rng = np.random.default_rng(3)
    assert tell_apart(texts(rng, 4 * MIN_HALF), texts(rng, 2 * MIN_HALF - 2)) is None
    assert tell_apart(texts(rng, 2 * MIN_HALF - 2), texts(rng, 4 * MIN_HALF)) is None
    assert tell_apart(texts(rng, 0), texts(rng, 0)) is None


def test_texts_that_are_all_the_same_are_no_change():
    same = Passages(np.arange(200, dtype=np.int32), np.ones((200, 4), dtype=np.float32), np.arange(200) % 2 == 0)
    found = tell_apart(same, same)
    assert found is not None
    assert found.comparison.effect == pytest.approx(0.0, abs=1e-12)
    assert found.comparison.p == pytest.approx(1.0)
    assert found.column(same) == pytest.approx(np.full(200, 0.5))


def test_weights_make_the_reference_what_the_week_was_asked():
    rng = np.random.default_rng(4)
    before, now = texts(rng, 800), texts(rng, 400, moved=3.0)
    before.vectors[:200, 0] += 3.0
    asked_alike = np.where(np.arange(800) < 200, 1.0, 1e-9)
    unweighted, weighted = tell_apart(before, now), tell_apart(before, now, asked_alike)
    assert unweighted is not None and weighted is not None
    assert unweighted.comparison.effect > 0.5
    assert weighted.comparison.effect < 0.15


def test_other_answers_to_the_same_prompts_are_the_models_doing():
    prompts, answers = judged(5, Habits(texts=True, says=1.5))
    assert (prompts.state, answers.state, answers.cause) == ("ok", "drift", "model")


def test_answers_that_follow_other_prompts_are_input_drift():
    prompts, answers = judged(6, Habits(texts=True, asked=(0.1, 0.5, 0.3, 0.1)))
    assert (prompts.state, prompts.cause) == ("drift", "input")
    assert (answers.state, answers.cause) == ("drift", "input")


def test_a_week_with_few_kept_texts_has_not_enough_data():
    prompts, answers = judged(7, Habits(texts=True, says=3.0), n=60)
    assert (prompts.state, answers.state) == ("not_enough_data", "not_enough_data")
    assert answers.n < 60 and answers.n_reference > 0


def test_a_change_of_answers_has_its_moment_and_decisions_that_show_it():
    measured = pair(8, 400, Habits(texts=True, says=2.0), before=KEPT)
    found = of_metric(judge(measured.measure()), ANSWER_EMBEDDING)
    told = measured.explain(found, Window.of([measured.reference, measured.current]))
    assert told.before == pytest.approx(0.5, abs=0.02) and (told.after or 0) > 0.8
    said = measured.current.passages_of(ANSWER_EMBEDDING)
    rows = [list(measured.current.decisions).index(one) for one in told.examples]
    assert rows and (said.vectors[said.places[rows], -1] > 1.0).all()
    assert told.change is not None
    assert abs(told.change.at - start_of(measured.week).timestamp()) < 86_400
