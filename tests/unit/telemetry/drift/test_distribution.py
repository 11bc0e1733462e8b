from __future__ import annotations

import numpy as np
import pytest

from telemetry.drift.distribution import CATEGORIES, OTHER, Distribution, category_shares, histograms


def test_two_histograms_share_their_bins_and_lose_nothing():
    rng = np.random.default_rng(1)
    reference, current = histograms(rng.normal(100, 10, 500), rng.normal(150, 10, 100))
    assert reference.edges == current.edges
    assert len(reference.shares) == len(reference.edges) - 1
    assert sum(reference.shares) == pytest.approx(1) and sum(current.shares) == pytest.approx(1)
    assert reference.median == pytest.approx(100, abs=2) and current.median == pytest.approx(150, abs=4)


def test_a_constant_has_a_histogram_and_an_empty_sample_has_none():
    reference, current = histograms(np.full(10, 3.0), np.empty(0))
    assert max(reference.shares) == 1.0 and reference.median == 3.0
    assert current.shares == () and current.edges == reference.edges and current.median is None
    assert histograms(np.empty(0), np.empty(0)) == (Distribution(), Distribution())


def test_the_rarest_categories_are_put_together():
    labels = [f"label{number:02}" for number in range(40) for _ in range(40 - number)]
    reference, current = category_shares(labels, ["label00", "unheard of"])
    assert reference.labels == current.labels
    assert len(reference.labels) == CATEGORIES and reference.labels[-1] == OTHER
    assert sum(reference.shares) == pytest.approx(1)
    assert current.shares[0] == 0.5 and current.shares[-1] == 0.5


def test_a_distribution_survives_storage():
    for distribution in (*histograms(np.arange(9.0), np.arange(3.0)), *category_shares(["é"], []), Distribution()):
        assert Distribution.from_json(distribution.to_json()) == distribution
