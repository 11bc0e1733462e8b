"""Colours stay, gaps stay, and no label is taken for markup."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import units
from app.dashboard import charts, theme
from app.dashboard.charts import Series
from app.dashboard.theme import Mode
from telemetry.query.decision import SpanView
from telemetry.query.overview import Flow

DAY = datetime(2026, 3, 2, tzinfo=UTC)
HOSTILE = '<a href="javascript:alert(1)">m</a>'


@given(st.lists(st.text(), unique=True, max_size=10), st.randoms())
def test_up_to_ten_models_have_colours_of_their_own_whatever_their_order(names: list[str], random) -> None:  # type: ignore[no-untyped-def]
    colours = charts.model_colours(names, "dark")
    shuffled = list(names)
    random.shuffle(shuffled)
    assert charts.model_colours(shuffled, "dark") == colours
    assert len(set(colours.values())) == len(names)


def test_a_model_has_the_same_place_in_both_themes() -> None:
    names = ["small", "large", "calculator"]
    light, dark = charts.model_colours(names, "light"), charts.model_colours(names, "dark")
    for name in names:
        assert theme.LIGHT.series.index(light[name]) == theme.DARK.series.index(dark[name])


def test_the_eleventh_model_still_has_a_colour() -> None:
    assert len(charts.model_colours([f"model-{n}" for n in range(25)], "light")) == 25


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_colour_of_a_model_stands_out_from_the_ground(mode: Mode) -> None:
    colours = theme.palette(mode)
    for colour in colours.series:
        assert _contrast(colour, colours.ground) >= 3, colour


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_can_be_read_on_its_ground(mode: Mode) -> None:
    colours = theme.palette(mode)
    assert _contrast(colours.ink, colours.ground) >= 7
    assert _contrast(colours.muted, colours.ground) >= 4.5


def test_a_day_without_values_breaks_the_line() -> None:
    points: list[tuple[datetime, float | None]] = [(DAY, 1.0), (DAY + timedelta(days=3), 2.0)]
    assert charts.with_gaps(points, "day") == [
        (DAY, 1.0),
        (DAY + timedelta(days=1), None),
        (DAY + timedelta(days=3), 2.0),
    ]


def test_days_that_follow_each_other_are_joined() -> None:
    points: list[tuple[datetime, float | None]] = [(DAY, 1.0), (DAY + timedelta(days=1), 2.0)]
    assert charts.with_gaps(points, "day") == points


def test_a_course_has_every_step_with_what_idle_steps_are_worth() -> None:
    points: list[tuple[datetime, float | None]] = [(DAY, 1.0), (DAY + timedelta(days=3), 2.0)]
    assert charts.course(points, "day", idle=0) == [1.0, 0, 0, 2.0]
    assert charts.course([*points, (DAY + timedelta(days=1), None)], "day") == [1.0, None, None, 2.0]
    assert charts.course([], "day") == []


def test_lines_are_straight_and_end_at_gaps() -> None:
    drawn = charts.lines_over_time(
        [Series("p95", [(DAY, 1.0)], "#112233")], "light", step="day", unit="seconds", write=units.usd
    )
    assert drawn.data[0].line.shape == "linear"
    assert drawn.data[0].connectgaps is False


def test_axes_name_their_units_and_the_time_zone() -> None:
    drawn = charts.bars_over_time(
        [Series("m", [(DAY, 1.5)], "#112233")], "light", step="day", unit="USD", write=units.usd
    )
    assert drawn.layout.yaxis.title.text == "USD"
    assert drawn.layout.xaxis.title.text == "UTC"
    assert "$1.50" in drawn.data[0].hovertext[0]


def test_no_chart_takes_a_name_for_markup() -> None:
    bars = charts.bars_over_time(
        [Series(HOSTILE, [(DAY, 1.0)], "#112233")], "light", step="day", unit="USD", write=units.usd
    )
    flow = charts.flow_chart([Flow(HOSTILE, HOSTILE, HOSTILE, 3)], "light", {})
    span = SpanView("1", None, f"branch {HOSTILE}", 0.0, 5.0, 1, "unset", {"error_type": HOSTILE})
    fall = charts.waterfall([span], "light", {})
    for drawn in (bars, flow, fall):
        assert "<a" not in drawn.to_json().replace("\\u003c", "<")


def test_a_branch_is_pale_where_it_only_waits() -> None:
    spans = [
        SpanView("1", None, "branch small", 0.0, 100.0, 1, "unset", {}),
        SpanView("2", "1", "aggregate", 90.0, 10.0, 2, "unset", {}),
    ]
    whole, calls = charts.waterfall(spans, "light", {"small": "#112233"}, {"1": 40.0}).data
    assert list(whole.x) == [100.0, 10.0]
    assert list(calls.x) == [40.0, 10.0]
    assert list(calls.text) == ["40 ms", "10 ms"]
    assert whole.marker.color[0] == "rgba(17,34,51,0.24)"
    assert calls.marker.color[0] == "#112233"


def test_a_flow_keeps_every_request() -> None:
    flow = charts.flow_chart([Flow("code", "small", "large", 3), Flow("chat", None, None, 2)], "light", {})
    assert sum(flow.data[0].link.value) == 2 * (3 + 2)


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
