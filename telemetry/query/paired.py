"""Two verdicts on the same thing, compared: agreement beyond chance, and the difference of two shares."""

from __future__ import annotations

import math
from dataclasses import dataclass

from telemetry.query.proportion import Proportion

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Pairs:
    """How many pairs of verdicts of a first and a second say what."""

    both: int
    """Both say good."""
    first: int
    """Only the first says good."""
    second: int
    neither: int

    @property
    def n(self) -> int:
        """All pairs."""
        return self.both + self.first + self.second + self.neither


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa: agreement of two beyond what chance would give; 1 is full agreement, 0 none beyond chance."""

    n: int
    agree: Proportion
    value: float | None
    """None where it is not defined: no pairs, or both always say one and the same."""
    low: float | None
    """The interval at 95 %, within -1..1; None with it, and for fewer than two pairs."""
    high: float | None


@dataclass(frozen=True, slots=True)
class Difference:
    """The share of the first minus that of the second, -1..1; None without pairs."""

    n: int
    first: Proportion
    second: Proportion
    value: float | None
    low: float | None
    """The interval at 95 %."""
    high: float | None


def kappa(pairs: Pairs) -> Kappa:
    """Agreement beyond chance.

    Cohen, J. (1960), Educational and Psychological Measurement 20, 37-46; the standard error is that of Fleiss, J. L.,
    Cohen, J. and Everitt, B. S. (1969), Psychological Bulletin 72, 323-327.
    """
    n = pairs.n
    agree = Proportion.of(pairs.both + pairs.neither, n)
    if n == 0:
        return Kappa(0, agree, None, None, None)
    good = (pairs.both + pairs.first) / n, (pairs.both + pairs.second) / n
    bad = 1 - good[0], 1 - good[1]
    chance = good[0] * good[1] + bad[0] * bad[1]
    if chance >= 1 - 1e-12:
        return Kappa(n, agree, None, None, None)
    value = ((pairs.both + pairs.neither) / n - chance) / (1 - chance)
    # Who says the same of everything agrees with anybody by chance alone; how surely is not in these numbers.
    if n < 2 or min(*good, *bad) == 0.0:
        return Kappa(n, agree, value, None, None)
    on_diagonal = (pairs.both / n, sum(good)), (pairs.neither / n, sum(bad))
    beside = (pairs.first / n, good[1] + bad[0]), (pairs.second / n, bad[1] + good[0])
    a = sum(share * (1 - margin * (1 - value)) ** 2 for share, margin in on_diagonal)
    b = (1 - value) ** 2 * sum(share * margin**2 for share, margin in beside)
    c = (value - chance * (1 - value)) ** 2
    half = _Z95 * math.sqrt(max(a + b - c, 0.0) / n) / (1 - chance)
    return Kappa(n, agree, value, max(value - half, -1.0), min(value + half, 1.0))


def difference(pairs: Pairs) -> Difference:
    """The difference of two shares of the same pairs.

    Method 10 of Newcombe, R. G. (1998), Statistics in Medicine 17, 2635-2650: Wilson's intervals of both shares, joined
    by how the two hang together.
    """
    n = pairs.n
    first = Proportion.of(pairs.both + pairs.first, n)
    second = Proportion.of(pairs.both + pairs.second, n)
    if first.share is None or second.share is None:
        return Difference(0, first, second, None, None, None)
    phi, value = _phi(pairs), first.share - second.share
    below = (first.share - (first.low or 0.0), (second.high or 0.0) - second.share)
    above = ((first.high or 0.0) - first.share, second.share - (second.low or 0.0))
    down, up = (math.sqrt(max(a * a - 2 * phi * a * b + b * b, 0.0)) for a, b in (below, above))
    return Difference(n, first, second, value, max(value - down, -1.0), min(value + up, 1.0))


def _phi(pairs: Pairs) -> float:
    """The correlation of the pairs, with Newcombe's correction for continuity."""
    product = (
        (pairs.both + pairs.first)
        * (pairs.second + pairs.neither)
        * (pairs.both + pairs.second)
        * (pairs.first + pairs.neither)
    )
    if product == 0:
        return 0.0
    crossed = float(pairs.both * pairs.neither - pairs.first * pairs.second)
    if crossed > 0:
        crossed = max(crossed - pairs.n / 2, 0.0)
    return crossed / math.sqrt(product)
