"""What the reader looks at: a period, the one before it, and the filters, all of it from the page's address."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from app import units
from telemetry.query.filters import Filters
from telemetry.query.overview import Step

DEFAULT_RANGE: Final = "30d"
_DAYS: dict[str, int] = {"7d": 7, "30d": 30, "8w": 56}
RANGES: Final = ("24h", "7d", "30d", "8w", "all")
"""The periods that have a name; any other is written ``2026-10-01..2026-10-14``, see `own_range`."""

HOURLY: Final = timedelta(days=3)
"""A period of one's own up to this long is counted in hours."""
_OWN = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d))?\.\.(\d{4}-\d\d-\d\d)(?:T(\d\d))?")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time in UTC; ``start`` None reaches back to the first decision. ``end`` is exclusive."""

    key: str
    start: datetime | None
    end: datetime
    step: Step

    @property
    def label(self) -> str:
        """``24 Oct 2026 to 23 Nov 2026``, with the hour when the period is counted in hours."""
        if self.start is None:
            return "everything stored"
        if self.step == "hour":
            return f"{units.day(self.start)} {self.start:%H:%M} to {units.day(self.end)} {self.end:%H:%M}"
        return f"{units.day(self.start)} to {units.day(self.end - timedelta(seconds=1))}"

    @property
    def shift(self) -> timedelta:
        """From a moment of the period before to the one of this period that stands for it; 0 for all that is stored.

        Whole days where days are counted, so that bars stand for bars: seven days are held against the same weekdays,
        and the last, unfinished one against as much of its own.
        """
        if self.start is None:
            return timedelta(0)
        length = self.end - self.start
        return timedelta(days=-(-length // timedelta(days=1))) if self.step == "day" else length

    @property
    def before(self) -> Period | None:
        """The period of the same length before this one, `shift` earlier."""
        if self.start is None:
            return None
        return replace(self, start=self.start - self.shift, end=self.end - self.shift)


def period(key: str, now: datetime) -> Period:
    """The period that a key of `RANGES` names, ended by the full hour after ``now``, or one written by `own_range`.

    Days are UTC days, the present one included, so that no bar of a chart stands for part of a day but the last.
    """
    own = _own_period(key)
    if own is not None:
        return own
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if key == "24h":
        return Period(key, end - timedelta(hours=24), end, "hour")
    if key == "all":
        return Period(key, None, end, "day")
    days = _DAYS.get(key, _DAYS[DEFAULT_RANGE])
    return Period(key, _midnight(now.astimezone(UTC)) - timedelta(days=days - 1), end, "day")


def own_range(start: datetime, end: datetime, step: Step = "day") -> str:
    """How an address names a stretch of time: days, the last included, or full hours, the last excluded.

    Both ends are widened to what the stretch is counted in: hours when ``step`` says so or the stretch is short.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if step == "hour":
        first = start.replace(minute=0, second=0, microsecond=0)
        last = end.replace(minute=0, second=0, microsecond=0)
        last += timedelta(hours=1) if last < end or last == first else timedelta(0)
        return f"{first:%Y-%m-%dT%H}..{last:%Y-%m-%dT%H}"
    last_day = max(_midnight(end - timedelta(microseconds=1)), _midnight(start))
    return f"{start:%Y-%m-%d}..{last_day:%Y-%m-%d}"


def is_range(key: str) -> bool:
    """Whether an address may say this."""
    return key in RANGES or _own_period(key) is not None


def range_label(key: str) -> str:
    """A range as a button says it: ``30d``, ``1 Oct to 14 Oct``."""
    own = _own_period(key)
    if own is None or own.start is None:
        return key
    last = own.end if own.step == "hour" else own.end - timedelta(seconds=1)
    hour = " %H:%M" if own.step == "hour" else ""
    first = f"{own.start.day} {own.start.strftime(f'%b{hour}')}"
    return first if _midnight(own.start) == last else f"{first} to {last.day} {last.strftime(f'%b{hour}')}"


def _own_period(key: str) -> Period | None:
    found = _OWN.fullmatch(key)
    if found is None:
        return None
    hourly = found[2] is not None and found[4] is not None
    try:
        start = datetime.fromisoformat(f"{found[1]}T{found[2] if hourly else '00'}:00+00:00")
        end = datetime.fromisoformat(f"{found[3]}T{found[4] if hourly else '00'}:00+00:00")
        end += timedelta(0) if hourly else timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    if end <= start:
        return None
    return Period(key, start, end, "hour" if end - start <= HOURLY else "day")


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class View:
    """A period and the filters on it."""

    period: Period
    filters: Filters
    first: datetime | None = None
    """When the oldest decision of the store was made."""
    compare: bool = False
    """Whether charts draw the period before as well."""

    @property
    def before(self) -> Filters | None:
        """The same filters, one period earlier.

        None when the store does not cover all of that period, since it would compare unlike things.
        """
        earlier = self.period.before
        if earlier is None or earlier.start is None or self.first is None or self.first > earlier.start:
            return None
        return replace(self.filters, start=earlier.start, end=earlier.end)

    @property
    def shift(self) -> timedelta:
        """What is added to a moment of the period before to draw it in this one."""
        return self.period.shift

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """What a time axis shows: the whole period, in whole steps. None while nothing is stored."""
        start, end = self.period.start or self.first, self.period.end
        if start is None:
            return None
        if self.period.step == "day":
            start, end = _midnight(start), _midnight(end - timedelta(seconds=1)) + timedelta(days=1)
        return start, end

    @property
    def question(self) -> tuple[str, Filters]:
        """What is asked, the same for as long as the reader changes nothing, though "now" goes on."""
        return self.period.key, replace(self.filters, start=None, end=None)

    @property
    def narrowed(self) -> bool:
        """Whether anything but the period restricts what is shown."""
        chosen = self.filters
        lists = (chosen.routes, chosen.tenants, chosen.models, chosen.intents, chosen.statuses, chosen.risks)
        return any((*lists, chosen.data_classes)) or chosen.policy_version is not None or chosen.simulated is not None


def purposes(include_playground: bool) -> tuple[str, ...]:
    """Whose requests are counted."""
    return ("user", "playground") if include_playground else ("user",)
