"""What a step has so far is not taken for the whole of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app import units
from app.dashboard import plot
from app.dashboard.charts import over_time
from app.dashboard.charts.over_time import Series

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=number) for number in range(3)]
NOON = DAYS[2] + timedelta(hours=12)
SERIES = [Series("p95", [(day, float(number)) for number, day in enumerate(DAYS, start=1)], "#112233")]


def test_the_bar_of_a_day_that_is_not_over_is_hatched_and_says_so() -> None:
    drawn = over_time.bars(SERIES, "light", step="day", unit="USD", write=units.usd, now=NOON)
    assert list(drawn.data[0].marker.pattern.shape) == ["", "", "/"]
    assert [text.endswith("so far") for text in drawn.data[0].hovertext] == [False, False, True]


def test_bars_of_days_that_are_over_have_no_pattern() -> None:
    drawn = over_time.bars(SERIES, "light", step="day", unit="USD", write=units.usd, now=DAYS[2] + timedelta(days=1))
    assert drawn.data[0].marker.pattern.shape is None and "so far" not in "".join(drawn.data[0].hovertext)


def test_a_line_reaches_the_day_that_is_not_over_by_dashes_and_a_hollow_point() -> None:
    drawn = over_time.lines(SERIES, "light", step="day", unit="USD", write=units.usd, now=NOON)
    whole, rest = drawn.data
    assert (list(whole.y), list(rest.y)) == ([1.0, 2.0], [2.0, 3.0])
    assert (rest.line.dash, rest.marker.symbol, list(rest.marker.size)) == ("dash", "circle-open", [0, 6])
    assert rest.hovertext[1].endswith("$3.00 so far")
    assert (rest.showlegend, rest.legendgroup, drawn.layout.showlegend) == (False, whole.legendgroup, False)


def test_a_file_of_a_lines_numbers_has_each_point_once() -> None:
    drawn = over_time.lines(SERIES, "light", step="day", unit="USD", write=units.usd, now=NOON)
    assert [row.split(",")[2] for row in plot.csv_of(drawn).splitlines()[1:]] == ["1.0", "2.0", "3.0"]


def test_an_unfinished_day_after_a_gap_stands_alone() -> None:
    series = [Series("p95", [(DAYS[0], 1.0), (DAYS[2], 3.0)], "#112233")]
    rest = over_time.lines(series, "light", step="day", unit="USD", write=units.usd, now=NOON).data[-1]
    assert (list(rest.y), rest.marker.size, rest.hoverinfo) == ([3.0], 6, "text")


def test_a_lone_unfinished_day_is_in_the_legend() -> None:
    series = [Series(name, [(DAYS[2], 3.0)], "#112233") for name in ("a", "b")]
    drawn = over_time.lines(series, "light", step="day", unit="USD", write=units.usd, now=NOON)
    assert [(trace.name, trace.showlegend) for trace in drawn.data] == [("a", None), ("b", None)]
    assert drawn.layout.showlegend is True
