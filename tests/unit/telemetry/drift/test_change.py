from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.drift.change import estimate


def test_too_little_or_a_constant_has_no_moment():
    at = np.arange(20.0)
    assert estimate(at, at) is None
    assert estimate(np.arange(100.0), np.ones(100)) is None
    assert estimate(np.arange(100.0), np.full(100, np.nan)) is None


@given(st.integers(0, 10_000), st.floats(0.2, 0.8))
def test_a_clear_step_lies_in_its_interval_whatever_the_order_of_rows(seed: int, share: float):
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 1_000, 400)
    values = rng.normal(0, 1, 400) + 3.0 * (at >= 1_000 * share)
    found = estimate(at, values)
    assert found is not None
    assert found.low - 20 <= 1_000 * share <= found.high + 20
    assert found.low <= found.at <= found.high
    order = rng.permutation(400)
    assert estimate(at[order], values[order]) == found


def test_a_small_step_has_a_wide_interval():
    rng = np.random.default_rng(3)
    at = np.sort(rng.uniform(0, 1_000, 800))
    noise = rng.normal(0, 1, 800)
    widths = []
    for size in (0.3, 3.0):
        found = estimate(at, noise + size * (at > 600))
        assert found is not None
        widths.append(found.high - found.low)
    assert widths[0] > 3 * widths[1]


def test_the_interval_holds_the_moment_about_as_often_as_it_says():
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        at = np.sort(rng.uniform(0, 1_000, 600))
        found = estimate(at, rng.normal(0, 1, 600) + 0.8 * (at > 700))
        assert found is not None
        hits += found.low <= 700 <= found.high
    # 95 % are promised; 48 of 60 or fewer has odds below one in ten thousand then.
    assert hits >= 49
    assert hits == pytest.approx(57, abs=8)
