"""What will be spent until a budget's period ends, and when its limit is reached. Pure arithmetic, in USD."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from telemetry.query.student import quantile_95

FEWEST: Final = 7
"""Earlier stretches below which there is no interval."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an account comes to at the end of its period, in USD, with an interval at 95 %."""

    now: datetime
    end: datetime
    spent: float
    """By now."""
    at_end: float | None
    """None for an account that is too new."""
    low: float | None
    """This and ``high`` are None for fewer than `FEWEST` stretches."""
    high: float | None
    n: int
    """Earlier stretches that it rests on; 0: none, or what this period has spent so far."""

    def reaches(self, limit: float, at_end: float | None) -> datetime | None:
        """When the straight line from now to ``at_end`` comes to the limit; None when the period ends before.

        ``now`` when it is there already.
        """
        if self.spent >= limit:
            return self.now
        if at_end is None or at_end <= limit:
            return None
        return self.now + (self.end - self.now) * ((limit - self.spent) / (at_end - self.spent))


def forecast(
    *, start: datetime, now: datetime, end: datetime, spent: float, stretches: Sequence[float] | None, ahead: float
) -> Forecast:
    """Go on as before.

    With ``k`` earlier stretches of mean m and standard deviation s, ``a`` more of them come to a x m, and with 95 % to
    no more or less than a x m -+ t x s x sqrt(a + a^2 / k), t being Student's for k - 1 degrees of freedom: the
    prediction interval for the sum of further values of the same kind, each taken as independent of the others. Meeker,
    W. Q., Hahn, G. J. and Escobar, L. A. (2017), Statistical Intervals, 2nd edition, chapter 4. No account falls, so
    the lower end is at least what is spent.

    Args:
        start: of the period.
        now: a moment of it.
        end: of the period, exclusive.
        spent: in the period so far.
        stretches: what was spent in earlier stretches of one length. Empty: there are none, and what some minutes of
            an account come to says nothing of a month. None: they are not known, and the whole period so far goes on.
        ahead: how many such stretches remain until the end; need not be whole.
    """
    if stretches is None:
        passed, left = (now - start).total_seconds(), (end - now).total_seconds()
        rate = spent / passed if passed > 0 else 0.0
        return Forecast(now, end, spent, spent + rate * left, None, None, 0)
    k = len(stretches)
    if k == 0:
        return Forecast(now, end, spent, None, None, None, 0)
    mean = sum(stretches) / k
    at_end = spent + ahead * mean
    if k < FEWEST:
        return Forecast(now, end, spent, at_end, None, None, k)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in stretches) / (k - 1))
    half = quantile_95(k - 1) * deviation * math.sqrt(ahead + ahead * ahead / k)
    return Forecast(now, end, spent, at_end, max(at_end - half, spent), at_end + half, k)
