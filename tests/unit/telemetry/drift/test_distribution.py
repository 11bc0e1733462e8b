from __future__ import annotations

import numpy as np
import pytest

from telemetry.drift.distribution import CATEGORIES, OTHER, Distribution, category_shares, histograms


def test_two_histograms_share_their_bins_and_lose_nothing():
    rng = np.random.default_rng(1)
    reference, current = histograms(rng.normal(100, 10, 500), rng.normal(150, 10, 100))
    assert reference.edges == current.edges
    assert len(reference.shares) == len(reference.edges) - 1
    assert all(sum(side.shares) == pytest.approx(1, abs=1e-4) for side in (reference, current))
    assert reference.median == pytest.approx(100, abs=2)
    assert current.median == pytest.approx(150, abs=4)


def test_a_constant_has_a_histogram_and_an_empty_sample_has_none():
    reference, current = histograms(np.full(10, 3.0), np.empty(0))
    assert max(reference.shares) == 1.0 and reference.median == 3.0
    assert current.shares == () and current.edges == reference.edges and current.median is None
    assert histograms(np.empty(0), np.empty(0)) == (Distribution(), Distribution())


def test_the_rarest_categories_are_put_together():
    names = [f"label{number:02}" for number in range(40)] + ["unheard of"]
    before, after = np.arange(40.0, -1, -1), np.zeros(41)
    before[40], after[[0, 40]] = 0, 1
    reference, current = category_shares(names, before, after)
    assert reference.labels == current.labels
    assert len(reference.labels) == CATEGORIES and reference.labels[-1] == OTHER
    assert sum(reference.shares) == pytest.approx(1, abs=1e-4)
    assert current.shares[0] == 0.5 and current.shares[-1] == 0.5


def test_a_distribution_survives_storage():
    shares = category_shares(["é"], np.ones(1), np.zeros(1))
    for distribution in (*histograms(np.arange(9.0), np.arange(3.0)), *shares, Distribution()):
        assert Distribution.from_json(distribution.to_json()) == distribution
