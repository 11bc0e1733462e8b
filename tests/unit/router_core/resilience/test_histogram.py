"""Latencies of late, on a log scale, fading."""

from __future__ import annotations

import random

import pytest

from router_core.resilience.histogram import FadingHistogram

SECOND = 1_000_000_000


def test_an_empty_one_knows_no_quantile() -> None:
    histogram = FadingHistogram(60)
    assert histogram.quantile(0.5) is None
    assert histogram.weight(SECOND) == 0


def test_quantiles_are_within_five_percent() -> None:
    histogram, rng = FadingHistogram(1e9), random.Random(1)
    values = sorted(rng.lognormvariate(6, 1) for _ in range(2_000))
    for value in values:
        histogram.add(0, value)
    assert histogram.quantile(0.5) == pytest.approx(values[1_000], rel=0.05)
    assert histogram.quantile(0.95) == pytest.approx(values[1_900], rel=0.05)


def test_an_entry_is_worth_half_after_a_half_life() -> None:
    histogram = FadingHistogram(60)
    for _ in range(8):
        histogram.add(0, 100)
    assert histogram.weight(60 * SECOND) == pytest.approx(4)
    assert histogram.weight(180 * SECOND) == pytest.approx(1)


def test_new_entries_outweigh_old_ones() -> None:
    histogram = FadingHistogram(60)
    for _ in range(100):
        histogram.add(0, 100)
    for _ in range(10):
        histogram.add(600 * SECOND, 4_000)
    assert histogram.quantile(0.5) == pytest.approx(4_000, rel=0.05)


def test_years_of_entries_do_not_overflow() -> None:
    histogram = FadingHistogram(1)
    for day in range(2_000):
        histogram.add(day * 86_400 * SECOND, 250)
    assert histogram.quantile(0.95) == pytest.approx(250, rel=0.05)
    assert histogram.weight(1_999 * 86_400 * SECOND) == pytest.approx(1)


@pytest.mark.parametrize(("value", "near"), [(0.0, 1.0), (0.2, 1.0), (1e9, 4_000_000.0)])
def test_what_lies_outside_of_the_scale_counts_at_its_end(value: float, near: float) -> None:
    histogram = FadingHistogram(60)
    histogram.add(0, value)
    assert histogram.quantile(0.5) == pytest.approx(near, rel=0.1)


def test_a_cleared_one_is_empty() -> None:
    histogram = FadingHistogram(60)
    histogram.add(0, 5)
    histogram.clear()
    assert histogram.quantile(0.5) is None
