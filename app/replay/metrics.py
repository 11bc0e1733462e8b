"""How good a router was beside its alternatives: intervals, single models, their mixtures, the oracle, PGR and its kin.

Costs are nano-USD of a whole replay, accuracies mean scores, 0..1. All pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Point: TypeAlias = tuple[float, float]
"""Cost (or share of strong calls), accuracy (or PGR)."""

CONFIDENCE = 0.95
RESAMPLES = 1000
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and the bounds within which it lies with 95 % confidence."""

    value: float
    low: float
    high: float


def wilson(mean: float, n: int) -> Interval:
    """Wilson's score interval of a share (E. B. Wilson, 1927).

    For grades between 0 and 1 it is too wide rather than too narrow: nothing with that mean varies more than 0 and 1.

    Raises:
        ValueError: ``n`` is below 1.
    """
    if n < 1:
        raise ValueError("an interval needs at least one prompt")
    z2 = _Z * _Z
    centre = (mean + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * float(np.sqrt(mean * (1 - mean) / n + z2 / (4 * n * n)))
    # At 0 and at 1 the bound is the mean itself, whatever rounding says.
    return Interval(mean, min(max(0.0, centre - half), mean), max(min(1.0, centre + half), mean))


def hull(points: Sequence[Point]) -> list[Point]:
    """The upper concave hull from (0, 0) on: the best accuracy for each cost that mixing single models can buy.

    Giving no answer costs nothing and is never right, hence the origin. Vertices by rising cost; accuracy rises too.
    """
    best: list[Point] = [(0.0, 0.0)]
    for cost, accuracy in sorted(points, key=lambda point: (point[0], -point[1])):
        if accuracy <= best[-1][1]:
            continue
        if cost == best[-1][0]:
            best.pop()
        while len(best) > 1 and _slope(best[-2], best[-1]) <= _slope(best[-1], (cost, accuracy)):
            best.pop()
        best.append((cost, accuracy))
    return best


def _slope(one: Point, other: Point) -> float:
    return (other[1] - one[1]) / (other[0] - one[0])


def at_cost(vertices: Sequence[Point], cost: float) -> float:
    """Accuracy of a curve at a cost, linear between its vertices, flat beyond them."""
    costs, accuracies = zip(*vertices, strict=True)
    return float(np.interp(cost, costs, accuracies))


def cost_to_reach(vertices: Sequence[Point], accuracy: float) -> float | None:
    """The least cost at which a rising curve reaches an accuracy; None when it never does."""
    if accuracy <= vertices[0][1]:
        return vertices[0][0]
    for one, other in pairwise(vertices):
        if one[1] < accuracy <= other[1]:
            return one[0] + (accuracy - one[1]) / (other[1] - one[1]) * (other[0] - one[0])
    return None


def mix(weak: Point, strong: Point, cost: float) -> float:
    """Accuracy of a coin that sends prompts to ``strong`` or ``weak`` so that both together cost ``cost``."""
    if strong[0] <= weak[0]:
        return max(weak[1], strong[1])
    share = min(max((cost - weak[0]) / (strong[0] - weak[0]), 0.0), 1.0)
    return weak[1] + share * (strong[1] - weak[1])


def oracle(scores: Floats, costs: Floats) -> Point:
    """Cost and accuracy of one who knows the grades and asks, for each prompt, the cheapest of the best models.

    ``scores`` and ``costs``: shape (prompts, models), none NaN. Cost is the sum, accuracy the mean.
    """
    best = scores.max(axis=1)
    cheapest = np.where(scores == best[:, None], costs, np.inf).min(axis=1)
    return float(cheapest.sum()), float(best.mean())


def pgr(accuracy: float, weak: float, strong: float) -> float | None:
    """Performance gap recovered: (accuracy - weak) / (strong - weak); None when the strong one is not stronger."""
    return None if strong <= weak else (accuracy - weak) / (strong - weak)


def frontier(points: Sequence[Point]) -> list[Point]:
    """The points that no other one dominates, by rising share of strong calls; with the ends (0, 0) and (1, 1)."""
    kept: list[Point] = []
    for share, gain in sorted([*points, (0.0, 0.0), (1.0, 1.0)], key=lambda point: (point[0], -point[1])):
        if not kept or gain > kept[-1][1]:
            kept.append((share, gain))
    if kept[-1][0] < 1:
        kept.append((1.0, kept[-1][1]))
    return kept


def apgr(points: Sequence[Point]) -> float:
    """Mean PGR over the share of strong calls from 0 to 1, linear between the best settings. A coin has 0.5."""
    shares, gains = zip(*frontier(points), strict=True)
    return float(np.trapezoid(gains, shares))


def cpt(points: Sequence[Point], wanted: float) -> float | None:
    """Call-performance threshold: the share of strong calls that reaches this PGR; None when nothing does."""
    return cost_to_reach(frontier(points), wanted)


@dataclass(frozen=True, slots=True)
class Paired:
    """Two ways of answering the same prompts."""

    difference: Interval
    """Mean score of the first minus that of the second."""
    better: int
    """Prompts on which the first scored higher."""
    worse: int


def paired(first: Floats, second: Floats, seed: int) -> Paired:
    """The difference of two scores of the same prompts, shape (prompts,), with a percentile bootstrap interval."""
    differences = first - second
    means = np.concatenate([weights @ differences / len(differences) for weights in _resamples(len(first), seed)])
    return Paired(
        _percentiles(float(differences.mean()), means), int((first > second).sum()), int((first < second).sum())
    )


def margin_above_hull(
    scores: Floats, costs: Floats, single_scores: Floats, single_costs: Floats, seed: int
) -> Interval:
    """How far the router's accuracy is above the hull of single models at its own cost; bootstrap over prompts.

    ``scores`` and ``costs``: shape (prompts,); the others (prompts, models). The hull is drawn anew in each resample.
    """
    means = []
    for weights in _resamples(len(scores), seed):
        parts = zip(weights @ scores, weights @ costs, weights @ single_scores, weights @ single_costs, strict=True)
        means += [_margin(*part, len(scores)) for part in parts]
    value = _margin(scores.sum(), costs.sum(), single_scores.sum(axis=0), single_costs.sum(axis=0), len(scores))
    return _percentiles(value, np.array(means))


def _margin(right: float, cost: float, single_right: Floats, single_cost: Floats, n: int) -> float:
    points = [(float(one), float(other) / n) for one, other in zip(single_cost, single_right, strict=True)]
    return float(right) / n - at_cost(hull(points), float(cost))


def _resamples(n: int, seed: int) -> Iterator[Floats]:
    """How often each prompt is drawn: arrays of shape (50, prompts), one at a time."""
    rng = np.random.default_rng(seed)
    for _ in range(RESAMPLES // _CHUNK):
        drawn = rng.integers(0, n, size=(_CHUNK, n))
        yield np.stack([np.bincount(row, minlength=n) for row in drawn]).astype(np.float64)


def _percentiles(value: float, means: Floats) -> Interval:
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, float(low), float(high))
