"""From comparisons to verdicts: a change has to be real (q) and it has to matter (effect)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias

import numpy as np

from telemetry.drift.distribution import Distribution, category_shares, histograms
from telemetry.drift.evidently import Comparison, compare_categories, compare_numbers
from telemetry.drift.metrics import METRICS, Metric
from telemetry.drift.windows import Subject, Window

FALSE_DISCOVERIES = 0.01
"""Expected share of false alarms among the alarms of a week."""
MIN_CURRENT = 50
MIN_REFERENCE = 50
"""Fewer values are no answer."""

State: TypeAlias = Literal["ok", "drift", "not_enough_data"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One metric of one model in one week."""

    week: date
    subject: Subject
    metric: Metric
    state: State
    n: int
    n_reference: int
    threshold: float
    reference: Distribution
    current: Distribution
    comparison: Comparison | None = None
    """None without enough data."""
    q: float | None = None

    @property
    def ratio(self) -> float:
        """Effect by threshold; 0 without enough data."""
        return 0.0 if self.comparison is None else self.comparison.effect / self.threshold


def measure(week: date, subject: Subject, reference: Window, current: Window) -> list[Finding]:
    """All metrics of a model's week, compared but not yet judged: `judge` needs all models of the week."""
    return [
        _measure(week, subject, metric, reference.columns[metric.name], current.columns[metric.name])
        for metric in METRICS
    ]


def judge(findings: Sequence[Finding]) -> list[Finding]:
    """Give each finding of a week its q and its state.

    Drift is a q of at most FALSE_DISCOVERIES and an effect of at least the threshold. Large samples make any change
    significant, and many tests make any of them significant by chance; neither suffices alone.
    """
    tested = [(finding, finding.comparison) for finding in findings if finding.comparison is not None]
    adjusted = iter(benjamini_hochberg([comparison.p for _, comparison in tested]))
    judged = []
    for finding in findings:
        if finding.comparison is not None:
            q = next(adjusted)
            drift = q <= FALSE_DISCOVERIES and finding.ratio >= 1.0
            finding = replace(finding, q=q, state="drift" if drift else "ok")
        judged.append(finding)
    return judged


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given: those up to x have an expected share of false ones of at most x.

    Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, J. R. Statist. Soc. B 57 (1995), 289-300.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if not p.size:
        return []
    order = np.argsort(p)
    scaled = p[order] * p.size / np.arange(1, p.size + 1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return [float(value) for value in np.minimum(adjusted, 1.0)]


def _measure(week: date, subject: Subject, metric: Metric, reference: object, current: object) -> Finding:
    comparison: Comparison | None = None
    if metric.kind == "numeric":
        before, after = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
        n_reference, n = before.size, after.size
        shapes = histograms(before, after)
        if n >= MIN_CURRENT and n_reference >= MIN_REFERENCE:
            comparison = compare_numbers(before, after, logarithmic=metric.logarithmic)
    else:
        assert isinstance(reference, list) and isinstance(current, list)
        n_reference, n = len(reference), len(current)
        shapes = category_shares(reference, current)
        if n >= MIN_CURRENT and n_reference >= MIN_REFERENCE:
            comparison = compare_categories(reference, current)
    own = None if comparison is None else comparison.threshold
    return Finding(
        week=week,
        subject=subject,
        metric=metric,
        state="not_enough_data",
        n=n,
        n_reference=n_reference,
        threshold=metric.threshold if own is None else own,
        reference=shapes[0],
        current=shapes[1],
        comparison=comparison,
    )
