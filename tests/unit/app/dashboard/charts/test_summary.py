"""A chart's words have the numbers that its points have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app import units
from app.dashboard.charts import flow, over_time, parts, ranked, summary
from app.dashboard.charts.over_time import Series
from app.dashboard.charts.ranked import Bar
from telemetry.query.overview import Flow

FIRST = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=number) for number in range(3)]
LATER = DAYS[2] + timedelta(days=9)


def test_a_stack_is_told_whole_and_by_series_with_what_it_comes_to() -> None:
    series = [
        Series("small", [(DAYS[0], 1.0), (DAYS[1], 4.0), (DAYS[2], 2.0)], "#112233", before=[(DAYS[0], 3.0)]),
        Series("large", [(DAYS[1], 10.0)], "#445566"),
    ]
    drawn = over_time.bars(series, "light", step="day", unit="USD", write=units.usd, now=LATER)
    assert drawn.told == (
        "By day, USD. All: first $1.00 on 2 Mar 2026; last $2.00 on 4 Mar 2026; highest $14.00 on 3 Mar 2026; in all "
        "$17.00. small: first $1.00 on 2 Mar 2026; last $2.00 on 4 Mar 2026; highest $4.00 on 3 Mar 2026; in all "
        "$7.00. large: $10.00 on 3 Mar 2026. The period before: $3.00 in all."
    )


def test_what_is_measured_is_not_added_up() -> None:
    points = {"p95": [(DAYS[0], 3.0), (DAYS[1], None), (DAYS[2], 1.0)]}
    said = summary.over_time(points, step="day", unit="seconds", write=units.usd, counted=False)
    assert "last $1.00 on 4 Mar 2026" in said and "in all" not in said


def test_an_unfinished_hour_says_so_far() -> None:
    said = summary.over_time(
        {"p95": [(DAYS[0], 3.0), (DAYS[0] + timedelta(hours=1), 1.0)]},
        step="hour",
        unit="seconds",
        write=units.usd,
        counted=False,
        open_from=DAYS[0] + timedelta(hours=1),
    )
    assert "first $3.00 on 2 Mar 2026 00:00; last $1.00 on 2 Mar 2026 01:00, so far" in said


def test_nothing_known_is_said() -> None:
    points = {"p95": [(DAYS[0], None)]}
    assert summary.over_time(points, step="day", unit="s", write=units.usd, counted=True) == "No value is known."


def test_only_the_first_series_are_told_one_by_one() -> None:
    points = {f"model-{n}": [(DAYS[0], 1.0)] for n in range(summary.MOST + 3)}
    said = summary.over_time(points, step="day", unit="s", write=units.usd, counted=True)
    assert said.endswith("and 3 more.") and f"model-{summary.MOST}" not in said


def test_bars_by_name_are_told_with_their_intervals() -> None:
    rows = [Bar("code", 0.5, "#112233", low=0.4, high=0.6), Bar("chat", None, "#112233")]
    drawn = ranked.bars(rows, "light", unit="of requests", write=units.share)
    assert drawn.told == "code: 50.0 % (95 % interval 40.0 % to 60.0 %); chat: unknown."


def test_a_flow_is_told_from_its_widest_band() -> None:
    drawn = flow.flow_chart([Flow("code", "small", "large", 3), Flow("chat", "small", "small", 9)], "light", {})
    assert drawn.told == "12 requests. chat to small: 9; small to small: 9; code to small: 3; small to large: 3."


def test_the_parts_of_bars_are_told() -> None:
    drawn = parts.bars(
        [parts.Whole("small", (3, 1))],
        [("input", "#112233"), ("output", "#445566")],
        "light",
        unit="",
        write=units.count,
    )
    assert drawn.told == "small: input 3, output 1."
