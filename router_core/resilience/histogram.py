"""Latencies of late: a histogram on a log scale whose old entries fade.

Entries are weighted by forward decay (Cormode, Shkapenyuk, Srivastava, Xu: "Forward Decay", ICDE 2009): an entry is
added with the weight ``2**((t - landmark) / half_life)``, so adding is O(1) and nothing is ever aged one by one. Fading
scales all weights alike; quantiles change only when something is added.
"""

from __future__ import annotations

import math
from typing import Final

PER_OCTAVE: Final = 8
"""Buckets for each doubling: a quantile is off by at most 4.5 %."""
OCTAVES: Final = 22
"""From 1 ms to more than an hour; what lies outside counts in the last bucket at its end."""
_SIZE: Final = PER_OCTAVE * OCTAVES
_RESCALE_AT: Final = 64.0
"""Half-lives after which the landmark moves, long before a weight overflows."""


class FadingHistogram:
    """Weighted counts of latencies in ms. Monotonic time in ns, which never goes back."""

    __slots__ = ("_counts", "_half_life_ns", "_landmark_ns", "_quantiles", "_weight")

    def __init__(self, half_life_s: float) -> None:
        self._half_life_ns = half_life_s * 1e9
        self._counts = [0.0] * _SIZE
        self._weight = 0.0
        self._landmark_ns: int | None = None
        self._quantiles: dict[float, float] = {}

    def add(self, now_ns: int, milliseconds: float) -> None:
        """One more latency."""
        place = min(max(int(PER_OCTAVE * math.log2(max(milliseconds, 1.0))), 0), _SIZE - 1)
        weight = self._growth(now_ns)
        self._counts[place] += weight
        self._weight += weight
        self._quantiles.clear()

    def weight(self, now_ns: int) -> float:
        """How many latencies of this moment it is worth: an entry counts 1 when new, 1/2 after a half-life."""
        return self._weight / self._growth(now_ns) if self._weight else 0.0

    def quantile(self, share: float) -> float | None:
        """The latency in ms below which ``share`` of the weight lies; None when there is none."""
        if not self._weight:
            return None
        if share not in self._quantiles:
            self._quantiles[share] = self._find(share)
        return self._quantiles[share]

    def clear(self) -> None:
        """Forget everything."""
        self._counts = [0.0] * _SIZE
        self._weight = 0.0
        self._landmark_ns = None
        self._quantiles.clear()

    def _find(self, share: float) -> float:
        wanted, seen, last = share * self._weight, 0.0, 0
        for place, count in enumerate(self._counts):
            if count:
                seen, last = seen + count, place
                if seen >= wanted:
                    break
        # The middle of the bucket on the log scale.
        return float(2 ** ((last + 0.5) / PER_OCTAVE))

    def _growth(self, now_ns: int) -> float:
        """The weight of an entry made now. Moves the landmark when that grows large."""
        if self._landmark_ns is None:
            self._landmark_ns = now_ns
        age = (now_ns - self._landmark_ns) / self._half_life_ns
        if age <= _RESCALE_AT:
            return float(2.0**age)
        shrink = 2.0 ** -min(age, 1000.0)
        self._counts = [count * shrink for count in self._counts]
        self._weight = sum(self._counts)
        self._landmark_ns = now_ns
        self._quantiles.clear()
        return 1.0
