"""Gaps stay gaps, axes say their units, the period before is dotted, and marks say what happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app import units
from app.dashboard.charts import over_time
from app.dashboard.charts.over_time import Mark, Series

DAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(days=7)
HOSTILE = '<a href="javascript:alert(1)">m</a>'


def test_a_day_without_values_breaks_the_line() -> None:
    points: list[tuple[datetime, float | None]] = [(DAY, 1.0), (DAY + timedelta(days=3), 2.0)]
    assert over_time.with_gaps(points, "day") == [
        (DAY, 1.0),
        (DAY + timedelta(days=1), None),
        (DAY + timedelta(days=3), 2.0),
    ]


def test_days_that_follow_each_other_are_joined() -> None:
    points: list[tuple[datetime, float | None]] = [(DAY, 1.0), (DAY + timedelta(days=1), 2.0)]
    assert over_time.with_gaps(points, "day") == points


def test_a_course_has_every_step_with_what_idle_steps_are_worth() -> None:
    points: list[tuple[datetime, float | None]] = [(DAY, 1.0), (DAY + timedelta(days=3), 2.0)]
    assert over_time.course(points, "day", idle=0) == [1.0, 0, 0, 2.0]
    assert over_time.course([*points, (DAY + timedelta(days=1), None)], "day") == [1.0, None, None, 2.0]
    assert over_time.course([], "day") == []


def test_lines_are_straight_and_end_at_gaps() -> None:
    drawn = over_time.lines(
        [Series("p95", [(DAY, 1.0)], "#112233")], "light", step="day", unit="seconds", write=units.usd
    )
    assert drawn.data[0].line.shape == "linear"
    assert drawn.data[0].connectgaps is False


def test_axes_name_their_units_and_the_time_zone() -> None:
    drawn = over_time.bars([Series("m", [(DAY, 1.5)], "#112233")], "light", step="day", unit="USD", write=units.usd)
    assert drawn.layout.yaxis.title.text == "USD"
    assert drawn.layout.xaxis.title.text == "UTC"
    assert "$1.50" in drawn.data[0].hovertext[0]


def test_the_period_before_of_a_stack_is_one_dotted_line_of_its_sums() -> None:
    series = [
        Series("a", [(DAY, 1.0)], "#112233", before=[(DAY - WEEK, 2.0)]),
        Series("b", [(DAY, 1.0)], "#445566", before=[(DAY - WEEK, 3.0)]),
    ]
    drawn = over_time.bars(series, "light", step="day", unit="USD", write=units.usd, shift=WEEK)
    before = drawn.data[-1]
    assert (before.line.dash, list(before.y)) == ("dot", [5.0])
    assert list(before.x) == [drawn.data[0].x[0]]
    assert "23 Feb 2026" in before.hovertext[0]


def test_each_line_has_its_own_period_before() -> None:
    series = [Series("p95", [(DAY, 1.0)], "#112233", before=[(DAY - WEEK, 2.0)])]
    drawn = over_time.lines(series, "light", step="day", unit="s", write=units.usd, shift=WEEK)
    assert [trace.name for trace in drawn.data] == ["p95, period before", "p95"]


def test_what_happened_is_a_line_across_and_words_on_pointing_at_it() -> None:
    marks = [Mark(DAY, f"policy changed {HOSTILE}", "warn")]
    drawn = over_time.lines(
        [Series("a", [(DAY, 1.0)], "#112233")], "dark", step="day", unit="s", write=units.usd, marks=marks
    )
    assert drawn.layout.shapes[0].x0 == DAY
    assert "policy changed &lt;a" in drawn.data[-1].hovertext[0]


def test_small_shares_are_written_with_a_decimal() -> None:
    def ticks(highest: float) -> str:
        series = [Series("a", [(DAY, highest)], "#112233")]
        drawn = over_time.lines(series, "light", step="day", unit="", write=units.share, share=True)
        return str(drawn.layout.yaxis.tickformat)

    assert (ticks(0.4), ticks(0.02)) == (".0%", ".1%")


def test_points_are_drawn_until_they_crowd_and_always_where_they_stand_alone() -> None:
    start = datetime(2026, 3, 2, tzinfo=UTC)
    crowded = [(start + timedelta(days=day), 1.0) for day in range(over_time.CROWDED + 1)]
    assert over_time.mode_of(crowded) == "lines"
    assert over_time.mode_of(crowded[:-1]) == "lines+markers"
    alone = [*crowded, (start + timedelta(days=60), None), (start + timedelta(days=61), 2.0)]
    assert over_time.mode_of(alone) == "lines+markers"
