"""What routing has saved, and between which bounds it would lie had other days been drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from telemetry.query.overview import Totals
from telemetry.query.student import quantile_95

FEWEST_DAYS: Final = 7
"""Days below which there is no interval: less than a week does not know its own weekend."""


@dataclass(frozen=True, slots=True)
class Savings:
    """What ``n`` requests have saved against their baselines, with intervals at 95 %.

    The days are taken as clusters of requests, drawn independently: what was saved on a day differs from day to day
    with what is asked, and that difference is the only doubt that the interval counts. It says nothing on whether the
    baseline is right, which is a price times an estimate of tokens. Requests of one day are alike, so counting each as
    independent would promise too much; rollups keep no single requests anyway.

    Per request and of the baseline, savings are ratios of two sums over the days: Cochran, W. G. (1977), Sampling
    Techniques, 3rd edition, chapter 6, with Student's t for days - 1 degrees of freedom.
    """

    n: int
    """Requests whose cost and baseline are both known."""
    days: int
    """UTC days that have any."""
    saved_nano: int | None
    """Negative: routing has cost more than the baseline would have. None when n is 0."""
    saved_low_nano: int | None
    """This and the three like it are None for fewer than `FEWEST_DAYS` days."""
    saved_high_nano: int | None
    share: float | None
    """Of the baseline; None when that is 0 or unknown."""
    share_low: float | None
    share_high: float | None

    @classmethod
    def of(cls, days: Sequence[Totals]) -> Savings:
        """The sum of the days, each with the totals of its requests."""
        counted = [
            (day.savings_n, day.savings_nano, day.baseline_nano)
            for day in days
            if day.savings_n and day.savings_nano is not None and day.baseline_nano is not None
        ]
        n = sum(number for number, _, _ in counted)
        saved = sum(nano for _, nano, _ in counted)
        baseline = sum(nano for _, _, nano in counted)
        share = saved / baseline if baseline else None
        enough = len(counted) >= FEWEST_DAYS
        half = _half_width([(nano, number) for number, nano, _ in counted]) if enough else None
        half_share = (
            _half_width([(nano, against) for _, nano, against in counted]) / baseline if enough and baseline else None
        )
        return cls(
            n=n,
            days=len(counted),
            saved_nano=saved if n else None,
            saved_low_nano=None if half is None else round(saved - half),
            saved_high_nano=None if half is None else round(saved + half),
            share=share,
            share_low=None if share is None or half_share is None else share - half_share,
            share_high=None if share is None or half_share is None else share + half_share,
        )


def _half_width(clusters: Sequence[tuple[int, int]]) -> float:
    """Half of the interval of the sum of the first numbers, as a multiple of the sum of the second."""
    k = len(clusters)
    ratio = sum(y for y, _ in clusters) / sum(x for _, x in clusters)
    residuals = sum((y - ratio * x) ** 2 for y, x in clusters)
    return quantile_95(k - 1) * math.sqrt(k / (k - 1) * residuals)
