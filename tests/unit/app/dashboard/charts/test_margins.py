"""The room of labels: never less than was given, more for names than for numbers, none for charts without axes."""

from __future__ import annotations

from datetime import UTC, datetime

from app.dashboard import theme
from app.dashboard.charts import margins
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.over_time import time_axis
from app.dashboard.charts.style import figure

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def bars(height: int = 260, **layout: object) -> Drawing:
    drawn = figure("light", height=height, **layout)
    drawn.add_bar(x=[NOON], y=[1.0])
    return drawn


def room(drawn: Drawing) -> dict[str, float]:
    found: dict[str, float] = drawn.to_dict()["layout"]["margin"]
    return found


def test_a_title_and_long_names_beside_the_axis_take_more_room_than_numbers() -> None:
    numbers, titled = room(bars()), room(bars(yaxis={"title": {"text": "USD"}}))
    named = room(bars(yaxis={"ticktext": ["a name of twenty or more letters"]}))
    assert numbers["l"] < titled["l"] < named["l"]


def test_a_name_is_as_wide_as_it_is_read_and_not_as_it_is_escaped() -> None:
    assert margins.width("&lt;b&gt;", 12) == margins.width("<b>", 12) < margins.width("mmm", 12)


def test_a_legend_stands_above_the_plot_and_the_last_moment_beyond_it() -> None:
    plain, legend, over_time = bars(), bars(showlegend=True), bars()
    time_axis(over_time, None, "day")
    assert room(plain)["t"] < room(legend)["t"]
    assert room(plain)["r"] < room(over_time)["r"] and room(plain)["b"] < room(over_time)["b"]


def test_what_a_chart_says_itself_is_the_least() -> None:
    assert room(bars(margin={"r": 200}))["r"] == 200


def test_a_low_chart_keeps_its_height_and_one_without_axes_its_margins() -> None:
    assert room(bars(height=120, showlegend=True))["t"] == theme.layout("light", height=1)["margin"]["t"]
    flow = figure("light", margin={"l": 3, "r": 3, "t": 3, "b": 3})
    flow.add_sankey(node={}, link={})
    assert set(room(flow).values()) == {3}
