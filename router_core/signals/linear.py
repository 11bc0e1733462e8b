"""A linear classifier over hashed features: how it is stored, and what it says of the features of a text."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LinearClassifier:
    """Multinomial logistic regression on L2-normalised, idf-weighted features.

    Shapes: ``idf`` (features,), ``weights`` (features, classes), ``bias`` (classes,).
    """

    idf: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
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
                bias=arrays["bias"].astype(np.float32),
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
            bias=self.bias,
            temperature=np.array(self.temperature),
        )

    def softmax(self, buckets: NDArray[np.intp], values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of each class, of features ``buckets`` with the idf-weighted ``values``; both of shape (k,)."""
        norm = float(np.sqrt(values @ values)) or 1.0
        logits = (values @ self.weights.take(buckets, axis=0) / norm + self.bias) / self.temperature
        exponents = np.exp(logits - logits.max())
        shares: NDArray[np.float32] = exponents / exponents.sum()
        return shares
