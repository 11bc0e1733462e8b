"""Train the intent classifier: ``python -m router_core.signals.train`` from the project's root.

Reads data/intents.tsv and data/documents.tsv, writes data/intents.npz, prints how it does on data/intents_held_out.tsv
and puts the same into docs/intents.md. Deterministic: no random start, no shuffling. Strength of the penalty and
temperature come from five-fold cross-validation within the training file; the held-out file is only ever evaluated.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router_core.signals.evaluation import evaluate
from router_core.signals.examples import Example, read_examples
from router_core.signals.features import instruction
from router_core.signals.fitting import FOLDS, TrainingSet, fit_classifier
from router_core.signals.intent import FIRST_WORDS, INTENTS, start_features
from router_core.signals.linear import LinearClassifier
from router_core.signals.word_grams import DIMENSIONS, word_features

PENALTIES: Final = (1e-5, 3e-5, 1e-4, 3e-4)
WITH_DOCUMENTS: Final = frozenset({"summarise", "extract", "classify", "translate", "reason", "code"})
"""Intents whose instructions come with a pasted document."""
_DOCUMENT_WEIGHT: Final = 0.5
_BEGIN: Final = "<!-- written by python -m router_core.signals.train -->"
_END: Final = "<!-- end -->"


def build_training_set(examples: Sequence[Example], documents: Sequence[str]) -> TrainingSet:
    """Each instruction as it is; those of `WITH_DOCUMENTS` also before a document and after one."""
    texts, labels, weights, folds = [], [], [], []
    for number, (label, text) in enumerate(examples):
        variants = [(text, 1.0)]
        if label in WITH_DOCUMENTS:
            before, after = documents[number % len(documents)], documents[(number * 7 + 3) % len(documents)]
            variants += [(f"{text}\n\n{before}", _DOCUMENT_WEIGHT), (f"{after}\n\n{text}", _DOCUMENT_WEIGHT)]
        for variant, weight in variants:
            texts.append(_rows(variant))
            labels.append(INTENTS.index(label))
            weights.append(weight)
            folds.append(number % FOLDS)
    judged = np.ones(len(texts), dtype=np.bool_)
    sums, squares = np.stack(texts, axis=1)
    return TrainingSet(sums, squares, np.array(labels), np.array(weights), np.array(folds), judged)


def _rows(prompt: str) -> NDArray[np.float32]:
    """The sum of each feature's values in a prompt and of their squares; shape (2, DIMENSIONS)."""
    words = instruction(prompt).split()
    rows = np.zeros((2, DIMENSIONS), dtype=np.float32)
    for buckets, values, _ in (word_features(words), start_features(words[:FIRST_WORDS])):
        np.add.at(rows[0], buckets, values)
        np.add.at(rows[1], buckets, np.square(values))
    return rows


def train(examples: Sequence[Example], documents: Sequence[str]) -> LinearClassifier:
    """Fit a classifier, its penalty and its temperature."""
    data = build_training_set(examples, documents)
    return fit_classifier(data, len(INTENTS), PENALTIES, np.geomspace(0.2, 2.0, 25))


def main() -> None:
    """Train, store, evaluate, document."""
    from router_core.signals.intent import classifier

    here = Path(__file__).parent
    documents = [text for _, text in read_examples("documents.tsv")]
    train(read_examples("intents.tsv"), documents).store(here / "data" / "intents.npz")
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
