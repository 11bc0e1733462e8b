"""Periods begin with a day, and the one before ends where this one begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.dashboard.view import RANGES, View, period, purposes
from telemetry.query.filters import Filters

NOW = datetime(2026, 3, 3, 14, 25, tzinfo=UTC)


def test_seven_days_are_today_and_the_six_before() -> None:
    week = period("7d", NOW)
    assert week.start == datetime(2026, 2, 25, tzinfo=UTC)
    assert week.end == datetime(2026, 3, 3, 15, tzinfo=UTC)
    assert week.label == "25 Feb 2026 to 3 Mar 2026"


def test_a_day_is_counted_in_hours() -> None:
    day = period("24h", NOW)
    assert day.step == "hour"
    assert day.start is not None
    assert day.end - day.start == timedelta(hours=24)


@pytest.mark.parametrize("key", [key for key in RANGES if key != "all"])
def test_the_period_before_has_the_same_length_and_touches(key: str) -> None:
    now = period(key, NOW)
    before = now.before
    assert before is not None and before.start is not None and now.start is not None
    assert before.end == now.start
    assert before.end - before.start == now.end - now.start


def test_everything_has_nothing_before_it() -> None:
    whole = period("all", NOW)
    assert whole.start is None
    assert View(whole, Filters()).before is None


def test_a_key_that_is_none_of_ours_means_the_default() -> None:
    assert period("1000y", NOW).start == period("30d", NOW).start


def test_a_local_time_is_taken_for_what_it_is_in_utc() -> None:
    eastern = NOW.astimezone(tz=None)
    assert period("7d", eastern) == period("7d", NOW)


def test_playground_counts_only_when_asked() -> None:
    assert purposes(False) == ("user",)
    assert purposes(True) == ("user", "playground")
