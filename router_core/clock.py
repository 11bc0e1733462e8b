"""Time as something handed in: the system's clock, or one that a test or the demo moves by hand."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the router needs to know of time."""

    @property
    def goes_by_itself(self) -> bool:
        """Whether it goes on while the router works; else the router's own time cannot be told."""
        ...

    def time_ns(self) -> int:
        """Wall clock, nanoseconds since the Unix epoch (UTC). For stamps, never for durations."""
        ...

    def monotonic_ns(self) -> int:
        """Nanoseconds on a clock that never goes back. For durations and deadlines."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for ``seconds`` on this clock."""
        ...


class SystemClock:
    """The machine's own clock."""

    goes_by_itself = True
    # The functions themselves: a request asks them forty times.
    time_ns = staticmethod(time.time_ns)
    monotonic_ns = staticmethod(time.monotonic_ns)

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until it is moved: `sleep` moves it at once, nobody waits.

    Tests freeze it; the demo lets the scripted provider walk it through simulated weeks.
    """

    goes_by_itself = False

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("ManualClock needs a time zone: pass an aware datetime")
        self._wall_ns = int(start.timestamp() * 1e9)
        self._monotonic_ns = 0

    def time_ns(self) -> int:
        """See `Clock.time_ns`."""
        return self._wall_ns

    def monotonic_ns(self) -> int:
        """See `Clock.monotonic_ns`."""
        return self._monotonic_ns

    def advance(self, seconds: float) -> None:
        """Move both faces of the clock forward; negative steps are refused (ValueError)."""
        if seconds < 0:
            raise ValueError("a monotonic clock cannot go back")
        step = round(seconds * 1e9)
        self._wall_ns += step
        self._monotonic_ns += step

    def move_to(self, moment: datetime) -> None:
        """Jump to a wall time that is not in this clock's past (ValueError)."""
        self.advance((int(moment.timestamp() * 1e9) - self._wall_ns) / 1e9)

    async def sleep(self, seconds: float) -> None:
        """Advance instead of waiting, then let other tasks run."""
        self.advance(seconds)
        await asyncio.sleep(0)


@dataclass(slots=True)
class Timeline:
    """One request's time line: stamps are the wall time at its start plus monotonic progress.

    Spans stamped by it can neither run backwards nor jump when the wall clock is set.
    """

    clock: Clock
    start_ns: int = field(init=False)
    _start_monotonic_ns: int = field(init=False)

    def __post_init__(self) -> None:
        self.start_ns = self.clock.time_ns()
        self._start_monotonic_ns = self.clock.monotonic_ns()

    def elapsed_ns(self) -> int:
        """Nanoseconds since the request began."""
        return self.clock.monotonic_ns() - self._start_monotonic_ns

    def elapsed_ms(self) -> float:
        """Milliseconds since the request began."""
        return self.elapsed_ns() / 1e6

    def now_ns(self) -> int:
        """The present as a wall stamp on this line."""
        return self.start_ns + self.elapsed_ns()

    def started_at(self) -> datetime:
        """When the request began, as an aware UTC datetime."""
        return datetime.fromtimestamp(self.start_ns / 1e9, tz=UTC)
