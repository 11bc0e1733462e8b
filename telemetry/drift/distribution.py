"""The shape of a metric, small enough to be stored and drawn: a histogram, or the shares of categories."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 30
CATEGORIES = 20
OTHER = "other"


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
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

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


def category_shares(reference: Sequence[str], current: Sequence[str]) -> tuple[Distribution, Distribution]:
    """Both samples over the same categories, the most frequent first; the rarest are put together."""
    counts = [Counter(reference), Counter(current)]
    totals = counts[0] + counts[1]
    ordered = sorted(totals, key=lambda label: (-totals[label], label))
    shown = ordered if len(ordered) <= CATEGORIES else ordered[: CATEGORIES - 1]
    rest = ordered[len(shown) :]
    labels = (*shown, OTHER) if rest else tuple(shown)
    return _shares(counts[0], shown, rest, labels), _shares(counts[1], shown, rest, labels)


def _histogram(values: NDArray[np.float64], edges: NDArray[np.float64]) -> Distribution:
    rounded: tuple[float, ...] = tuple(float(edge) for edge in edges)
    if not values.size:
        return Distribution(edges=rounded)
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    median, p95 = (float(value) for value in np.percentile(values, (50, 95)))
    return Distribution(
        shares=tuple(float(share) for share in counts / values.size), edges=rounded, median=median, p95=p95
    )


def _shares(counts: Counter[str], shown: Sequence[str], rest: Sequence[str], labels: tuple[str, ...]) -> Distribution:
    total = counts.total()
    if not total:
        return Distribution(labels=labels)
    amounts: list[Any] = [counts[label] for label in shown]
    if rest:
        amounts.append(sum(counts[label] for label in rest))
    return Distribution(shares=tuple(amount / total for amount in amounts), labels=labels)
