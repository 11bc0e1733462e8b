"""Rates and costs at every threshold."""

from __future__ import annotations

from app.dashboard.charts.thresholds import cost_by_threshold, rate_by_threshold
from telemetry.query.what_if import WhatIf, what_ifs
from tests.unit.telemetry.query.test_what_if import accepted, escalated


def example() -> WhatIf:
    (found,) = what_ifs([*(escalated(0.1, further=further) for further in (80, 90, 100, 110, 120)), accepted(0.7)])
    return found


def test_the_rate_is_a_staircase_in_a_band_with_a_spot_where_one_looks() -> None:
    low, high, line, spot = rate_by_threshold(example(), 0.8, "light").data
    assert (line.line.shape, line.y[0], line.y[100]) == ("vh", 0.0, 1.0)
    assert high.fill == "tonexty" and low.y[50] < line.y[50] < high.y[50]
    assert (spot.x[0], spot.y[0]) == (0.8, 1.0)


def test_the_cost_is_that_of_a_thousand_requests_and_says_what_is_known() -> None:
    line = cost_by_threshold(example(), 0.5, "light").data[2]
    assert line.y[50] == 560 / 6 * 1000 / 1e9
    assert "all of it known" in line.hovertext[50] and "95 % interval" in line.hovertext[80]


def test_an_unknown_cost_has_no_line() -> None:
    (found,) = what_ifs([accepted(0.7, cost=None)])
    drawn = cost_by_threshold(found, 0.5, "light")
    assert set(drawn.data[2].y) == {None} and len(drawn.data) == 3


def test_a_curve_says_its_ends_and_what_stands_where_one_looks() -> None:
    drawn = rate_by_threshold(example(), 0.8, "light")
    assert drawn.told.startswith("threshold 0.00: 0.0 %;") and drawn.told.endswith("threshold 1.00: 100.0 %.")
    assert "threshold 0.80: 100.0 %" in drawn.told and "(in force)" in drawn.told
