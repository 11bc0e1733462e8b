"""A share over time, in its band."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.dashboard.charts.rate import Rate, rate, runs
from telemetry.query.proportion import Proportion

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def point(day: int, part: int, n: int) -> Rate:
    return Rate(DAY + timedelta(days=day), Proportion.of(part, n))


POINTS = [point(0, 1, 10), point(1, 2, 10), point(4, 3, 10)]


def test_a_band_breaks_where_a_day_is_missing() -> None:
    assert [len(run) for run in runs(POINTS, "day")] == [2, 1]
    first, second, line = rate("rate", POINTS, "light", "#112233", step="day").data
    assert (first.fill, len(first.x), len(second.x)) == ("toself", 4, 2)
    assert line.mode == "lines+markers"


def test_a_step_tells_its_interval_and_its_number() -> None:
    *_, line = rate("rate", POINTS, "light", "#112233", step="day").data
    assert "1 of 10 requests" in line.hovertext[0]
    assert "95 % interval 1.8 % to 40.4 %" in line.hovertext[0]


def test_the_period_before_has_no_band() -> None:
    drawn = rate(
        "rate", POINTS, "light", "#112233", step="day", before=[point(-3, 1, 10)], shift=timedelta(days=3)
    ).data
    assert [trace.name for trace in drawn if trace.line.dash == "dot"] == ["rate, period before"]
    assert sum(trace.fill == "toself" for trace in drawn) == 2


def test_a_wide_band_does_not_press_the_line_to_the_floor() -> None:
    drawn = rate("rate", [point(0, 0, 1), point(1, 1, 20)], "light", "#112233", step="day")
    assert drawn.layout.yaxis.range[1] < 0.1


def test_days_without_requests_have_no_rate() -> None:
    assert runs([point(0, 0, 0)], "day") == []
    assert len(rate("rate", [], "light", "#112233", step="day").data) == 1
