"""A linear classifier over the words of a text: how it is stored, and what it says.

Each word holds hashed features with values. It adds one row to a sum, the same wherever it stands, so the rows can be
remembered (`word_rows`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from math import exp, sqrt
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from router_core.signals.word_rows import summed


@dataclass(frozen=True, slots=True)
class LinearClassifier:
    """Multinomial logistic regression on idf-weighted features, scaled by the root of the sum of their squares.

    Shapes: ``idf`` (features,), ``weights`` (features, classes), ``bias`` (classes,).
    """

    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: tuple[float, ...]
    temperature: float
    """Divides the logits so that the probability is as often right as it says; fitted by cross-validation."""

    @classmethod
    def stored(cls, file: str) -> Self:
        """The trained classifier that this package brings along as data/``file``."""
        with (
            files("router_core.signals").joinpath("data", file).open("rb") as stream,
            np.load(stream, allow_pickle=False) as arrays,
        ):
            return cls(
                idf=arrays["idf"].astype(np.float32),
                weights=arrays["weights"].astype(np.float32) * arrays["scale"].astype(np.float32),
                bias=tuple(arrays["bias"].tolist()),
                temperature=float(arrays["temperature"]),
            )

    def store(self, path: Path) -> None:
        """Write it small: weights as 8-bit integers with one scale a class, idf in half precision."""
        scale = np.abs(self.weights).max(axis=0) / 127
        np.savez_compressed(
            path,
            idf=self.idf.astype(np.float16),
            weights=np.round(self.weights / scale).astype(np.int8),
            scale=scale,
            bias=np.array(self.bias),
            temperature=np.array(self.temperature),
        )

    def rows(
        self, buckets: NDArray[np.intp], values: NDArray[np.float32], owners: NDArray[np.intp], count: int
    ) -> NDArray[np.float32]:
        """What each of ``count`` words adds: votes for every class, and the square that its features add to the norm.

        ``buckets``, ``values`` and ``owners`` of shape (k,): the features, their values, and whose each is, ascending.
        Shape (count, classes + 1).
        """
        weighted = values * self.idf.take(buckets)
        each = np.empty((len(buckets), self.weights.shape[1] + 1), dtype=np.float32)
        np.multiply(self.weights.take(buckets, axis=0), weighted[:, None], out=each[:, :-1])
        np.square(weighted, out=each[:, -1])
        return summed(each, owners, count)

    def shares(self, total: NDArray[np.float32]) -> list[float]:
        """The probability of each class, of the sum of a text's rows; sums to 1."""
        # Ten numbers: a list is quicker than an array.
        *votes, square = total.tolist()
        norm = sqrt(square) or 1.0
        logits = [(vote / norm + bias) / self.temperature for vote, bias in zip(votes, self.bias, strict=True)]
        highest = max(logits)
        exponents = [exp(logit - highest) for logit in logits]
        whole = sum(exponents)
        return [exponent / whole for exponent in exponents]
