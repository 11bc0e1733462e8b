"""What is spent of an account, and where it leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from app import units
from app.dashboard.charts.burn_down import Ahead, burn_down

START, NOW, END = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 16, 30))
SPENT = [(START, 0.0), (NOW, 4.0)]


def drawn(ahead: Ahead, *, limit: float = 10, reached: datetime | None = None) -> dict[str, Any]:
    figure = burn_down(SPENT, ahead, limit, "light", write=units.usd, reached=reached)
    return {trace.name: trace for trace in figure.data}


def test_the_forecast_goes_straight_on_from_now_to_the_end() -> None:
    traces = drawn(Ahead(END, 8.0, 6.0, 10.0))
    assert list(traces["spent"].y) == [0.0, 4.0]
    assert list(traces["forecast"].x) == [NOW, END]
    assert list(traces["forecast"].y) == [4.0, 8.0]
    assert list(traces["95 % interval"].y) == [4.0, 6.0, 10.0, 4.0]
    assert "$6.00 to $10.00" in traces["forecast"].hovertext[1]


def test_without_an_interval_there_is_no_band() -> None:
    traces = drawn(Ahead(END, 8.0, None, None))
    assert "95 % interval" not in traces
    assert "interval" not in traces["forecast"].hovertext[1]


def test_without_a_forecast_no_line_leads_on() -> None:
    traces = drawn(Ahead(END, None, None, None))
    assert set(traces) == {"spent", "limit"}


def test_the_limit_goes_across_and_where_it_is_reached_is_marked() -> None:
    reached = NOW + timedelta(days=3)
    traces = drawn(Ahead(END, 18.0, None, None), reached=reached)
    assert (list(traces["limit"].x), list(traces["limit"].y)) == ([START, END], [10, 10])
    assert (list(traces["exhausted"].x), list(traces["exhausted"].y)) == ([reached], [10])
    assert "exhausted" not in drawn(Ahead(END, 8.0, None, None))


def test_limit_and_forecast_are_both_in_view() -> None:
    for limit, value in ((10, 50.0), (80, 50.0)):
        figure = burn_down(SPENT, Ahead(END, value, None, None), limit, "dark", write=units.usd)
        assert figure.layout.yaxis.range[1] > max(limit, value)
