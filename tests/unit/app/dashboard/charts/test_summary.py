"""A chart's words have the numbers that its points have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app import units
from app.dashboard.charts import over_time, summary
from app.dashboard.charts.over_time import Series

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
