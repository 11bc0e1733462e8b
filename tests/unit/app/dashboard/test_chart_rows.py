"""A file of a chart's numbers says what its axes say: names, units, and the start of each step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import plotly.graph_objects as go

from app import units
from app.dashboard.chart_rows import rows_of
from app.dashboard.charts import over_time
from app.dashboard.charts.over_time import Series

DAY = datetime(2026, 3, 3, tzinfo=UTC)
POINTS = ((DAY, 0.25), (DAY + timedelta(days=1), 0.5))


def test_a_step_is_named_by_its_start_and_the_columns_by_their_units() -> None:
    drawn = over_time.bars([Series("small", POINTS, "#112233")], "light", step="day", unit="USD", write=units.usd)
    head, *rows = rows_of(drawn)
    assert head == ("series", "start, UTC", "USD", "told")
    assert [row[:3] for row in rows] == [("small", *point) for point in POINTS]


def test_what_happened_meanwhile_has_its_moment_and_no_height() -> None:
    moment = DAY + timedelta(hours=5)
    series = [Series("small", POINTS, "#112233")]
    drawn = over_time.bars(
        series, "light", step="day", unit="USD", write=units.usd, marks=[over_time.Mark(moment, "prices changed")]
    )
    head, *rows = rows_of(drawn)
    assert head == ("series", "start, UTC", "USD", "told")
    assert rows[-1][:3] == ("what happened", moment, "")


def test_a_bar_along_the_time_axis_is_found_by_its_beginning() -> None:
    drawn = go.Figure(go.Bar(orientation="h", base=[DAY], x=[3_600_000], y=["small"], name="open"))
    assert rows_of(drawn)[1] == ("open", DAY, "small")


def test_a_share_is_said_to_be_one() -> None:
    drawn = over_time.lines(
        [Series("all", POINTS, "#112233")], "light", step="day", unit="escalated", write=units.share, share=True
    )
    assert rows_of(drawn)[0][2] == "escalated (share, 0 to 1)"


def test_panels_with_units_of_their_own_say_them_in_each_row() -> None:
    drawn = go.Figure(
        [go.Scatter(x=[1], y=[2], name="a"), go.Scatter(x=[1], y=[3], name="b", yaxis="y2")],
        {"yaxis": {"title": {"text": "ms"}}, "yaxis2": {"title": {"text": "USD &amp; more"}}},
    )
    assert rows_of(drawn) == [("series", "x", "y", "unit"), ("a", 1, 2, "ms"), ("b", 1, 3, "USD & more")]


def test_a_chart_without_a_value_has_a_head() -> None:
    assert rows_of(go.Figure()) == [("series", "x", "y")]
