"""Squares stand where their durations are, an axis says readable ones, and every square tells its count."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from app.dashboard.charts import heat
from telemetry import histogram
from telemetry.query.speed import HeatCell

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def cells_of(day: datetime, *milliseconds: float) -> list[HeatCell]:
    """As `telemetry.query.speed.heat_map` makes them."""
    text = histogram.encode(histogram.count(milliseconds))
    return [HeatCell(day, low, high, n) for low, high, n in histogram.bands(text)]


def squares(drawn: object) -> dict[tuple[datetime, float], int]:
    trace = drawn.data[0]  # type: ignore[attr-defined]
    return {
        (x, round(y)): z
        for y, line in zip(trace.y, trace.z, strict=True)
        for x, z in zip(trace.x, line, strict=True)
        if z is not None
    }


def drawn_of(cells: list[HeatCell], mode: str = "light", **more: object) -> object:
    return heat.heat_map(cells, mode, step="day", what="requests", unit="latency", **more)  # type: ignore[arg-type]


def test_every_request_is_in_the_square_of_its_duration() -> None:
    drawn = drawn_of([*cells_of(DAY, 100, 100, 3_000), *cells_of(DAY + timedelta(days=1), 100)])
    found = squares(drawn)
    assert sum(found.values()) == 4
    for (_, middle), _ in found.items():
        assert min(abs(math.log2(middle / ms)) for ms in (100, 3_000)) < 0.5


def test_a_square_tells_its_band_its_day_and_its_share() -> None:
    trace = drawn_of(cells_of(DAY, 100, 100, 100, 3_000)).data[0]  # type: ignore[attr-defined]
    told = [text for line in trace.hovertext for text in line if text]
    assert told[0] == "<b>91 ms to 128 ms</b><br>Mon 2 Mar 2026 (UTC day)<br>3 of 4 requests, 75.0 %"


def test_what_takes_no_time_stands_right_below_the_rest_and_is_called_so() -> None:
    drawn = drawn_of(cells_of(DAY, 0.001, 0.2, 0.4, 700))
    trace, axis = drawn.data[0], drawn.layout.yaxis  # type: ignore[attr-defined]
    assert trace.z[0][0] == 3, "three under a millisecond are one square"
    assert trace.y[1] / trace.y[0] == pytest.approx(2**0.5)
    assert axis.ticktext[0] == "under 1 ms"
    assert "<b>under 1 ms</b>" in trace.hovertext[0][0]


def test_the_axis_says_durations_that_can_be_read() -> None:
    axis = drawn_of(cells_of(DAY, 2, 90_000)).layout.yaxis  # type: ignore[attr-defined]
    assert axis.ticktext == (
        "3 ms",
        "10 ms",
        "30 ms",
        "100 ms",
        "200 ms",
        "500 ms",
        "1 s",
        "2 s",
        "5 s",
        "10 s",
        "30 s",
        "1 min",
    )
    assert axis.tickvals[3] == 100


def test_one_among_thousands_is_still_seen() -> None:
    scale = drawn_of([HeatCell(DAY, 64, 90.5, 5_000), HeatCell(DAY, 512, 724, 1)], "dark").data[0].colorscale  # type: ignore[attr-defined]
    places = [stop for stop, _ in scale]
    assert places == sorted(places) and (places[0], places[-1]) == (0.0, 1.0)
    assert places[1] < 0.001, "the palest colours belong to the smallest counts"


def test_a_percentile_over_the_squares_lies_at_its_duration() -> None:
    drawn = drawn_of(cells_of(DAY, 100), lines={"median": [(DAY, 100.0), (DAY + timedelta(days=2), 1_000.0)]})
    line = drawn.data[1]  # type: ignore[attr-defined]
    assert list(line.y) == [100.0, None, 1_000.0], "a day without requests breaks the line"


def test_a_day_without_requests_is_an_empty_column_as_wide_as_the_others() -> None:
    drawn = drawn_of([*cells_of(DAY, 100), *cells_of(DAY + timedelta(days=3), 100)])
    trace = drawn.data[0]  # type: ignore[attr-defined]
    assert len(trace.x) == 4 and {after - before for before, after in pairwise(trace.x)} == {timedelta(days=1)}
    assert [list(line[1:3]) for line in trace.z] == [[None, None]] * len(trace.z)


def test_nothing_is_drawn_of_nothing() -> None:
    assert squares(drawn_of([])) == {}
