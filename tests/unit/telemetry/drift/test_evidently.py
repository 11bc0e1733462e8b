from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from telemetry.drift.evidently import compare_categories, compare_numbers


def test_a_shift_is_measured_in_standard_deviations():
    rng = np.random.default_rng(2)
    reference = rng.normal(10, 2, 4_000)
    comparison = compare_numbers(reference, reference + 1.0)
    assert comparison.effect_name == "wasserstein"
    assert comparison.effect == pytest.approx(0.5, abs=0.02)
    assert comparison.p < 1e-9


def test_a_factor_is_the_same_effect_at_any_scale_on_the_logarithm():
    rng = np.random.default_rng(3)
    small = rng.lognormal(6, 0.5, 4_000)
    effects = [compare_numbers(s, s * 1.5, logarithmic=True).effect for s in (small, small * 1e4)]
    assert effects[0] == pytest.approx(np.log(1.5) / 0.5, abs=0.03)
    assert effects[1] == pytest.approx(effects[0], abs=0.01)


def test_equal_samples_show_nothing():
    for comparison in (
        compare_numbers(np.arange(100.0), np.arange(100.0)),
        compare_numbers(np.ones(100), np.ones(60)),
        compare_categories(["a", "b"] * 50, ["a", "b"] * 30),
        compare_categories(["a"] * 50, ["a"] * 30),
    ):
        assert comparison.effect == pytest.approx(0, abs=1e-9)
        assert comparison.p == pytest.approx(1)


def test_a_constant_reference_is_measured_by_the_share_that_left_it():
    comparison = compare_numbers(np.ones(400), np.concatenate([np.ones(300), np.zeros(100)]))
    assert comparison.effect_name == "jensen_shannon"
    assert comparison.threshold is not None and comparison.effect > comparison.threshold
    assert comparison.p < 0.001
    assert comparison.effect < 1


def test_a_category_that_is_new_or_gone_is_no_error():
    fresh = compare_categories(["a"] * 200, ["a"] * 150 + ["b"] * 50)
    gone = compare_categories(["a"] * 150 + ["b"] * 50, ["a"] * 200)
    for comparison in (fresh, gone, compare_categories(["a"] * 60, ["b"] * 60)):
        assert np.isfinite(comparison.effect) and comparison.effect > 0.1
        assert comparison.p < 1e-6


def test_the_p_value_of_categories_is_fair_with_a_reference_as_small_as_the_week():
    rng = np.random.default_rng(4)
    alarms = 0
    for _ in range(400):
        draws = [list(rng.choice(["a", "b", "c", "d"], 300, p=[0.4, 0.3, 0.2, 0.1])) for _ in range(2)]
        alarms += compare_categories(*draws).p < 0.05
    # Expected 20 of 400 with a standard deviation of 4.4; the one-sample test gives about 80.
    assert 7 <= alarms <= 38


def test_no_page_pays_for_evidently():
    seen = "print('evidently' in sys.modules, 'scipy' in sys.modules)"
    code = f"import sys, telemetry.query.drift, telemetry.drift.run; {seen}"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["False", "False"]
