"""Like with like: the reference weighted so that it was asked what the week was asked.

A stratum is a set of prompts that are alike in what is known before any model is called: intent, language and length.
Weighting splits a change in two (J. DiNardo, N. Fortin and T. Lemieux, Econometrica 64 (1996), 1001-1044): what the
prompts alone would have changed, and what is left, which the model did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

MIN_REFERENCE: Final = 5
"""Rows of the reference in a stratum; fewer cannot stand for what the model used to do there."""
MIN_MATCHED: Final = 0.5
"""Share of the week in strata that the reference has; below, too much of what was asked is new."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Which rows have their like, and what those of the reference weigh."""

    reference: NDArray[np.bool_]
    current: NDArray[np.bool_]
    weights: NDArray[np.float64]
    """Of the reference's matched rows; their mean is 1."""

    @property
    def share(self) -> float:
        """Of the week's rows, those that have their like."""
        return float(self.current.mean()) if self.current.size else 0.0


def match(reference: NDArray[np.int64], current: NDArray[np.int64]) -> Matched:
    """Weigh rows of the reference by how often their stratum was asked in the week.

    Args:
        reference: the stratum of each row.
        current: likewise.
    """
    names, places = np.unique(np.concatenate([reference, current]), return_inverse=True)
    before, after = places[: reference.size], places[reference.size :]
    had = np.bincount(before, minlength=names.size)
    has = np.bincount(after, minlength=names.size)
    shared = (had >= MIN_REFERENCE) & (has > 0)
    ratio = np.where(shared, has / np.maximum(had, 1), 0.0)
    kept = shared[before]
    weights = ratio[before][kept]
    if weights.size:
        weights = weights / weights.mean()
    return Matched(kept, shared[after], weights)
