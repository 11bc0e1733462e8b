"""How decisions were kept, minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.dashboard.charts import pipeline as chart
from telemetry.query.pipeline import MOST_POINTS, PipelinePoint

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = (START, START + timedelta(hours=1))


def point(minute: int, **more: object) -> PipelinePoint:
    values = {"written": 5, "spooled": 0, "not_durable": 0, "refused": 0, "abandoned": 0, "queue_high": 2}
    values |= {"spool_waiting": 0, "spool_bytes": 0}
    said = {"lag_p95_ms": 4.0, "lag_max_ms": 9.0, **more}
    return PipelinePoint(start=START + timedelta(minutes=minute), **{**values, **said})  # type: ignore[arg-type]


def test_a_step_is_as_wide_as_the_query_makes_it() -> None:
    assert chart.width_of(*HOUR) == timedelta(minutes=1)
    month = timedelta(days=30)
    assert chart.width_of(START, START + month) == timedelta(minutes=-(-30 * 24 * 60 // MOST_POINTS))


def test_what_did_not_happen_has_no_colour() -> None:
    assert [bar.name for bar in chart.kept([point(0)], "light", *HOUR).data] == ["written at once"]
    trouble = chart.kept([point(0), point(1, not_durable=1, abandoned=2)], "light", *HOUR).data
    assert [bar.name for bar in trouble] == ["written at once", "dropped"] and list(trouble[1].y) == [0, 3]


def test_a_line_breaks_where_nobody_reported() -> None:
    line = chart.lag([point(0), point(1), point(9)], "light", *HOUR).data[1]
    assert list(line.y) == [4.0, 4.0, None, 4.0]


def test_where_nothing_was_kept_no_lag_is_known() -> None:
    line = chart.lag([point(0, lag_p95_ms=None)], "light", *HOUR).data[1]
    assert list(line.y) == [None] and "unknown" in line.hovertext[0]
    assert list(chart.waiting([point(0, spool_waiting=7)], "light", *HOUR).data[1].y) == [7]


def test_the_charts_say_what_became_of_decisions_and_how_long_it_took() -> None:
    points = [point(0, lag_p95_ms=20.0), point(1, written=7), point(2, lag_p95_ms=None)]
    assert chart.kept(points, "light", *HOUR).told.startswith("written at once: 17; through the spool: 0;")
    assert chart.lag(points, "light", *HOUR).told.endswith(
        "p95: last 4.00 ms at Mon 2 Mar 2026, 12:01 UTC; highest 20 ms at Mon 2 Mar 2026, 12:00 UTC."
    )
