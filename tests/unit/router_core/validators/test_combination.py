"""How scores become one verdict."""

import pytest

from router_core.policy.schema import WeightedCombination, all_must_pass
from router_core.result import ScoreRecord
from router_core.validators.combination import COMBINED, combine, is_open


def record(name, score, threshold=0.5, passed=None):
    return ScoreRecord(name, score, threshold, score >= threshold if passed is None else passed, f"{name} says so.")


def weighted(threshold=0.7, **settings):
    return WeightedCombination(kind="weighted", threshold=threshold, **settings)


def test_where_all_must_pass_the_score_furthest_below_its_threshold_stands_for_all():
    scores = [record("a", 0.9), record("b", 0.4), record("c", 0.6, 0.9), record("d", 0.7)]
    found = combine(all_must_pass(), scores)
    assert found is not None
    assert (found.validator, found.passed) == ("c", False)


def test_where_all_pass_the_one_least_above_stands_for_all():
    found = combine(all_must_pass(), [record("a", 0.9), record("b", 0.6), record("c", None, passed=True)])
    assert found is not None
    assert (found.validator, found.passed) == ("b", True)


def test_an_unknown_score_that_fails_fails_all():
    found = combine(all_must_pass(), [record("a", 0.9), record("b", None, passed=False)])
    assert found is not None
    assert (found.validator, found.score, found.passed) == ("b", None, False)


def test_without_scores_there_is_no_verdict():
    assert combine(all_must_pass(), []) is None
    assert combine(weighted(), []) is None


def test_by_weights_the_mean_must_reach_the_threshold_and_the_reason_tells_the_parts():
    entry = weighted(weights={"agreement": 3.0})
    found = combine(entry, [record("agreement", 0.5), record("length", 1.0, 0.5)])
    assert found is not None
    assert (found.validator, found.score, found.threshold, found.passed) == (COMBINED, 0.625, 0.7, False)
    assert found.reason == "The weighted mean of agreement 0.50, length 1.00."


def test_one_low_score_is_outweighed_unless_it_is_required():
    scores = [record("polite", 0.0), record("agreement", 1.0)]
    found = combine(weighted(weights={"agreement": 9.0}), scores)
    assert found is not None and found.passed
    found = combine(weighted(weights={"agreement": 9.0}, required=("polite",)), scores)
    assert found is not None
    assert (found.validator, found.passed) == ("polite", False)


def test_an_unknown_score_is_left_out_when_it_passes_and_counts_as_nothing_when_it_fails():
    known = record("a", 0.8)
    found = combine(weighted(), [known, record("b", None, passed=True)])
    assert found is not None and found.score == 0.8
    found = combine(weighted(), [known, record("b", None, passed=False)])
    assert found is not None and found.score == 0.4


def test_when_nothing_is_known_and_all_of_it_passes_so_does_the_answer():
    found = combine(weighted(), [record("a", None, passed=True)])
    assert found is not None
    assert (found.score, found.passed) == (None, True)


@pytest.mark.parametrize(
    ("entry", "scores", "waiting", "is_so"),
    [
        (all_must_pass(), [record("a", 0.9)], ["z"], True),
        (all_must_pass(), [record("a", 0.1)], ["z"], False),
        (all_must_pass(), [record("a", 0.9)], [], False),
        (weighted(), [], ["z"], True),
        (weighted(), [record("a", 0.8)], ["z"], True),
        (weighted(), [record("a", 0.3)], ["z"], False),
        (weighted(0.4), [record("a", 0.9)], ["z"], False),
        (weighted(weights={"z": 9.0}), [record("a", 0.3)], ["z"], True),
        (weighted(0.4, required=("z",)), [record("a", 0.9)], ["z"], True),
        (weighted(required=("a",)), [record("a", 0.4)], ["z"], False),
    ],
)
def test_who_would_have_others_asked_does_so_only_while_it_could_change_the_verdict(entry, scores, waiting, is_so):
    assert is_open(entry, scores, waiting) is is_so
