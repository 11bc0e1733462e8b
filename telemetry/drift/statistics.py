"""Two samples against each other: how large the difference is, and whether it may be chance.

Both samples may carry weights. Effect sizes are those that Evidently knows by the same names; they are computed here,
on samples that were sorted once, because a run has ten thousands of them and Evidently has no weights. Tests hold them
to scipy. scipy takes half a second to import, so this happens with the first comparison, and never for a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from telemetry.drift.metrics import SHARES

Numbers = NDArray[np.float64]

MIN_EXPECTED: Final = 5
"""Categories with fewer expected answers are put together before a chi-square test (Cochran's rule)."""
EVEN: Final = 10
"""Bins of the population stability index: tenths of the reference."""
NOTHING: Final = 1e-4
"""In place of an empty bin's share, whose logarithm the index would need (as Evidently does)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two samples against each other."""

    effect_name: str
    effect: float
    p_name: str
    p: float
    statistics: dict[str, float]
    threshold: float | None = None
    """Other than the metric's own, because another effect had to be measured."""


def compare_numbers(
    reference: Numbers, current: Numbers, weights: Numbers | None = None, *, logarithmic: bool = False
) -> Comparison:
    """Compare two samples of finite numbers, both with at least one value.

    The effect is the Wasserstein distance in standard deviations of the reference, of log(1 + x) when ``logarithmic``;
    p is that of the two-sample Kolmogorov-Smirnov test by its limit. A constant reference has no such measure: the
    Jensen-Shannon distance takes its place, values apart from the constant as one category.

    Args:
        weights: of the reference; it then counts as its effective size (L. Kish, Survey Sampling, 1965).
    """
    if logarithmic:
        reference, current = np.log1p(np.maximum(reference, 0.0)), np.log1p(np.maximum(current, 0.0))
    before, after = _cumulated(reference, weights), _cumulated(current, None)
    grid = np.concatenate([before.values, after.values])
    grid.sort(kind="stable")
    gap = np.abs(before.share_up_to(grid) - after.share_up_to(grid))
    p = _kolmogorov(float(gap.max()), before.effective, after.effective)
    statistics = {"ks_p": p}
    deviation = before.deviation
    if deviation <= 1e-9 * max(abs(before.mean), 1.0):
        left = float(np.mean(np.abs(current - before.mean) > 1e-9 * max(abs(before.mean), 1.0)))
        effect = jensen_shannon(np.array([1.0, 0.0]), np.array([1.0 - left, left]))
        return Comparison("jensen_shannon", effect, "ks_p", p, statistics | {"jensen_shannon": effect}, SHARES)
    name = "wasserstein_log" if logarithmic else "wasserstein"
    statistics[name] = effect = float(np.sum(gap[:-1] * np.diff(grid)) / deviation)
    statistics["psi"] = _stability(before, after)
    return Comparison(name, effect, "ks_p", p, statistics)


def compare_counts(reference: Numbers, current: Numbers, effective: float | None = None) -> Comparison:
    """Compare two samples by their counts in the same categories. The effect is the Jensen-Shannon distance.

    p is that of chi-square's test of homogeneity; of two categories with few expected, that of Fisher's exact test.

    Args:
        reference: counts, or sums of weights.
        current: counts.
        effective: the reference's effective size when it is weighted (the first-order correction of J. N. K. Rao and
            A. J. Scott, Ann. Statist. 12, 1984, with Kish's design effect).
    """
    total = float(reference.sum())
    scaled = reference if effective is None else reference * (effective / total)
    shares = reference / total, current / current.sum()
    effect = jensen_shannon(*shares)
    p = _homogeneity(scaled, current)
    floor = np.maximum(shares[0], NOTHING), np.maximum(shares[1], NOTHING)
    stability = float(np.sum((floor[1] - floor[0]) * np.log(floor[1] / floor[0])))
    statistics = {"jensen_shannon": effect, "psi": stability, "chi_square_p": p}
    return Comparison("jensen_shannon", effect, "chi_square_p", p, statistics)


def jensen_shannon(one: Numbers, other: Numbers) -> float:
    """The distance: the root of the divergence, with natural logarithms, 0 to 0.83."""
    middle = (one + other) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(side > 0, side * np.log(side / middle), 0.0).sum() for side in (one, other)]
    return float(np.sqrt(max(sum(parts) / 2, 0.0)))


def effective_size(weights: Numbers) -> float:
    """How many equally weighted values say as much: (sum w)^2 / sum w^2 (Kish)."""
    return float(weights.sum() ** 2 / np.square(weights).sum())


@dataclass(frozen=True, slots=True)
class _Cumulated:
    """A sample in order, with the share of weight up to each value."""

    values: Numbers
    shares: Numbers
    """One more than values, from 0 to 1."""
    effective: float
    mean: float
    deviation: float

    def share_up_to(self, places: Numbers) -> Numbers:
        found: Numbers = self.shares[np.searchsorted(self.values, places, side="right")]
        return found


def _cumulated(values: Numbers, weights: Numbers | None) -> _Cumulated:
    if weights is None:
        ordered = np.sort(values)
        shares = np.arange(values.size + 1) / values.size
        return _Cumulated(ordered, shares, values.size, float(values.mean()), float(values.std()))
    order = np.argsort(values)
    ordered, heavy = values[order], weights[order] / weights.sum()
    mean = float(np.sum(ordered * heavy))
    deviation = float(np.sqrt(np.sum(heavy * np.square(ordered - mean))))
    shares = np.concatenate([[0.0], np.cumsum(heavy)])
    return _Cumulated(ordered, shares, effective_size(weights), mean, deviation)


def _kolmogorov(gap: float, n_reference: float, n: float) -> float:
    size = n_reference * n / (n_reference + n)
    return float(_special().kolmogorov(gap * np.sqrt(size)))


def _stability(before: _Cumulated, after: _Cumulated) -> float:
    places = np.interp(np.linspace(0, 1, EVEN + 1)[1:-1], before.shares[1:], before.values)
    parts = [np.diff(np.concatenate([[0.0], side.share_up_to(places), [1.0]])) for side in (before, after)]
    floor = [np.maximum(part, NOTHING) for part in parts]
    return float(np.sum((floor[1] - floor[0]) * np.log(floor[1] / floor[0])))


def _homogeneity(reference: Numbers, current: Numbers) -> float:
    """The p-value of both samples having the same shares; 1 when they have but one category."""
    table = np.vstack([reference, current])
    totals = table.sum(axis=0)
    table, totals = table[:, totals > 0], totals[totals > 0]
    if totals.size < 2:
        return 1.0
    smaller = table.sum(axis=1).min() / totals.sum()
    rare = totals * smaller < MIN_EXPECTED
    if rare.sum() > 1 or (rare.any() and totals.size > 2):
        table = np.column_stack([table[:, ~rare], table[:, rare].sum(axis=1)])
        totals = table.sum(axis=0)
    if totals.size < 2:
        return 1.0
    if totals.size == 2 and totals.min() * smaller < MIN_EXPECTED:
        # Whole numbers of a weighted reference: rounded, which at these sizes moves p less than its own steps.
        return float(_fisher()(np.rint(table).astype(np.int64))[1])
    sums = table.sum(axis=1, keepdims=True)
    expected = sums * totals / totals.sum()
    away = np.abs(table - expected)
    if totals.size == 2:
        away = np.maximum(away - 0.5, 0.0)  # Yates's correction
    return float(_special().chdtrc(totals.size - 1, (np.square(away) / expected).sum()))


@cache
def _special() -> Any:
    from scipy import special

    return special


@cache
def _fisher() -> Any:
    from scipy.stats import fisher_exact

    return fisher_exact
