from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.drift.statistics import compare_counts, compare_numbers, effective_size, jensen_shannon


def test_a_shift_is_measured_in_standard_deviations():
    reference = np.random.default_rng(2).normal(10, 2, 4_000)
    comparison = compare_numbers(reference, reference + 1.0)
    assert comparison.effect_name == "wasserstein"
    assert comparison.effect == pytest.approx(0.5, abs=0.02)
    assert comparison.p < 1e-9


def test_a_factor_is_the_same_effect_at_any_scale_on_the_logarithm():
    small = np.random.default_rng(3).lognormal(6, 0.5, 4_000)
    effects = [compare_numbers(s, s * 1.5, logarithmic=True).effect for s in (small, small * 1e4)]
    assert effects[0] == pytest.approx(np.log(1.5) / 0.5, abs=0.03)
    assert effects[1] == pytest.approx(effects[0], abs=0.01)


def test_equal_samples_show_nothing():
    for comparison in (
        compare_numbers(np.arange(100.0), np.arange(100.0)),
        compare_numbers(np.ones(100), np.ones(60)),
        compare_counts(np.array([50.0, 50.0]), np.array([30.0, 30.0])),
        compare_counts(np.array([50.0]), np.array([30.0])),
        compare_counts(np.array([50.0, 0.0]), np.array([30.0, 0.0])),
    ):
        assert comparison.effect == pytest.approx(0, abs=1e-9)
        assert comparison.p == pytest.approx(1)


def test_a_constant_reference_is_measured_by_the_share_that_left_it():
    comparison = compare_numbers(np.ones(400), np.concatenate([np.ones(300), np.zeros(100)]))
    assert comparison.effect_name == "jensen_shannon"
    assert comparison.threshold is not None and 1 > comparison.effect > comparison.threshold
    assert comparison.p < 0.001


def test_a_category_that_is_new_or_gone_is_no_error():
    for reference, current in (((200, 0), (150, 50)), ((150, 50), (200, 0)), ((60, 0), (0, 60))):
        comparison = compare_counts(np.array(reference, float), np.array(current, float))
        assert np.isfinite(comparison.effect) and comparison.effect > 0.1
        assert comparison.p < 1e-6


@pytest.mark.parametrize("shares", [(0.4, 0.3, 0.2, 0.1), (0.99, 0.01)], ids=["four", "rare"])
def test_the_p_value_of_categories_is_fair_with_a_reference_as_small_as_the_week(shares: tuple[float, ...]):
    rng = np.random.default_rng(4)
    alarms = sum(
        compare_counts(*(rng.multinomial(300, shares).astype(float) for _ in range(2))).p < 0.05 for _ in range(400)
    )
    # Expected at most 20 of 400 with a standard deviation of 4.4.
    assert alarms <= 38


def test_weights_make_a_sample_count_as_if_its_rows_were_repeated():
    rng = np.random.default_rng(5)
    values, current = rng.normal(0, 1, 300), rng.normal(0.3, 1, 200)
    times = rng.integers(1, 4, 300)
    weighted, repeated = (
        compare_numbers(values, current, times.astype(float)),
        compare_numbers(np.repeat(values, times), current),
    )
    assert weighted.effect == pytest.approx(repeated.effect)
    # But not for more than there are.
    assert effective_size(times.astype(float)) < 300 and weighted.p > repeated.p


def test_a_weighted_reference_alarms_no_more_often_than_promised():
    rng = np.random.default_rng(6)
    alarms = 0
    for _ in range(300):
        groups = rng.random(600) < 0.5
        values = rng.normal(groups * 2.0, 1)
        weights = np.where(groups, 1.6, 0.4)
        current = rng.normal((rng.random(300) < 0.8) * 2.0, 1)
        alarms += compare_numbers(values, current, weights).p < 0.05
    assert alarms <= 30


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=8), st.lists(st.floats(0.01, 1), min_size=2, max_size=8))
def test_the_distance_is_symmetric_and_bounded(one: list[float], other: list[float]):
    size = min(len(one), len(other))
    first, second = (np.array(side[:size]) / sum(side[:size]) for side in (one, other))
    distance = jensen_shannon(first, second)
    assert distance == pytest.approx(jensen_shannon(second, first))
    assert 0 <= distance <= np.sqrt(np.log(2)) + 1e-9
    assert jensen_shannon(first, first) == 0


def test_scipy_agrees():
    from scipy.spatial.distance import jensenshannon
    from scipy.stats import ks_2samp, wasserstein_distance

    rng = np.random.default_rng(7)
    reference, current = np.round(rng.normal(0, 3, 700)), np.round(rng.normal(0.5, 3, 400))
    compared = compare_numbers(reference, current)
    assert compared.effect == pytest.approx(wasserstein_distance(reference, current) / reference.std())
    # The limit that also holds for weights errs on the side of chance.
    limit = ks_2samp(reference, current, method="asymp").pvalue
    assert limit <= compared.p <= 1.2 * limit
    weights = rng.uniform(0.5, 2, 700)
    mean = np.average(reference, weights=weights)
    deviation = np.sqrt(np.average((reference - mean) ** 2, weights=weights))
    expected = wasserstein_distance(reference, current, weights) / deviation
    assert compare_numbers(reference, current, weights).effect == pytest.approx(expected)
    assert jensen_shannon(np.array([0.2, 0.8]), np.array([0.5, 0.5])) == pytest.approx(
        jensenshannon([0.2, 0.8], [0.5, 0.5])
    )


def test_neither_a_page_nor_the_command_line_pays_for_the_statistics():
    seen = "print('evidently' in sys.modules, 'scipy' in sys.modules, 'pandas' in sys.modules)"
    code = f"import sys, telemetry.query.drift, telemetry.drift.run, app.drift_command; {seen}"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["False", "False", "False"]
