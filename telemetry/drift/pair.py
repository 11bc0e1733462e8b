"""A week of a model and what it is compared with: all metrics measured, and those that moved explained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from telemetry.drift.change import estimate
from telemetry.drift.distribution import category_shares, histograms
from telemetry.drift.findings import WHOLE, Against, Finding, Part
from telemetry.drift.metrics import Metric
from telemetry.drift.statistics import Comparison, compare_counts, compare_numbers, effective_size, jensen_shannon
from telemetry.drift.strata import MIN_MATCHED, Matched, match
from telemetry.drift.telling import Telling, tell_apart
from telemetry.drift.windows import MISSING, Subject, Vocabulary, Window

MIN_CURRENT: Final = 50
MIN_REFERENCE: Final = 50
"""Fewer values are no answer."""
EXAMPLES: Final = 5
"""Decisions that are named with a finding."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Two windows of one subject, matched once for all metrics."""

    week: date
    subject: Subject
    reference: Window
    current: Window
    vocabulary: Vocabulary
    against: Against = "trailing"
    part: Part = WHOLE
    _tellings: dict[str, Telling | None] = field(default_factory=dict)

    @cached_property
    def matched(self) -> Matched:
        """Which rows have their like in the other window."""
        return match(self.reference.strata, self.current.strata)

    def measure(self) -> list[Finding]:
        """All metrics, compared but not yet judged: `judge` needs all of the week's."""
        metrics = dict.fromkeys((*self.reference.metrics, *self.current.metrics))
        # Within one intent or route the prompts' own metrics say little that the whole does not, and texts are few.
        whole = self.part.scope == "model"
        return [self._measure(one) for one in metrics if whole or (one.side == "model" and one.kind != "text")]

    def explain(self, finding: Finding, history: Window) -> Finding:
        """A drift with its two shapes, its moment, and decisions that show it.

        Args:
            finding: one of this pair's.
            history: the weeks up to this one, in which the change is looked for.
        """
        reference, current = self._values(finding.metric, self.reference), self._values(finding.metric, self.current)
        finding = self._shaped(finding, reference, current)
        known = ~_missing(current)
        shows = self._shows(finding, current) if known.any() else np.zeros(current.size)
        order = np.lexsort((-self.current.at, -shows))
        chosen = [place for place in order if known[place] and shows[place] > 0][:EXAMPLES]
        ids = dict.fromkeys(str(self.current.decisions[place]) for place in chosen)
        return replace(finding, examples=tuple(ids), change=self._change(finding, history))

    def shaped(self, finding: Finding) -> Finding:
        """A finding with both distributions; places among texts are none where they could not be told apart."""
        if finding.metric.kind == "text" and finding.comparison is None:
            return finding
        values = (self._values(finding.metric, window) for window in (self.reference, self.current))
        return self._shaped(finding, *values)

    def _measure(self, metric: Metric) -> Finding:
        reference, current = self._values(metric, self.reference), self._values(metric, self.current)
        had, has = ~_missing(reference), ~_missing(current)
        n_reference, n = int(had.sum()), int(has.sum())
        empty = Finding(
            self.week,
            self.subject,
            metric,
            "not_enough_data",
            n,
            n_reference,
            metric.threshold,
            against=self.against,
            part=self.part,
        )
        if n < MIN_CURRENT or n_reference < MIN_REFERENCE:
            return empty
        comparison = self._compared(metric, reference[had], current[has])
        if comparison is None:
            return empty
        threshold = metric.threshold if comparison.threshold is None else comparison.threshold
        finding = replace(empty, comparison=comparison, threshold=threshold)
        return finding if metric.side == "input" else self._matched(finding, reference, current)

    def _matched(self, finding: Finding, reference: Any, current: Any) -> Finding:
        """The same prompts, when enough of the week has its like."""
        matched = self.matched
        has_like = matched.current & ~_missing(current)
        kept = ~_missing(reference[matched.reference])
        before, weights = reference[matched.reference][kept], matched.weights[kept]
        finding = replace(finding, like_share=float(has_like.sum() / finding.n))
        enough = int(has_like.sum()) >= MIN_CURRENT and finding.like_share is not None
        if not enough or has_like.sum() < MIN_MATCHED * finding.n or effective_size(weights) < MIN_REFERENCE:
            return finding
        like = self._like(finding.metric, before, current, has_like, weights)
        if like is None:
            return finding
        finding = replace(finding, like=like)
        if finding.ratio < 1.0:
            return finding  # What does not matter needs no cause.
        mix = self._mix_effect(finding.metric, reference[~_missing(reference)], before, weights)
        return replace(finding, mix_effect=mix)

    def _mix_effect(self, metric: Metric, reference: Any, weighted: Any, weights: Numbers) -> float:
        """How far the new prompts alone would have moved the reference."""
        if metric.kind == "text":
            return abs(2 * float(np.average(weighted, weights=weights)) - 1)
        if metric.kind == "numeric":
            # The other way round, since only the first of two samples may carry weights; distances are symmetric but
            # for the deviation that they are measured in, which is the weighted reference's here.
            return compare_numbers(weighted, reference, weights, logarithmic=metric.logarithmic).effect
        size = len(self.vocabulary.labels[metric.name])
        counts = np.bincount(weighted, weights, minlength=size), np.bincount(reference, minlength=size)
        return jensen_shannon(*(each / each.sum() for each in counts))

    def _compared(self, metric: Metric, reference: Any, current: Any) -> Comparison | None:
        """Both sides; None where there are too few texts in a half."""
        if metric.kind != "text":
            return self._compare(metric, reference, current)
        telling = self._telling(metric)
        return None if telling is None else telling.comparison

    def _like(
        self, metric: Metric, reference: Any, current: Any, has_like: NDArray[np.bool_], weights: Numbers
    ) -> Comparison | None:
        """The week's rows that have their like against the weighted reference."""
        if metric.kind != "text":
            return self._compare(metric, reference, current[has_like], weights)
        before = self.reference.passages_of(metric.name).compact(self.matched.reference)
        telling = tell_apart(before, self.current.passages_of(metric.name).compact(has_like), weights)
        return None if telling is None else telling.comparison

    def _telling(self, metric: Metric) -> Telling | None:
        if metric.name not in self._tellings:
            before, now = (window.passages_of(metric.name) for window in (self.reference, self.current))
            self._tellings[metric.name] = tell_apart(before.compact(), now.compact())
        return self._tellings[metric.name]

    def _compare(self, metric: Metric, reference: Any, current: Any, weights: Numbers | None = None) -> Comparison:
        if metric.kind == "numeric":
            return compare_numbers(reference, current, weights, logarithmic=metric.logarithmic)
        size = len(self.vocabulary.labels[metric.name])
        counts = np.bincount(reference, weights, minlength=size).astype(np.float64)
        now = np.bincount(current, minlength=size).astype(np.float64)
        return compare_counts(counts, now, None if weights is None else effective_size(weights))

    def _values(self, metric: Metric, window: Window) -> Any:
        if metric.kind == "text":
            passages, telling = window.passages_of(metric.name), self._telling(metric)
            return np.where(passages.known, 0.5, np.nan) if telling is None else telling.column(passages)
        if metric.kind == "numeric":
            found = window.numbers.get(metric.name)
            return np.full(window.rows, np.nan) if found is None else found
        codes = window.codes.get(metric.name)
        return np.full(window.rows, MISSING, dtype=np.int32) if codes is None else codes

    def _shaped(self, finding: Finding, reference: Any, current: Any) -> Finding:
        reference, current = reference[~_missing(reference)], current[~_missing(current)]
        if finding.metric.kind != "categorical":
            before, after = histograms(reference, current)
            return replace(finding, reference=before, current=after, before=before.median, after=after.median)
        names = self.vocabulary.labels.get(finding.metric.name, [])
        had, has = (np.bincount(side, minlength=len(names)).astype(np.float64) for side in (reference, current))
        shapes = category_shares(names, had, has)
        finding = replace(finding, reference=shapes[0], current=shapes[1])
        if not had.sum() or not has.sum():
            return finding
        shares = had / had.sum(), has / has.sum()
        rare = next((code for code, name in enumerate(names) if name == finding.metric.name), None)
        grown = shares[1] - shares[0]
        # Of two that moved as far, as when one takes the other's place, the new one is what happened.
        moved = int(np.lexsort((grown, np.round(np.abs(grown), 6)))[-1]) if rare is None else rare
        return replace(finding, category=names[moved], before=float(shares[0][moved]), after=float(shares[1][moved]))

    def _shows(self, finding: Finding, current: Any) -> Numbers:
        """How well each row of the week shows the change; 0 when it does not."""
        if finding.metric.kind == "categorical":
            names = self.vocabulary.labels[finding.metric.name]
            grown = finding.category
            if finding.after is not None and finding.before is not None and finding.after < finding.before:
                grown = _most_grown(finding)
            hit: Numbers = (current == names.index(grown)).astype(np.float64) if grown in names else current * 0.0
            return hit
        values = np.log1p(np.maximum(current, 0.0)) if finding.metric.logarithmic else current
        before, after = finding.before or 0.0, finding.after or 0.0
        away: Numbers = np.nan_to_num((values - np.nanmedian(values)) * (1 if after >= before else -1), nan=-1.0)
        # The most extreme ones are often something else: those around the outermost tenth are typical of what moved.
        limit = np.quantile(away, 0.95)
        away[away > limit] = 0.0
        return away

    def _change(self, finding: Finding, history: Window) -> Any:
        values = self._values(finding.metric, history)
        if finding.metric.kind == "categorical":
            names = self.vocabulary.labels[finding.metric.name]
            if finding.category not in names:
                return None
            series = np.where(_missing(values), np.nan, values == names.index(finding.category)).astype(np.float64)
        else:
            series = values.copy()
            known = ~np.isnan(series)
            _, ranks = np.unique(series[known], return_inverse=True)
            series[known] = ranks
        if finding.cause in ("model", "price"):
            series = _without_strata(series, history.strata)
        return estimate(history.at, series)


def _most_grown(finding: Finding) -> str | None:
    pairs = zip(finding.current.labels, finding.reference.shares, finding.current.shares, strict=True)
    return max(pairs, key=lambda each: each[2] - each[1], default=(None,))[0]


def _without_strata(series: Numbers, strata: NDArray[np.int64]) -> Numbers:
    """What is left once each stratum's own mean is taken away."""
    known = ~np.isnan(series)
    _, places = np.unique(strata, return_inverse=True)
    sums = np.bincount(places[known], series[known], minlength=int(places.max(initial=0)) + 1)
    numbers = np.bincount(places[known], minlength=sums.size)
    rest: Numbers = series - (sums / np.maximum(numbers, 1))[places]
    return rest


def _missing(values: Any) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = np.isnan(values) if values.dtype.kind == "f" else values == MISSING
    return missing
