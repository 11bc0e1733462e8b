"""ISO 8601 weeks: Monday 00:00 UTC to the next Monday, named ``2026-W47``, known inside by their Monday."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from telemetry.errors import UnknownWeek

WEEK = timedelta(days=7)
HOURS_PER_WEEK = 168

_LABEL = re.compile(r"(\d{4})-W(\d{2})", re.ASCII | re.IGNORECASE)
_EPOCH_MONDAY = date(1969, 12, 29)
_HOURS_TO_EPOCH = 72
"""The epoch was a Thursday."""


def monday_of(moment: datetime) -> date:
    """The Monday of the week in which a moment lies; a naive moment is taken as UTC."""
    day = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)).date()
    return day - timedelta(days=day.weekday())


def start_of(monday: date) -> datetime:
    """The moment at which a week begins."""
    return datetime.combine(monday, time(), tzinfo=UTC)


def label_of(monday: date) -> str:
    """A week's name. Its year is that of its Thursday, as ISO 8601 has it."""
    year, week, _ = monday.isocalendar()
    return f"{year:04d}-W{week:02d}"


def parse_week(text: str) -> date:
    """The Monday of a week by its name.

    Raises:
        UnknownWeek: it is no name of a week, or its year has no such week.
    """
    found = _LABEL.fullmatch(text.strip())
    if found is None:
        raise UnknownWeek(f"{text!r} names no week; write it as 2026-W47")
    year, week = int(found[1]), int(found[2])
    try:
        return date.fromisocalendar(year, week, 1)
    except ValueError:
        raise UnknownWeek(f"the year {year} has no week {week}; weeks go from 01 to 52 or 53") from None


def week_number(hour: int) -> int:
    """Weeks since the one of the epoch, of an hour counted from the epoch."""
    return (hour + _HOURS_TO_EPOCH) // HOURS_PER_WEEK


def monday_of_number(number: int) -> date:
    """The inverse of `week_number`."""
    return _EPOCH_MONDAY + number * WEEK
