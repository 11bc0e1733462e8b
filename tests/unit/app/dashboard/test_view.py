"""Periods begin with a day, and the one before ends where this one begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dashboard.view import RANGES, View, is_range, own_range, period, purposes, range_label
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
def test_the_period_before_is_as_long_and_over_before_this_one_begins(key: str) -> None:
    now = period(key, NOW)
    before = now.before
    assert before is not None and before.start is not None and now.start is not None
    assert before.end <= now.start
    assert before.end - before.start == now.end - now.start


def test_days_are_held_against_the_same_days_of_the_week_before_to_the_same_hour() -> None:
    before = period("7d", NOW).before
    assert before is not None
    assert (before.start, before.end) == (datetime(2026, 2, 18, tzinfo=UTC), datetime(2026, 2, 24, 15, tzinfo=UTC))


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


def test_days_of_ones_own_include_the_last() -> None:
    own = period("2026-03-01..2026-03-07", NOW)
    assert (own.start, own.end) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC))
    assert (own.step, own.label) == ("day", "1 Mar 2026 to 7 Mar 2026")
    assert period("2026-03-01..2026-03-02", NOW).step == "hour"


@pytest.mark.parametrize(
    "said", ["2026-03-07..2026-03-01", "2026-02-30..2026-03-01", "x..y", "2026-03-01", "9999-12-31..9999-12-31"]
)
def test_what_is_no_stretch_of_time_is_no_range(said: str) -> None:
    assert not is_range(said)
    assert period(said, NOW).start == period("30d", NOW).start


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=400)),
    st.sampled_from(["hour", "day"]),
)
def test_what_was_written_as_a_range_covers_what_was_meant(start: datetime, length: timedelta, step) -> None:  # type: ignore[no-untyped-def]
    start = start.replace(tzinfo=UTC)
    own = period(own_range(start, start + length, step), NOW)
    assert own.start is not None
    assert own.start <= start and own.end >= start + length
    slack = timedelta(hours=1) if step == "hour" else timedelta(days=1)
    assert own.end - own.start < length + 2 * slack


def test_a_range_is_written_short_on_its_button() -> None:
    assert range_label("30d") == "30d"
    assert range_label("2026-10-01..2026-10-14") == "1 Oct to 14 Oct"
    assert range_label("2026-10-01T05..2026-10-01T09") == "1 Oct 05:00 to 1 Oct 09:00"


def test_a_period_before_that_the_store_does_not_cover_is_not_compared_with() -> None:
    week = period("7d", NOW)
    assert View(week, Filters(), first=NOW - timedelta(days=8)).before is None
    covered = View(week, Filters(), first=NOW - timedelta(days=30)).before
    assert covered is not None
    assert covered.start == datetime(2026, 2, 18, tzinfo=UTC)
