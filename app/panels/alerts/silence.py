"""Whether requests have stopped: none for hours in which every comparable week had some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WEEKS: Final = 4
"""How many weeks are compared with, at most; two at least."""
ENOUGH: Final = 10.0
"""Requests that would have been expected meanwhile; with fewer, a quiet hour is no news."""
_HOUR: Final = timedelta(hours=1)
_WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch without a request."""

    since: datetime
    """The end of the last hour with a request."""
    weeks: int
    """How many weeks are compared with."""
    expected: float
    """Requests in the same hours of these weeks, on average."""
    fewest: int
    """In the quietest of them."""


def silence(hours: Sequence[tuple[datetime, int]], now: datetime) -> Silence | None:
    """The silence up to now, if it is none of the usual.

    It is judged by full hours: those after the last one with a request, up to the present one, against the same hours
    of each week before.

    Args:
        hours: the starts of hours and the requests in them, in any order; those without any may be left out.
        now: an aware datetime.
    """
    counts = {start: n for start, n in hours if n}
    if not counts:
        return None
    since, end = max(counts) + _HOUR, now.replace(minute=0, second=0, microsecond=0)
    quiet = [since + number * _HOUR for number in range(int((end - since) / _HOUR))]
    # A silence longer than a week would be compared with itself.
    quiet = quiet[: int(_WEEK / _HOUR)]
    first = min(counts)
    weeks = [back for back in range(1, WEEKS + 1) if quiet and quiet[0] - back * _WEEK >= first]
    if len(weeks) < 2:
        return None
    before = [sum(counts.get(hour - back * _WEEK, 0) for hour in quiet) for back in weeks]
    expected = sum(before) / len(before)
    if min(before) == 0 or expected < ENOUGH:
        return None
    return Silence(since, len(weeks), expected, min(before))
