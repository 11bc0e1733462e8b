from __future__ import annotations

from app import units
from app.dashboard.charts import spread
from app.dashboard.charts.spread import Spread

HOSTILE = "<img src=x onerror=alert(1)>"


def test_the_bar_reaches_from_the_low_end_to_the_median_and_the_diamond_is_the_mean() -> None:
    drawn = spread.spreads(
        [Spread("m", 10.0, 40.0, 45.0, 1_234, "#112233", "m")], "light", unit="tokens a second", write=units.count
    )
    bar, mean, words = drawn.data
    assert (bar.base[0], bar.x[0]) == (10.0, 30.0)
    assert (mean.x[0], mean.marker.symbol) == (45.0, "diamond")
    assert words.text[0].strip() == "45, n = 1,234"
    assert bar.customdata[0][0] == "m", "a click filters by the name"
    assert "5th percentile 10" in bar.hovertext[0] and "n = 1,234" in bar.hovertext[0]


def test_an_unknown_mean_is_said_and_has_no_diamond() -> None:
    drawn = spread.spreads([Spread("m", None, None, None, 0, "#112233", "m")], "dark", unit="u", write=units.count)
    assert list(drawn.data[1].x) == []
    assert "unknown" in drawn.data[2].text[0]


def test_names_are_text() -> None:
    drawn = spread.spreads([Spread(HOSTILE, 1.0, 2.0, 3.0, 4, "#112233", "m")], "light", unit="u", write=units.count)
    assert "<img" not in str(drawn.layout.yaxis.ticktext) + str(drawn.data[0].hovertext)
