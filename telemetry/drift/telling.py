"""Can the texts of a week be told from those before it? Then they have changed, and it can be said which show it.

A classifier two-sample test (D. Lopez-Paz and M. Oquab, Revisiting classifier two-sample tests, ICLR 2017): a linear
discriminant is made from one half of all decisions and tried on the other, and the other way round, so that no text is
judged by what was learnt from it. What comes of it is a number for each text: its place among those of the reference in
the direction in which the week differs. Half of them are at 0.5 and above when nothing has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from telemetry.drift.passages import Passages
from telemetry.drift.statistics import Comparison, effective_size

Numbers = NDArray[np.float64]

MIN_HALF: Final = 40
"""Texts of a half, of the week and of the reference; fewer are no answer."""
RIDGE: Final = 2.0
"""Of the mean variance, added to each: there are more directions than can be known from a few hundred texts."""
TOLERANCE: Final = 1e-3
"""Of the direction: what is left of the equation, as a part of its right side."""
MOST_STEPS: Final = 60


@dataclass(frozen=True, slots=True)
class _Side:
    """What one half is judged by; it was learnt from the other."""

    direction: NDArray[np.float32]
    scores: Numbers
    """Of the reference's texts of the judged half, in order."""
    shares: Numbers
    """The share of weight up to each of them, one more than scores."""

    def places(self, passages: Passages, which: NDArray[np.bool_]) -> Numbers:
        """Where texts stand among the reference's, 0 to 1; equals count half."""
        scores = _times(passages.vectors[which], self.direction).astype(np.float64)
        below, up_to = (self.shares[np.searchsorted(self.scores, scores, side=side)] for side in ("left", "right"))
        found: Numbers = (below + up_to) / 2
        return found


@dataclass(frozen=True, slots=True)
class Telling:
    """How the week's texts are told from the reference's."""

    sides: tuple[_Side, _Side]
    """The first is for the half of which `Passages.halves` is False."""
    comparison: Comparison
    """The effect is 2 AUC - 1: of a text of the week and one before, how much more often than not the classifier sees
    which is which (Cliff's delta; 0 is by chance, 1 always). p is that of the Wilcoxon-Mann-Whitney test, upwards, in
    the half where it is smaller, doubled (Bonferroni)."""

    def column(self, passages: Passages) -> Numbers:
        """The place of each row's text; NaN where there is none."""
        place = np.full(len(passages.vectors), np.nan)
        for half, side in enumerate(self.sides):
            which = passages.halves == bool(half)
            place[which] = side.places(passages, which)
        column = np.full(passages.places.size, np.nan)
        column[passages.known] = place[passages.places[passages.known]]
        return column


def tell_apart(reference: Passages, current: Passages, weights: Numbers | None = None) -> Telling | None:
    """Learn how the texts of a week differ from those before; None where a half has too few.

    Args:
        reference: without rows that have no text (`Passages.compact`).
        current: likewise.
        weights: of the reference's texts.
    """
    heavy = np.ones(len(reference.vectors)) if weights is None else weights
    halves = [(reference.halves == half, current.halves == half) for half in (False, True)]
    if any(had.sum() < MIN_HALF or has.sum() < MIN_HALF for had, has in halves):
        return None
    sides, effects, tails = [], [], []
    for half, (had, has) in enumerate(halves):
        other = halves[1 - half]
        direction = _direction(reference.vectors[other[0]], current.vectors[other[1]], heavy[other[0]])
        side = _side(reference, had, heavy[had], direction)
        area = float(side.places(current, has).mean())
        sides.append(side)
        effects.append(2 * area - 1)
        n, m = effective_size(heavy[had]), float(has.sum())
        tails.append(float(_special().ndtr((0.5 - area) / np.sqrt((n + m + 1) / (12 * n * m)))))
    effect, p = max(sum(effects) / 2, 0.0), min(2 * min(tails), 1.0)
    comparison = Comparison("told_apart", effect, "rank_p", p, {"told_apart": effect, "rank_p": p})
    return Telling((sides[0], sides[1]), comparison)


def _direction(reference: NDArray[np.float32], current: NDArray[np.float32], weights: Numbers) -> NDArray[np.float32]:
    """The linear discriminant's, with a ridge (J. H. Friedman, Regularized Discriminant Analysis, JASA 84, 1989)."""
    share = (weights / weights.sum()).astype(np.float32)
    means = np.einsum("i,ij->j", share, reference), current.mean(axis=0)
    apart = (reference - means[0]) * np.sqrt(share * len(reference))[:, np.newaxis], current - means[1]
    within = (np.concatenate(apart) / np.sqrt(len(reference) + len(current))).astype(np.float32)
    ridge = np.float32(max(RIDGE * float(np.square(within).sum()) / within.shape[1], 1e-9))
    return _solve(within, ridge, means[1] - means[0])


def _solve(rows: NDArray[np.float32], ridge: np.float32, wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """The x of (rows' rows + ridge) x = wanted, by conjugate gradients (M. R. Hestenes and E. Stiefel, 1952).

    The ridge makes a dozen steps enough. Products are numpy's own: on a busy machine the threads of a linear algebra
    library wait for each other ten times as long as this takes.
    """
    found = np.zeros_like(wanted)
    rest, step = wanted.copy(), wanted.copy()
    length = float(rest @ rest)
    enough = length * TOLERANCE**2
    for _ in range(MOST_STEPS):
        if length <= enough:
            break
        moved = np.einsum("ij,i->j", rows, _times(rows, step)) + ridge * step
        reach = length / float(step @ moved)
        found += np.float32(reach) * step
        rest -= np.float32(reach) * moved
        before, length = length, float(rest @ rest)
        step = rest + np.float32(length / before) * step
    return found


def _times(rows: NDArray[np.float32], column: NDArray[np.float32]) -> NDArray[np.float32]:
    product: NDArray[np.float32] = np.einsum("ij,j->i", rows, column)
    return product


def _side(reference: Passages, had: NDArray[np.bool_], weights: Numbers, direction: NDArray[np.float32]) -> _Side:
    scores = _times(reference.vectors[had], direction).astype(np.float64)
    order = np.argsort(scores, kind="stable")
    return _Side(direction, scores[order], np.concatenate([[0.0], np.cumsum(weights[order] / weights.sum())]))


@cache
def _special() -> Any:
    from scipy import special

    return special
