"""When did it change? A date with an interval, from the values of several weeks in the order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

BINS: Final = 240
"""Values are averaged into so many parts of equal size: of four weeks, each some three hours."""
MIN_BINS: Final = 8
REPEATS: Final = 200
COVERAGE: Final = 0.95
SEED: Final = 5


@dataclass(frozen=True, slots=True)
class Change:
    """Seconds since the epoch."""

    at: float
    low: float
    high: float
    """COVERAGE of the interval from ``low`` to ``high``."""


def estimate(at: Numbers, values: Numbers) -> Change | None:
    """The moment of one step in the mean; None with too few values to say, or without any variation.

    The step is where two means leave the least squares (D. V. Hinkley, Inference about the change-point in a sequence
    of random variables, Biometrika 57 (1970), 1-17); the interval comes from resampling each side around its mean
    (M. Hušková and C. Kirch, Bootstrapping confidence intervals for the change-point, J. Time Ser. Anal. 29 (2008)).

    Args:
        at: moments, in any order.
        values: what was measured then; ranks or shares where outliers would rule.
    """
    known = np.isfinite(values)
    at, values = at[known], values[known]
    bins = min(BINS, at.size // 4)
    if bins < MIN_BINS or np.ptp(values) == 0.0:
        return None
    order = np.argsort(at, kind="stable")
    edges = np.linspace(0, at.size, bins + 1).astype(np.int64)
    sizes = np.diff(edges)
    means = np.add.reduceat(values[order], edges[:-1]) / sizes
    starts = at[order][edges[:-1]]
    place = int(_steps(means[np.newaxis])[0])
    rng = np.random.default_rng(SEED)
    again = np.empty((REPEATS, bins))
    for part in (slice(0, place), slice(place, bins)):
        side = means[part]
        again[:, part] = rng.choice(side, (REPEATS, side.size))
    spread = np.percentile(_steps(again), (100 * (1 - COVERAGE) / 2, 100 * (1 + COVERAGE) / 2))
    low, high = int(np.floor(spread[0])), int(np.ceil(spread[1]))
    # A step lies between the first value of the bin before and the last of its own.
    last = float(at[order][-1])
    end = float(starts[high + 1]) if high + 1 < bins else last
    return Change(float(starts[place]), float(starts[max(min(low, place) - 1, 0)]), max(end, float(starts[place])))


def _steps(rows: Numbers) -> NDArray[np.int64]:
    """Of each row, where its second part begins: the split that explains most of the sum of squares."""
    number = rows.shape[1]
    sums = np.cumsum(rows, axis=1)
    left = np.arange(1, number)
    gap = sums[:, :-1] / left - (sums[:, -1:] - sums[:, :-1]) / (number - left)
    explained = np.square(gap) * left * (number - left)
    found: NDArray[np.int64] = np.argmax(explained, axis=1) + 1
    return found
