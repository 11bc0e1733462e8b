"""Scores, and where the threshold stands."""

from __future__ import annotations

from app.dashboard.charts.scores import Scored, bins, distribution


def test_a_full_score_is_a_bar_of_its_own() -> None:
    assert bins({0: 1, 4: 2, 5: 3, 99: 4, 100: 5}) == {0: 3, 5: 3, 95: 4, 100: 5}


def test_bars_below_every_threshold_are_pale() -> None:
    (bars,) = distribution(
        [Scored("small", {20: 1, 50: 1, 90: 1})], [0.5, 0.9], None, "light", {"small": "#112233"}
    ).data
    assert list(bars.marker.color) == ["rgba(17,34,51,0.45)", "#112233", "#112233"]


def test_each_model_has_an_axis_and_all_share_the_thresholds() -> None:
    rows = [Scored("small", {20: 1000}), Scored("<b>large</b>", {100: 3})]
    drawn = distribution(rows, [0.5], 0.7, "light", {})
    assert [bars.yaxis for bars in drawn.data] == ["y", "y2"]
    assert [(line.x0, line.line.dash) for line in drawn.layout.shapes] == [(0.5, None), (0.7, "dash")]
    assert "&lt;b&gt;large&lt;/b&gt;, 3 scores" in [note.text for note in drawn.layout.annotations]
    assert list(drawn.layout.yaxis.ticktext) == ["1", "10", "100", "1,000"]


def test_a_threshold_that_is_in_force_is_not_drawn_twice() -> None:
    assert len(distribution([Scored("small", {20: 1})], [0.5], 0.5, "light", {}).layout.shapes) == 1
