"""How the scores of several validators become one verdict on an answer. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf

from router_core.policy.schema import AllCombination, CombinationEntry, WeightedCombination
from router_core.result import ScoreRecord

COMBINED = "combined"
"""Stands where a validator's name would, when a figure is that of all of them."""


def combine(entry: CombinationEntry, scores: Sequence[ScoreRecord]) -> ScoreRecord | None:
    """The score that stands for an answer; None without any score.

    Where all must pass it is the one furthest below, or least above, its threshold. By weights it is
    sum(weight x score) / sum(weight) over the scores that are known or that fail; a failed unknown one counts as 0.
    A required validator that fails stands for itself.
    """
    match entry:
        case AllCombination():
            return worst(scores)
        case WeightedCombination():
            failed = [score for score in scores if not score.passed and score.validator in entry.required]
            return worst(failed) or _weighted(entry, scores)


def worst(scores: Sequence[ScoreRecord]) -> ScoreRecord | None:
    """The failed ones first, then by the distance to the threshold; what is unknown and passes comes last."""
    return min(scores, key=lambda score: (score.passed, _margin(score)), default=None)


def _margin(score: ScoreRecord) -> float:
    if score.score is None:
        return inf if score.passed else 0.0
    return score.score - score.threshold


def _weighted(entry: WeightedCombination, scores: Sequence[ScoreRecord]) -> ScoreRecord | None:
    if not scores:
        return None
    counted = [score for score in scores if score.score is not None or not score.passed]
    if not counted:
        return ScoreRecord(COMBINED, None, entry.threshold, True, "None of the scores is known.")
    weight = sum(entry.weights.get(score.validator, 1.0) for score in counted)
    total = sum(entry.weights.get(score.validator, 1.0) * (score.score or 0.0) for score in counted)
    mean = min(total / weight, 1.0)
    parts = ", ".join(f"{score.validator} {_shown(score)}" for score in scores)
    return ScoreRecord(COMBINED, mean, entry.threshold, mean >= entry.threshold, f"The weighted mean of {parts}.")


def _shown(score: ScoreRecord) -> str:
    return "unknown" if score.score is None else f"{score.score:.2f}"


def is_open(entry: CombinationEntry, scores: Sequence[ScoreRecord], waiting: Collection[str]) -> bool:
    """Whether the validators that have not spoken yet could still change the verdict."""
    if not waiting:
        return False
    if isinstance(entry, AllCombination):
        return all(score.passed for score in scores)
    if any(not score.passed and score.validator in entry.required for score in scores):
        return False
    if any(name in entry.required for name in waiting):
        return _bound(entry, scores, waiting, 1.0) >= entry.threshold
    low, high = _bound(entry, scores, waiting, 0.0), _bound(entry, scores, waiting, 1.0)
    return low < entry.threshold <= high


def _bound(entry: WeightedCombination, scores: Sequence[ScoreRecord], waiting: Collection[str], given: float) -> float:
    """The weighted mean if all who have not spoken gave this score."""
    counted = [score for score in scores if score.score is not None or not score.passed]
    spoken = sum(entry.weights.get(score.validator, 1.0) for score in counted)
    total = sum(entry.weights.get(score.validator, 1.0) * (score.score or 0.0) for score in counted)
    open_weight = sum(entry.weights.get(name, 1.0) for name in waiting)
    return (total + given * open_weight) / (spoken + open_weight)
