from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.dashboard.charts import percentiles
from app.dashboard.charts.over_time import Mark
from app.dashboard.charts.percentiles import Line, Measured

DAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(("share", "calls"), [(0.5, 2), (0.9, 10), (0.95, 20), (0.99, 100)])
def test_a_percentile_needs_so_many_calls(share: float, calls: int) -> None:
    assert percentiles.needed(share) == calls


def test_points_of_too_few_calls_are_hollow_and_say_so() -> None:
    points = [Measured(DAY, 900.0, 20), Measured(DAY + timedelta(days=1), 950.0, 19)]
    drawn = percentiles.lines([Line("m", points, "#112233")], "light", share=0.95, step="day")
    (trace,) = drawn.data
    assert list(trace.marker.color) == ["#112233", "#ffffff"]
    assert trace.hovertext[0].endswith("900 ms<br>n = 20")
    assert trace.hovertext[1].endswith("n = 19: too few, the slowest call")


def test_the_period_before_is_dotted_and_has_no_points() -> None:
    before = [Measured(DAY - timedelta(days=7), 700.0, 5)]
    drawn = percentiles.lines(
        [Line("m", [Measured(DAY, 900.0, 50)], "#112233", before)],
        "light",
        share=0.5,
        step="day",
        shift=timedelta(days=7),
    )
    assert [(trace.mode, trace.line.dash) for trace in drawn.data] == [("lines", "dot"), ("lines+markers", None)]
    assert drawn.data[0].x[0] == drawn.data[1].x[0]


def test_what_happened_meanwhile_is_marked_and_no_point_of_a_model() -> None:
    marks = [Mark(DAY + timedelta(hours=3), "policy chat, version abc")]
    drawn = percentiles.lines(
        [Line("m", [Measured(DAY, 900.0, 50)], "#112233")], "light", share=0.5, step="day", marks=marks
    )
    assert [trace.mode for trace in drawn.data] == ["lines+markers", "markers"]
    assert "policy chat" in drawn.data[1].hovertext[0]


def test_a_step_without_calls_is_a_gap() -> None:
    points = [Measured(DAY, 900.0, 50), Measured(DAY + timedelta(days=2), 950.0, 50)]
    (trace,) = percentiles.lines([Line("m", points, "#112233")], "light", share=0.5, step="day").data
    assert list(trace.y) == [0.9, None, 0.95]
    assert "n =" not in trace.hovertext[1]


def test_a_crowded_line_has_no_points_and_is_pale_where_most_are_of_too_few_calls() -> None:
    days = [DAY + timedelta(days=number) for number in range(60)]
    many, few = ([Measured(day, 900.0, n) for day in days] for n in (20, 19))
    lines = [Line("many", many, "#112233"), Line("few", few, "#112233")]
    first, second = percentiles.lines(lines, "light", share=0.95, step="day").data
    assert (first.mode, first.line.color) == ("lines", "#112233")
    assert (second.mode, second.line.color) == ("lines", "rgba(17,34,51,0.45)")
    assert second.hovertext[0].endswith("n = 19: too few, the slowest call")
