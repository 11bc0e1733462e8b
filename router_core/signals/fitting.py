"""Fitting linear classifiers: a penalised regression, its penalty and its temperature chosen by cross-validation.

For training alone; nothing that routes imports this.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router_core.signals.linear import LinearClassifier

FOLDS: Final = 5
STEPS: Final = 600


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Examples as numbers. Shapes: features and squares (n, features), the others (n,)."""

    features: NDArray[np.float32]
    """Sums of values over the words of an example."""
    squares: NDArray[np.float32]
    """Sums of the squares of the same values: what `LinearClassifier` scales by."""
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]
    folds: NDArray[np.int64]
    """An instruction and its variants with documents share a fold, or cross-validation would cheat."""
    judged: NDArray[np.bool_]
    """Those whose being right or wrong decides on the penalty and the temperature."""


def fit_classifier(
    data: TrainingSet, classes: int, penalties: Iterable[float], temperatures: NDArray[np.float64]
) -> LinearClassifier:
    """The classifier of least cross-validated log loss; what is tried is told on standard error."""
    idf = inverse_frequencies(data.features)
    rows = data.features * idf
    rows /= np.maximum(np.sqrt(data.squares @ np.square(idf))[:, None], 1e-9)
    # The constant column is the bias, penalised like any weight.
    kernel = (rows @ rows.T).astype(np.float64) + 1.0
    labels = data.labels[data.judged]
    best: tuple[float, float, float] | None = None
    for penalty in penalties:
        logits = _out_of_fold(kernel, data, penalty, classes)[data.judged]
        for temperature in temperatures:
            loss = log_loss(logits, labels, float(temperature))
            if best is None or loss < best[0]:
                best = (loss, penalty, float(temperature))
        accuracy = float((logits.argmax(axis=1) == labels).mean())
        print(f"penalty {penalty:g}: cross-validated accuracy {accuracy:.1%}", file=sys.stderr)
    assert best is not None
    loss, penalty, temperature = best
    print(f"chosen: penalty {penalty:g}, temperature {temperature:.3f}, log loss {loss:.3f}", file=sys.stderr)
    coefficients = fit(kernel, data.labels, data.weights, penalty, classes)
    return LinearClassifier(
        idf=idf,
        weights=(rows.T @ coefficients).astype(np.float32),
        bias=tuple(coefficients.sum(axis=0).tolist()),
        temperature=temperature,
    )


def inverse_frequencies(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smoothed idf, ``ln((1 + n) / (1 + df)) + 1``; shape (features,)."""
    frequency = (rows > 0).sum(axis=0)
    idf: NDArray[np.float32] = (np.log((1 + len(rows)) / (1 + frequency)) + 1).astype(np.float32)
    return idf


def fit(
    kernel: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    penalty: float,
    classes: int,
) -> NDArray[np.float64]:
    """Dual coefficients of multinomial logistic regression with an L2 penalty; shape (n, classes).

    With more features than examples it is quicker to descend in the space of the examples: the weights are
    ``features.T @ coefficients``. Nesterov's accelerated gradient, its step from the kernel's largest row sum.
    """
    targets = np.eye(classes)[labels]
    share = (weights / weights.sum())[:, None]
    step = 1.0 / (0.5 * float((np.abs(kernel) * share).sum(axis=1).max()) + penalty)
    current = previous = np.zeros_like(targets)
    for iteration in range(STEPS):
        ahead = current + iteration / (iteration + 3) * (current - previous)
        logits = kernel @ ahead
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        gradient = (exponents / exponents.sum(axis=1, keepdims=True) - targets) * share + penalty * ahead
        previous, current = current, ahead - step * gradient
    return current


def log_loss(logits: NDArray[np.float64], labels: NDArray[np.int64], temperature: float) -> float:
    """Mean negative log-likelihood, nats."""
    scaled = logits / temperature
    scaled = scaled - scaled.max(axis=1, keepdims=True)
    picked = scaled[np.arange(len(labels)), labels] - np.log(np.exp(scaled).sum(axis=1))
    return float(-picked.mean())


def _out_of_fold(kernel: NDArray[np.float64], data: TrainingSet, penalty: float, classes: int) -> NDArray[np.float64]:
    """Logits of each example by a classifier that did not see its fold; shape (n, classes)."""
    logits = np.empty((len(data.labels), classes))
    for fold in range(FOLDS):
        held, kept = np.flatnonzero(data.folds == fold), np.flatnonzero(data.folds != fold)
        coefficients = fit(kernel[np.ix_(kept, kept)], data.labels[kept], data.weights[kept], penalty, classes)
        logits[held] = kernel[np.ix_(held, kept)] @ coefficients
    return logits
