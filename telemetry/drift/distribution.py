"""The shape of a metric, small enough to be stored and drawn: a histogram, or the shares of categories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 30
CATEGORIES: Final = 20
OTHER: Final = "other"
DIGITS: Final = 6
"""Significant ones of a stored number; nobody sees more in a picture."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram (``edges``) or shares by category (``labels``); the other of the two is empty.

    Two distributions that were made together have the same edges or labels. Without any data ``shares`` is empty.
    """

    shares: tuple[float, ...] = ()
    """They add up to 1."""
    edges: tuple[float, ...] = ()
    """One more than shares. What lies outside is counted in the first or the last bin."""
    labels: tuple[str, ...] = ()
    median: float | None = None
    p95: float | None = None

    def to_json(self) -> str:
        """As it is stored."""
        return json.dumps(
            {name: getattr(self, name) for name in self.__slots__}, separators=(",", ":"), ensure_ascii=False
        )

    @classmethod
    def from_json(cls, text: str) -> Distribution:
        """As it was stored."""
        read = json.loads(text)
        return cls(
            shares=tuple(read["shares"]),
            edges=tuple(read["edges"]),
            labels=tuple(read["labels"]),
            median=read["median"],
            p95=read["p95"],
        )


def histograms(reference: NDArray[np.float64], current: NDArray[np.float64]) -> tuple[Distribution, Distribution]:
    """Both samples over the same equal bins, which span 99 % of all values."""
    pooled = np.concatenate([reference, current])
    if not pooled.size:
        return Distribution(), Distribution()
    low, high = (float(edge) for edge in np.percentile(pooled, (0.5, 99.5)))
    if high <= low:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    return _histogram(reference, edges), _histogram(current, edges)


def category_shares(
    names: Sequence[str], reference: NDArray[np.float64], current: NDArray[np.float64]
) -> tuple[Distribution, Distribution]:
    """Both samples, given as counts by name, over the same categories, the most frequent first; the rarest together."""
    totals = reference + current
    there = [place for place in range(len(names)) if totals[place] > 0]
    ordered = sorted(there, key=lambda place: (-totals[place], names[place]))
    shown = ordered if len(ordered) <= CATEGORIES else ordered[: CATEGORIES - 1]
    rest = ordered[len(shown) :]
    labels = (*(names[place] for place in shown), *((OTHER,) if rest else ()))
    return _shares(reference, shown, rest, labels), _shares(current, shown, rest, labels)


def rounded(value: float) -> float:
    """With DIGITS significant digits."""
    return float(f"{value:.{DIGITS}g}")


def _histogram(values: NDArray[np.float64], edges: NDArray[np.float64]) -> Distribution:
    places: tuple[float, ...] = tuple(rounded(edge) for edge in edges)
    if not values.size:
        return Distribution(edges=places)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    median, p95 = (float(value) for value in np.percentile(values, (50, 95)))
    return Distribution(tuple(rounded(share) for share in counts / values.size), places, median=median, p95=p95)


def _shares(
    counts: NDArray[np.float64], shown: Sequence[int], rest: Sequence[int], labels: tuple[str, ...]
) -> Distribution:
    total = float(counts.sum())
    if not total:
        return Distribution(labels=labels)
    amounts = [float(counts[place]) for place in shown]
    if rest:
        amounts.append(float(sum(counts[place] for place in rest)))
    return Distribution(shares=tuple(rounded(amount / total) for amount in amounts), labels=labels)
