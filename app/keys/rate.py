"""How many requests a key may send: a bucket that a minute fills.

A full bucket lets a minute's worth through at once, then one request each time that another drop has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from router_core.clock import Clock

_MINUTE_NS: Final = 60 * 1_000_000_000


@dataclass(slots=True)
class _Bucket:
    full_at_ns: int
    """When it will be full again, on the monotonic clock: all that has to be known of it."""


class Rates:
    """The buckets of one process, by key; a state machine over the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, key: str, per_minute: int) -> float:
        """Let one more request through: 0, or else how many seconds it has to wait, and then it is not counted.

        The generic cell rate algorithm (ITU-T I.371), with a minute for its tolerance.
        """
        now, drop = self._clock.monotonic_ns(), _MINUTE_NS // per_minute
        bucket = self._buckets.setdefault(key, _Bucket(now))
        full_at = max(bucket.full_at_ns, now) + drop
        if full_at - now > drop * per_minute:
            return (full_at - now - drop * per_minute) / 1e9
        bucket.full_at_ns = full_at
        return 0.0
