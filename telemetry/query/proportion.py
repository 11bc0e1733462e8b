"""A share of a number of cases, with what it may be in truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Proportion:
    """``part`` of ``n``, each share 0..1 and None when n is 0."""

    part: int
    n: int
    share: float | None
    low: float | None
    """Wilson's interval at 95 %: Wilson, E. B. (1927), JASA 22, 209-212."""
    high: float | None

    @classmethod
    def of(cls, part: int, n: int) -> Proportion:
        """The share and its interval."""
        if n <= 0:
            return cls(part, n, None, None, None)
        share, spread = part / n, _Z95 * _Z95 / n
        middle = (share + spread / 2) / (1 + spread)
        half = _Z95 * math.sqrt(max(share * (1 - share), 0.0) / n + spread / (4 * n)) / (1 + spread)
        return cls(part, n, share, max(middle - half, 0.0), min(middle + half, 1.0))

    def differs_from(self, other: Proportion | None) -> bool:
        """Whether the two shares differ by more than chance, at 95 %; False where either is not known.

        The interval of their difference leaves out 0: Newcombe, R. G. (1998), "Interval estimation for the difference
        between independent proportions", Statistics in Medicine 17, method 10.
        """
        if other is None or self.share is None or other.share is None:
            return False
        above, below = (self, other) if self.share >= other.share else (other, self)
        assert above.share is not None and above.low is not None
        assert below.share is not None and below.high is not None
        half = math.hypot(above.share - above.low, below.high - below.share)
        return above.share - below.share > half
