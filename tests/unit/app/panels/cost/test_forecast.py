"""What a budget comes to."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.panels.cost.forecast import FEWEST, Forecast, forecast

START, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 16, tzinfo=UTC)


def at_mid_month(spent: float, *stretches: float, ahead: float = 15) -> Forecast:
    return forecast(start=START, now=NOW, end=END, spent=spent, stretches=stretches, ahead=ahead)


def test_equal_days_go_on_alike_and_leave_no_doubt() -> None:
    found = at_mid_month(30, *[2.0] * 28)
    assert (found.at_end, found.low, found.high, found.n) == (60, 60, 60, 28)


def test_where_earlier_days_are_not_known_this_period_goes_on_as_it_began_with_no_interval() -> None:
    found = forecast(start=START, now=NOW, end=END, spent=30, stretches=None, ahead=15)
    assert (found.at_end, found.low, found.n) == (pytest.approx(60), None, 0)


def test_an_account_without_a_day_before_today_has_no_forecast_and_reaches_nothing() -> None:
    found = at_mid_month(0.000187)
    assert (found.at_end, found.low, found.high, found.n) == (None, None, None, 0)
    assert found.reaches(5, found.at_end) is None


def test_a_period_that_has_just_begun_promises_nothing() -> None:
    found = forecast(start=START, now=START, end=END, spent=0, stretches=None, ahead=30)
    assert (found.at_end, found.high) == (0, None)


def test_less_than_a_week_gives_a_line_and_no_interval() -> None:
    assert at_mid_month(0, *range(FEWEST - 1)).low is None
    assert at_mid_month(0, *range(FEWEST)).low is not None


def test_the_limit_is_reached_where_the_straight_line_crosses_it() -> None:
    found = at_mid_month(30, *[2.0] * 28)
    assert found.reaches(45, found.at_end) == NOW + timedelta(days=7.5)
    assert found.reaches(60, found.at_end) is None
    assert found.reaches(30, found.at_end) == NOW
    assert found.reaches(45, None) is None


def test_of_a_hundred_intervals_about_ninety_five_hold_what_comes() -> None:
    rng, held, trials = random.Random(3), 0, 600
    for _ in range(trials):
        days = [rng.gauss(5, 1) for _ in range(28)]
        found = at_mid_month(10, *days)
        truth = 10 + sum(rng.gauss(5, 1) for _ in range(15))
        assert found.low is not None and found.high is not None
        held += found.low <= truth <= found.high
    assert 0.93 <= held / trials <= 0.97


@given(st.floats(0, 1e6), st.lists(st.floats(0, 1e6), min_size=FEWEST, max_size=40), st.floats(0, 31))
def test_no_account_falls_and_the_interval_lies_around_the_line(spent: float, days: list[float], ahead: float) -> None:
    found = at_mid_month(spent, *days, ahead=ahead)
    assert found.low is not None and found.high is not None
    assert spent <= found.low <= found.at_end * (1 + 1e-9) + 1e-9
    assert found.at_end <= found.high * (1 + 1e-9) + 1e-9
