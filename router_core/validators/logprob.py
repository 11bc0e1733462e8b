"""Log-probability: how sure the model itself was of each of its words.

On small models it hardly tells right from wrong (AUROC 0.47 to 0.57 on MMLU), so it is never a default.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from router_core.request import RouteRequest
from router_core.validators.base import Asked, CompleteAnswer, Score, Validator


class Logprob(Validator):
    """exp(mean log-probability of the tokens): the geometric mean of their probabilities."""

    def __init__(self, name: str, threshold: float, *, passes_unknown: bool = False) -> None:
        self.name = name
        self.threshold = threshold
        self._passes_unknown = passes_unknown

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`. Unknown when the model states no probabilities."""
        mean = answer.mean_logprob
        if mean is None:
            return Score(None, f"{answer.model} states no log-probabilities.", self._passes_unknown)
        share = math.exp(min(mean, 0.0))
        return Score(share, f"The mean log-probability of its tokens is {mean:.3f}, a probability of {share:.2f} each.")
