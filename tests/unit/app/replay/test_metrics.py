"""The formulas, by figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from app.replay.metrics import (
    apgr,
    at_cost,
    cost_to_reach,
    cpt,
    frontier,
    hull,
    margin_above_hull,
    mix,
    oracle,
    paired,
    pgr,
    wilson,
)


def test_wilsons_interval_of_nine_in_ten() -> None:
    # Centre (0.9 + 3.8415/20) / 1.38415 = 0.78899; half 1.95996/1.38415 * sqrt(0.009 + 0.0096036) = 0.19314.
    found = wilson(0.9, 10)
    assert (found.value, found.low, found.high) == pytest.approx((0.9, 0.59585, 0.98213), abs=1e-5)


@pytest.mark.parametrize("mean", [0.0, 1.0])
def test_wilsons_interval_holds_the_mean_at_its_ends(mean: float) -> None:
    found = wilson(mean, 50)
    assert found.low <= mean <= found.high
    assert found.high - found.low == pytest.approx(3.8415 / 53.8415, abs=1e-4)


def test_an_interval_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        wilson(0.5, 0)


def test_the_hull_leaves_out_what_a_mixture_beats() -> None:
    # (4, 0.6) is under the line from (2, 0.5) to (6, 0.9), which is at 0.7 there; (8, 0.8) is dearer and worse.
    assert hull([(6, 0.9), (4, 0.6), (2, 0.5), (8, 0.8)]) == [(0, 0), (2, 0.5), (6, 0.9)]


def test_the_hull_of_a_cheap_strong_model_is_that_model() -> None:
    assert hull([(1, 0.9), (2, 0.5)]) == [(0, 0), (1, 0.9)]
    assert hull([(0, 0.4), (1, 0.9)]) == [(0, 0.4), (1, 0.9)]
    assert hull([]) == [(0, 0)]


def test_a_curve_is_linear_between_its_vertices_and_flat_beyond() -> None:
    curve = [(0.0, 0.0), (2.0, 0.5), (6.0, 0.9)]
    assert at_cost(curve, 1) == pytest.approx(0.25)
    assert at_cost(curve, 4) == pytest.approx(0.7)
    assert at_cost(curve, 9) == pytest.approx(0.9)
    assert cost_to_reach(curve, 0.7) == pytest.approx(4)
    assert cost_to_reach(curve, 0.0) == 0
    assert cost_to_reach(curve, 0.95) is None


def test_a_coin_buys_accuracy_by_its_share_of_the_strong_model() -> None:
    assert mix((1, 0.4), (9, 0.8), 3) == pytest.approx(0.5)  # a quarter of the prompts
    assert mix((1, 0.4), (9, 0.8), 99) == pytest.approx(0.8)
    assert mix((1, 0.4), (9, 0.8), 0) == pytest.approx(0.4)
    assert mix((5, 0.4), (5, 0.8), 5) == pytest.approx(0.8)


def test_the_oracle_asks_the_cheapest_of_the_best() -> None:
    scores = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.5, 0.2]])
    costs = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
    assert oracle(scores, costs) == (1 + 20 + 3 + 4, 2.5 / 4)


def test_the_recovered_gap_is_a_share_of_the_gap() -> None:
    assert pgr(0.7, weak=0.5, strong=0.9) == pytest.approx(0.5)
    assert pgr(0.95, weak=0.5, strong=0.9) == pytest.approx(1.125)
    assert pgr(0.7, weak=0.9, strong=0.9) is None


def test_a_coins_apgr_is_a_half_and_its_cpt_the_gap_itself() -> None:
    assert apgr([]) == pytest.approx(0.5)
    assert cpt([], 0.8) == pytest.approx(0.8)


def test_apgr_is_the_area_under_the_settings() -> None:
    # (0, 0) to (0.5, 0.9): 0.225; (0.5, 0.9) to (1, 1): 0.475.
    assert apgr([(0.5, 0.9)]) == pytest.approx(0.7)
    assert cpt([(0.5, 0.9)], 0.45) == pytest.approx(0.25)
    assert cpt([(0.5, 0.9)], 0.95) == pytest.approx(0.75)
    assert cpt([(0.5, 0.9)], 1.2) is None


def test_a_setting_that_another_one_beats_is_left_out() -> None:
    assert frontier([(0.5, 0.9), (0.6, 0.7), (0.5, 0.2), (0.8, 1.1)]) == [(0, 0), (0.5, 0.9), (0.8, 1.1), (1, 1.1)]


def test_paired_counts_wins_and_losses_and_its_interval_holds_the_difference() -> None:
    first = np.array([1.0] * 60 + [0.0] * 40)
    second = np.array([1.0] * 50 + [0.0] * 40 + [1.0] * 10)
    found = paired(first, second, seed=3)
    assert (found.better, found.worse) == (10, 10)
    assert found.difference.value == 0
    # The differences have a variance of 0.2, so 95 % of resampled means lie within 1.96 * sqrt(0.2/100) = 0.088.
    assert (found.difference.low, found.difference.high) == pytest.approx((-0.088, 0.088), abs=0.02)
    assert paired(first, second, seed=3) == found


def test_a_router_that_copies_a_single_model_lies_on_the_hull() -> None:
    rng = np.random.default_rng(1)
    scores = (rng.random((200, 2)) < [0.4, 0.8]).astype(float)
    costs = np.tile([1.0, 10.0], (200, 1))
    on = margin_above_hull(scores[:, 1], costs[:, 1], scores, costs, seed=0)
    assert on.value == pytest.approx(0)
    assert on.low == pytest.approx(0) and on.high == pytest.approx(0)
    above = margin_above_hull(np.ones(200), costs[:, 0], scores, costs, seed=0)
    assert above.value == pytest.approx(1 - scores[:, 0].mean())
    assert 0 < above.low < above.value < above.high
