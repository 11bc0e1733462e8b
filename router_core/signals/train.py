"""Train the intent classifier: ``python -m router_core.signals.train`` from the project's root.

Reads data/intents.tsv and data/documents.tsv, writes data/intents.npz, prints how it does on data/intents_held_out.tsv
and puts the same into docs/intents.md. Deterministic: no random start, no shuffling. Strength of the penalty and
temperature come from five-fold cross-validation within the training file; the held-out file is only ever evaluated.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router_core.signals.evaluation import Example, evaluate, read_examples
from router_core.signals.features import DIMENSIONS, features
from router_core.signals.intent import INTENTS, Classifier

FOLDS: Final = 5
PENALTIES: Final = (1e-5, 3e-5, 1e-4, 3e-4)
STEPS: Final = 600
WITH_DOCUMENTS: Final = frozenset({"summarise", "extract", "classify", "translate", "reason", "code"})
"""Intents whose instructions come with a pasted document."""
_DOCUMENT_WEIGHT: Final = 0.5
_BEGIN: Final = "<!-- written by python -m router_core.signals.train -->"
_END: Final = "<!-- end -->"


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Examples as numbers. Shapes: features (n, DIMENSIONS), the others (n,)."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    weights: NDArray[np.float64]
    folds: NDArray[np.int64]
    """An instruction and its variants with documents share a fold, or cross-validation would cheat."""


def build_training_set(examples: Sequence[Example], documents: Sequence[str]) -> TrainingSet:
    """Each instruction as it is; those of `WITH_DOCUMENTS` also before a document and after one."""
    texts, labels, weights, folds = [], [], [], []
    for number, (label, text) in enumerate(examples):
        variants = [(text, 1.0)]
        if label in WITH_DOCUMENTS:
            before, after = documents[number % len(documents)], documents[(number * 7 + 3) % len(documents)]
            variants += [(f"{text}\n\n{before}", _DOCUMENT_WEIGHT), (f"{after}\n\n{text}", _DOCUMENT_WEIGHT)]
        for variant, weight in variants:
            buckets, values = features(variant)
            row = np.zeros(DIMENSIONS, dtype=np.float32)
            row[buckets] = values
            texts.append(row)
            labels.append(INTENTS.index(label))
            weights.append(weight)
            folds.append(number % FOLDS)
    return TrainingSet(np.stack(texts), np.array(labels), np.array(weights), np.array(folds))


def inverse_frequencies(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smoothed idf, ``ln((1 + n) / (1 + df)) + 1``; shape (DIMENSIONS,)."""
    frequency = (rows > 0).sum(axis=0)
    idf: NDArray[np.float32] = (np.log((1 + len(rows)) / (1 + frequency)) + 1).astype(np.float32)
    return idf


def fit(
    kernel: NDArray[np.float64],
    labels: NDArray[np.int64],
    weights: NDArray[np.float64],
    penalty: float,
    classes: int = len(INTENTS),
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


def train(examples: Sequence[Example], documents: Sequence[str]) -> Classifier:
    """Fit a classifier, its penalty and its temperature."""
    data = build_training_set(examples, documents)
    idf = inverse_frequencies(data.features)
    rows = data.features * idf
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    # The constant column is the bias, penalised like any weight.
    kernel = (rows @ rows.T).astype(np.float64) + 1.0

    best: tuple[float, float, float] | None = None
    for penalty in PENALTIES:
        logits = _out_of_fold(kernel, data, penalty)
        for temperature in np.geomspace(0.2, 2.0, 25):
            loss = log_loss(logits, data.labels, float(temperature))
            if best is None or loss < best[0]:
                best = (loss, penalty, float(temperature))
        accuracy = float((logits.argmax(axis=1) == data.labels).mean())
        print(f"penalty {penalty:g}: cross-validated accuracy {accuracy:.1%}", file=sys.stderr)
    assert best is not None
    loss, penalty, temperature = best
    print(f"chosen: penalty {penalty:g}, temperature {temperature:.3f}, log loss {loss:.3f}", file=sys.stderr)
    coefficients = fit(kernel, data.labels, data.weights, penalty)
    return Classifier(
        idf=idf,
        weights=(rows.T @ coefficients).astype(np.float32),
        bias=coefficients.sum(axis=0).astype(np.float32),
        temperature=temperature,
    )


def _out_of_fold(kernel: NDArray[np.float64], data: TrainingSet, penalty: float) -> NDArray[np.float64]:
    logits = np.empty((len(data.labels), len(INTENTS)))
    for fold in range(FOLDS):
        held, kept = np.flatnonzero(data.folds == fold), np.flatnonzero(data.folds != fold)
        coefficients = fit(kernel[np.ix_(kept, kept)], data.labels[kept], data.weights[kept], penalty)
        logits[held] = kernel[np.ix_(held, kept)] @ coefficients
    return logits


def save(classifier: Classifier, path: Path) -> None:
    """Store the classifier in about 150 KB: weights as 8-bit integers, one scale an intent, idf in half precision."""
    scale = np.abs(classifier.weights).max(axis=0) / 127
    np.savez_compressed(
        path,
        idf=classifier.idf.astype(np.float16),
        weights=np.round(classifier.weights / scale).astype(np.int8),
        scale=scale,
        bias=classifier.bias,
        temperature=np.array(classifier.temperature),
    )


def main() -> None:
    """Train, store, evaluate, document."""
    from router_core.signals.intent import classifier

    here = Path(__file__).parent
    documents = [text for _, text in read_examples("documents.tsv")]
    save(train(read_examples("intents.tsv"), documents), here / "data" / "intents.npz")
    classifier.cache_clear()
    report = evaluate(classifier(), read_examples("intents_held_out.tsv")).markdown()
    print(report)
    page = here.parent.parent / "docs" / "intents.md"
    if page.exists():
        text = page.read_text(encoding="utf-8")
        head, tail = text.split(_BEGIN)[0], text.split(_END)[1]
        page.write_text(f"{head}{_BEGIN}\n{report}\n{_END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
