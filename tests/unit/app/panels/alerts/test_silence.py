from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.panels.alerts.silence import silence

NOW = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
FULL = NOW.replace(minute=0)


def steady(weeks: float, *, until: datetime, each: int = 5) -> list[tuple[datetime, int]]:
    hours = int(weeks * 7 * 24)
    return [(until - n * HOUR, each) for n in range(1, hours + 1)]


def test_hours_without_a_request_where_every_week_had_some_are_a_silence() -> None:
    found = silence(steady(4, until=FULL - 3 * HOUR), NOW)
    assert found is not None
    assert (found.since, found.weeks, found.expected, found.fewest) == (FULL - 3 * HOUR, 4, 15.0, 15)


def test_requests_up_to_the_last_full_hour_are_no_silence() -> None:
    assert silence(steady(4, until=FULL), NOW) is None
    assert silence([*steady(4, until=FULL), (FULL, 1)], NOW) is None


def test_too_short_a_history_says_nothing() -> None:
    assert silence(steady(1.9, until=FULL - 10 * HOUR), NOW) is None
    assert silence([], NOW) is None


def test_a_few_requests_that_did_not_come_are_no_news() -> None:
    assert silence(steady(4, until=FULL - 3 * HOUR, each=3), NOW) is None
    assert silence(steady(4, until=FULL - 4 * HOUR, each=3), NOW) is not None


def test_a_night_that_is_always_quiet_is_no_silence() -> None:
    office = [(at, n) for at, n in steady(5, until=FULL - 20 * HOUR, each=50) if 8 <= at.hour < 18]
    night = NOW.replace(hour=6)
    assert silence([(at, n) for at, n in office if at < night - 10 * HOUR], night) is None


def test_a_silence_of_weeks_is_compared_with_the_weeks_before_it() -> None:
    found = silence(steady(3.5, until=FULL - 10 * 24 * HOUR), NOW)
    assert found is not None and found.fewest > 0
