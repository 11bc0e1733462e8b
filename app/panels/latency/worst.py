"""The worst stretch of a course: where so many calls failed, or were slow, in so few hours that it is no chance.

Every run of up to a day is looked at, and the one that differs most from the rest is taken, by the likelihood ratio of
Kulldorff's scan statistic: Kulldorff, M. (1997), "A spatial scan statistic", Communications in Statistics 26(6). It is
told only if so many hits would fall into it by chance less than once in twenty such periods: the exact hypergeometric
tail, times the number of runs that were looked at (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

LONGEST: Final = 24
"""Steps of the longest run that is looked at; days or hours."""
CHANCE: Final = 0.05
_NEGLIGIBLE: Final = 40.0
"""A term smaller by this, as a logarithm, no longer changes a sum."""
FEWEST: Final = 3
"""Hits below which no stretch is called bad, however unlikely they are."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many of the calls of one step were hits: failed, or slow."""

    start: datetime
    hits: int
    n: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of steps against all others."""

    start: datetime
    end: datetime
    hits: int
    n: int
    rest_hits: int
    rest_n: int
    chance: float
    """At most so likely is a run like this anywhere in the period, were all calls alike."""


def worst_stretch(steps: Sequence[Tally], width: timedelta) -> Stretch | None:
    """The run of steps with far more hits than the rest; None when there is none that is no chance.

    Args:
        steps: oldest first; those without a call may be left out.
        width: of a step.
    """
    steps = [step for step in steps if step.n]
    hits = np.array([0, *np.cumsum([step.hits for step in steps])])
    calls = np.array([0, *np.cumsum([step.n for step in steps])])
    all_hits, all_calls = int(hits[-1]), int(calls[-1])
    if all_hits < FEWEST or all_hits == all_calls:
        return None
    places = np.array([(step.start - steps[0].start) / width for step in steps])
    best, looked_at, found = 0.0, 0, (0, 0)
    for length in range(1, min(LONGEST, len(steps) - 1) + 1):
        # Steps without calls are left out, so a run of so many steps may last longer than so many hours.
        lasts = places[length - 1 :] - places[: len(places) - length + 1] < LONGEST
        inside, within = hits[length:] - hits[:-length], calls[length:] - calls[:-length]
        ratio = np.where(lasts, _ratio(inside, within, all_hits, all_calls), 0.0)
        looked_at += int(lasts.sum())
        place = int(np.argmax(ratio))
        if ratio[place] > best:
            best, found = float(ratio[place]), (place, place + length)
    if best == 0.0:
        return None
    first, after = found
    k, n = int(hits[after] - hits[first]), int(calls[after] - calls[first])
    chance = min(1.0, _at_least(k, n, all_hits, all_calls) * looked_at)
    if k < FEWEST or chance >= CHANCE:
        return None
    return Stretch(steps[first].start, steps[after - 1].start + width, k, n, all_hits - k, all_calls - n, chance)


def _ratio(inside: NDArray[np.int64], within: NDArray[np.int64], all_hits: int, all_calls: int) -> NDArray[np.float64]:
    """The logarithm of the likelihood ratio of each run; 0 where it is no worse than the rest."""
    outside, without = all_hits - inside, all_calls - within
    gain = (
        _likelihood(inside, within)
        + _likelihood(outside, without)
        - float(_likelihood(np.array([all_hits]), np.array([all_calls]))[0])
    )
    return np.where(inside * np.maximum(without, 1) > outside * within, gain, 0.0)


def _likelihood(hits: NDArray[np.int64], calls: NDArray[np.int64]) -> NDArray[np.float64]:
    """The largest log likelihood of so many hits in so many calls; 0 log 0 is 0."""
    misses = calls - hits
    whole = np.maximum(calls, 1)
    result: NDArray[np.float64] = hits * np.log(np.maximum(hits, 1) / whole) + misses * np.log(
        np.maximum(misses, 1) / whole
    )
    return result


def _at_least(k: int, n: int, all_hits: int, all_calls: int) -> float:
    """The chance of k or more of all hits among n of all calls, drawn without looking; k is more than expected."""
    least, chance, first = _choices(all_calls, n), 0.0, -math.inf
    for i in range(k, min(n, all_hits) + 1):
        term = _choices(all_hits, i) + _choices(all_calls - all_hits, n - i) - least
        first = max(first, term)
        # Above what is expected each term is smaller than the one before it.
        if term < first - _NEGLIGIBLE:
            break
        chance += math.exp(term)
    return min(1.0, chance)


def _choices(whole: int, part: int) -> float:
    """The logarithm of the number of ways to take ``part`` of ``whole``; minus infinity for none."""
    if part < 0 or part > whole:
        return -math.inf
    return math.lgamma(whole + 1) - math.lgamma(part + 1) - math.lgamma(whole - part + 1)
