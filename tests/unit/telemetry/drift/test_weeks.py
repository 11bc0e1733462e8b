from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.drift.weeks import label_of, monday_of, monday_of_number, parse_week, start_of, week_number
from telemetry.errors import UnknownWeek


def test_a_week_begins_on_monday_in_utc():
    assert monday_of(datetime(2026, 11, 23, tzinfo=UTC)) == date(2026, 11, 23)
    assert monday_of(datetime(2026, 11, 22, 23, 59, 59, tzinfo=UTC)) == date(2026, 11, 16)
    assert monday_of(datetime(2026, 11, 23, 0, 30, tzinfo=timezone(timedelta(hours=2)))) == date(2026, 11, 16)
    assert start_of(date(2026, 11, 23)) == datetime(2026, 11, 23, tzinfo=UTC)


def test_a_weeks_year_is_that_of_its_thursday():
    assert label_of(date(2026, 11, 16)) == "2026-W47"
    assert label_of(date(2026, 12, 28)) == "2026-W53"
    assert label_of(date(2024, 12, 30)) == "2025-W01"


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_names_hours_and_mondays_agree(moment: datetime):
    monday = monday_of(moment)
    assert monday.weekday() == 0
    assert parse_week(label_of(monday)) == monday
    assert monday_of_number(week_number(int(moment.timestamp() // 3600))) == monday


@pytest.mark.parametrize("text", ["", "2026", "2026-47", "W47", "2026-W54", "2025-W53", "2026-W00", "0000-W01"])
def test_what_names_no_week_is_refused_in_one_sentence(text: str):
    with pytest.raises(UnknownWeek) as caught:
        parse_week(text)
    assert "\n" not in str(caught.value) and ("write it as" in str(caught.value) or "has no week" in str(caught.value))
