"""The statistics, from Evidently's registry of tests; its reports are not used.

Evidently takes ten seconds to import, so this happens with the first comparison, and never for a page.
Effect sizes decide whether a change matters, p-values whether it may be chance. The p-value of categories is scipy's
test of homogeneity: Evidently's chi-square takes the reference for the truth instead of for a sample, which with a
reference as small as the week itself doubles the statistic, and it has no answer for a category that is new.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telemetry.drift.metrics import SHARES

MIN_EXPECTED = 5
"""Categories with fewer expected answers are put together before a chi-square test (Cochran's rule)."""


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
    reference: NDArray[np.float64], current: NDArray[np.float64], *, logarithmic: bool = False
) -> Comparison:
    """Compare two samples of finite numbers, both with at least one value.

    The effect is the Wasserstein distance in standard deviations of the reference, of log(1 + x) when ``logarithmic``.
    A constant reference has no such measure: the Jensen-Shannon distance takes its place, the values as categories.
    """
    if logarithmic:
        reference, current = np.log1p(np.maximum(reference, 0.0)), np.log1p(np.maximum(current, 0.0))
    kind = "num"
    statistics = {
        "psi": _statistic("psi", kind, reference, current),
        "jensen_shannon": _statistic("jensenshannon", kind, reference, current),
        "ks_p": _statistic("ks", kind, reference, current),
    }
    p = statistics["ks_p"]
    if np.ptp(reference) == 0.0:
        return Comparison("jensen_shannon", statistics["jensen_shannon"], "ks_p", p, statistics, SHARES)
    name = "wasserstein_log" if logarithmic else "wasserstein"
    statistics[name] = effect = _statistic("wasserstein", kind, reference, current)
    return Comparison(name, effect, "ks_p", p, statistics)


def compare_categories(reference: Sequence[str], current: Sequence[str]) -> Comparison:
    """Compare two samples of categories, both with at least one value. The effect is the Jensen-Shannon distance."""
    kind = "cat"
    statistics = {
        "jensen_shannon": _statistic("jensenshannon", kind, reference, current),
        "psi": _statistic("psi", kind, reference, current),
        "chi_square_p": _homogeneity(reference, current),
    }
    return Comparison(
        "jensen_shannon", statistics["jensen_shannon"], "chi_square_p", statistics["chi_square_p"], statistics
    )


def _homogeneity(reference: Sequence[str], current: Sequence[str]) -> float:
    """The p-value of both samples having the same shares; 1 when they have but one category."""
    from scipy.stats import chi2_contingency

    counts = [Counter(reference), Counter(current)]
    totals = counts[0] + counts[1]
    smaller = min(len(reference), len(current)) / (len(reference) + len(current))
    columns: list[tuple[int, int]] = []
    rare = (0, 0)
    for label, total in totals.items():
        pair = (counts[0][label], counts[1][label])
        if total * smaller < MIN_EXPECTED:
            rare = (rare[0] + pair[0], rare[1] + pair[1])
        else:
            columns.append(pair)
    if sum(rare):
        columns.append(rare)
    if len(columns) < 2:
        return 1.0
    table = np.asarray(columns, dtype=np.float64).T
    return float(chi2_contingency(table, correction=len(columns) == 2).pvalue)


def _statistic(name: str, kind: str, reference: Any, current: Any) -> float:
    """One of Evidently's numbers. Its threshold does not matter here: the verdict is ours."""
    series, column_type, find = _evidently()
    feature = column_type(kind)
    result = find(name, feature)(series(reference), series(current), feature, None)
    return float(result.drift_score)


@cache
def _evidently() -> tuple[Any, Any, Any]:
    os.environ.setdefault("DO_NOT_TRACK", "1")
    from evidently.legacy.calculations.stattests import registry
    from evidently.legacy.core import ColumnType
    from pandas import Series

    return Series, ColumnType, registry.get_registered_stattest
