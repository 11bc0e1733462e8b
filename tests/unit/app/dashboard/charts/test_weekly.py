"""Shares by week, each with its interval; and scores against what is found."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.dashboard.charts.reliability import reliability
from app.dashboard.charts.weekly import weekly
from telemetry.query.calibration import Bin, Calibration
from telemetry.query.proportion import Proportion

MONDAY = date(2026, 3, 2)


def test_a_week_tells_its_share_its_interval_and_its_number() -> None:
    lines = {"<b>": [(MONDAY, Proportion.of(8, 10)), (MONDAY + timedelta(7), Proportion.of(0, 0))]}
    [line] = weekly(lines, "light", {"<b>": "#112233"}, unit="good", what="answers").data
    assert (line.name, len(line.x)) == ("&lt;b&gt;", 1)
    assert line.y[0] - line.error_y.arrayminus[0] == pytest.approx(0.4902, abs=1e-4)
    assert "8 of 10 answers" in line.hovertext[0]


def test_a_name_without_a_judged_week_is_left_out() -> None:
    assert not weekly({"a": [(MONDAY, Proportion.of(0, 0))]}, "dark", {}, unit="good", what="answers").data


def test_a_diagram_has_a_point_for_each_bin_and_the_line_of_honest_scores() -> None:
    bins = (Bin(0.2, 4, 0.25, Proportion.of(1, 4)), Bin(0.9, 64, 0.95, Proportion.of(32, 64)))
    one = Calibration("v", 68, bins, 0.4, Proportion.of(32, 64), Proportion.of(1, 4))
    honest, points = reliability(one, "dark").data
    assert (honest.x, honest.y) == ((0, 1), (0, 1))
    assert list(points.x) == [0.25, 0.95] and list(points.y) == [0.25, 0.5]
    assert points.marker.size[1] > points.marker.size[0]
    assert "n = 64" in points.hovertext[1]
