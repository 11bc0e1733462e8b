"""What the reader looks at: a period, the one before it, and the filters, all of it from the page's address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from app import units
from telemetry.query.filters import Filters
from telemetry.query.overview import Step

RangeKey: TypeAlias = Literal["24h", "7d", "30d", "8w", "all"]

DEFAULT_RANGE: RangeKey = "30d"
_DAYS: dict[str, int] = {"7d": 7, "30d": 30, "8w": 56}
RANGES: tuple[RangeKey, ...] = ("24h", "7d", "30d", "8w", "all")


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time in UTC; ``start`` None reaches back to the first decision. ``end`` is exclusive."""

    key: str
    start: datetime | None
    end: datetime
    step: Step

    @property
    def label(self) -> str:
        """``24 Oct 2026 to 23 Nov 2026``, with the hour when the period is a day."""
        if self.start is None:
            return "everything stored"
        if self.step == "hour":
            return f"{units.day(self.start)} {self.start:%H:%M} to {units.day(self.end)} {self.end:%H:%M}"
        return f"{units.day(self.start)} to {units.day(self.end - timedelta(seconds=1))}"

    @property
    def before(self) -> Period | None:
        """The period of the same length right before this one."""
        if self.start is None:
            return None
        return replace(self, start=self.start - (self.end - self.start), end=self.start)


def period(key: str, now: datetime) -> Period:
    """The period that a key of `RANGES` names, ended by the full hour after ``now``.

    Days are UTC days, the present one included, so that no bar of a chart stands for part of a day but the last.
    """
    end = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if key == "24h":
        return Period(key, end - timedelta(hours=24), end, "hour")
    if key == "all":
        return Period(key, None, end, "day")
    days = _DAYS.get(key, _DAYS[DEFAULT_RANGE])
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return Period(key, midnight - timedelta(days=days - 1), end, "day")


@dataclass(frozen=True, slots=True)
class View:
    """A period and the filters on it."""

    period: Period
    filters: Filters

    @property
    def before(self) -> Filters | None:
        """The same filters, one period earlier."""
        earlier = self.period.before
        return None if earlier is None else replace(self.filters, start=earlier.start, end=earlier.end)

    @property
    def narrowed(self) -> bool:
        """Whether anything but the period restricts what is shown."""
        chosen = self.filters
        return any((chosen.routes, chosen.tenants, chosen.models, chosen.intents, chosen.statuses)) or (
            chosen.simulated is not None
        )


def purposes(include_playground: bool) -> tuple[str, ...]:
    """Whose requests are counted."""
    return ("user", "playground") if include_playground else ("user",)
