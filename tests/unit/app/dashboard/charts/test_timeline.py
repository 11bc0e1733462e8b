"""What lasted lies above what was counted at the same time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import plotly.graph_objects as go

from app import units
from app.dashboard.charts import timeline
from app.dashboard.charts.over_time import Series
from app.dashboard.charts.timeline import Lasting, Panel

DAY = datetime(2026, 3, 2, tzinfo=UTC)
SPAN = (DAY, DAY + timedelta(days=10))
HOUR = timedelta(hours=1)
PANEL = Panel("fell back", [Series("small", [(DAY, 3)], "#112233")], units.count, "bars")
HOSTILE = "<img src=x onerror=alert(1)>"


def opened(lane: str, start: datetime, end: datetime | None, kind: str = "open", tone: str = "bad") -> Lasting:
    return Lasting(lane, start, end, kind, tone, "3 failures in a row")  # type: ignore[arg-type]


def drawn_of(*lasting: Lasting, **more: object) -> go.Figure:
    return timeline.timeline(lasting, [PANEL], "light", step="day", span=SPAN, **more)  # type: ignore[arg-type]


def bars_of(drawn: go.Figure) -> list[tuple[float, datetime, timedelta]]:
    return [
        (y, base, timedelta(milliseconds=x))
        for trace in drawn.data
        if trace.orientation == "h"
        for y, base, x in zip(trace.y, trace.base, trace.x, strict=True)
    ]


def test_a_bar_reaches_from_when_it_began_to_when_it_ended_in_the_lane_of_its_name() -> None:
    drawn = drawn_of(opened("small", DAY + HOUR, DAY + 20 * HOUR), opened("large", DAY, DAY + 5 * HOUR))
    assert sorted(bars_of(drawn)) == [(0, DAY, 5 * HOUR), (1, DAY + HOUR, 19 * HOUR)]
    assert drawn.layout.yaxis2.ticktext == ("large", "small")


def test_what_began_before_the_period_or_still_lasts_is_cut_at_its_ends() -> None:
    drawn = drawn_of(opened("small", DAY - 5 * HOUR, DAY + 2 * HOUR), opened("small", DAY + timedelta(days=9), None))
    assert sorted(bars_of(drawn)) == [(0, DAY, 2 * HOUR), (0, DAY + timedelta(days=9), timedelta(days=1))]
    told = [text for trace in drawn.data if trace.orientation == "h" for text in trace.hovertext]
    assert "2026-03-01 19:00:00 to 2026-03-02 02:00:00 UTC" in told[0], "the tooltip says when it truly began"
    assert "to still" in told[1]


def test_what_lasted_a_second_is_long_enough_to_be_seen() -> None:
    ((_, _, length),) = bars_of(drawn_of(opened("small", DAY, DAY + timedelta(seconds=1))))
    assert length == (SPAN[1] - SPAN[0]) * 0.004


def test_kinds_differ_by_more_than_colour_and_the_worst_is_on_top() -> None:
    drawn = drawn_of(
        opened("small", DAY, DAY + HOUR),
        opened("small", DAY, DAY + HOUR, "half open", "warn"),
        opened("small", DAY, DAY + HOUR, "called less", "neutral"),
    )
    kinds = [(trace.name, trace.marker.pattern.shape) for trace in drawn.data if trace.orientation == "h"]
    assert kinds == [("called less", "."), ("half open", "/"), ("open", "")]


def test_panels_stand_below_each_other_on_one_time_axis() -> None:
    drawn = timeline.timeline(
        [opened("small", DAY, None)],
        [Panel("share", [Series("failed", [(DAY, 0.1)], "#112233")], units.share, "lines", share=True), PANEL],
        "dark",
        step="day",
        span=SPAN,
    )
    domains = [drawn.layout[axis].domain for axis in ("yaxis", "yaxis2", "yaxis3")]
    assert domains[0][1] < domains[1][0] < domains[1][1] < domains[2][0] <= domains[2][1] <= 1.0
    assert drawn.layout.yaxis2.tickformat == ".0%"
    assert {trace.xaxis for trace in drawn.data} == {None}
    assert tuple(drawn.layout.xaxis.range) == SPAN


def test_without_anything_that_lasted_there_are_panels_alone() -> None:
    drawn = drawn_of()
    assert bars_of(drawn) == []
    assert drawn.layout.yaxis.domain == (0, 1)


def test_a_stretch_to_look_at_is_shaded_within_the_period() -> None:
    drawn = drawn_of(shaded=(DAY - HOUR, DAY + HOUR))
    assert (drawn.layout.shapes[0].x0, drawn.layout.shapes[0].x1) == (DAY, DAY + HOUR)


def test_names_are_text() -> None:
    drawn = drawn_of(opened(HOSTILE, DAY, None))
    assert "<img" not in str(drawn.layout.yaxis2.ticktext) + str([trace.hovertext for trace in drawn.data])


def test_bars_that_would_lie_over_each_other_are_one_that_counts_them() -> None:
    start, minute = SPAN[0], timedelta(minutes=1)
    many = [
        Lasting("large", start + number * minute, start + (number + 1) * minute, "open", "bad", f"why {number}")
        for number in range(80)
    ]
    later = Lasting("large", start + timedelta(days=5), start + timedelta(days=6), "open", "bad", "apart")
    drawn = timeline.timeline([*many, later], [], "light", step="day", span=SPAN)
    (bar,) = drawn.data
    assert len(bar.hovertext) == 2 and "apart" in bar.hovertext[1]
    assert "80 times" in bar.hovertext[0] and "why 79" in bar.hovertext[0]
