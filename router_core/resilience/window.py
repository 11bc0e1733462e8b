"""Counts over the last seconds: a ring of equal buckets with running sums."""

from __future__ import annotations

from typing import Final

BUCKETS: Final = 20
"""How many buckets a window has. What is counted is between 19/20 of its length and the whole."""


class CountingWindow:
    """How often each of several kinds of things happened lately. Amortised O(1), fixed memory.

    ``now_ns`` is monotonic time in nanoseconds and never goes back. A window of W seconds ends at present and begins
    with a whole bucket of W/20 seconds.
    """

    __slots__ = ("_buckets", "_newest", "_sums", "_width_ns")

    def __init__(self, seconds: float, kinds: int) -> None:
        """A window of ``seconds``; kinds are numbered from 0.

        Raises:
            ValueError: no time, or nothing to count.
        """
        if not seconds > 0 or kinds < 1:
            raise ValueError("a window needs a positive length and at least one kind")
        self._width_ns = max(round(seconds * 1e9 / BUCKETS), 1)
        self._buckets = [[0] * kinds for _ in range(BUCKETS)]
        self._sums = [0] * kinds
        self._newest = -1

    def add(self, now_ns: int, kind: int) -> None:
        """One more of ``kind``."""
        self._advance(now_ns)
        self._buckets[self._newest % BUCKETS][kind] += 1
        self._sums[kind] += 1

    def total(self, now_ns: int, kind: int) -> int:
        """How many of ``kind`` there were."""
        self._advance(now_ns)
        return self._sums[kind]

    def clear(self) -> None:
        """Forget everything."""
        for bucket in self._buckets:
            bucket[:] = [0] * len(bucket)
        self._sums[:] = [0] * len(self._sums)

    def _advance(self, now_ns: int) -> None:
        present = now_ns // self._width_ns
        if present <= self._newest:
            return
        for number in range(max(self._newest + 1, present - BUCKETS + 1), present + 1):
            bucket = self._buckets[number % BUCKETS]
            for kind, count in enumerate(bucket):
                self._sums[kind] -= count
                bucket[kind] = 0
        self._newest = present
