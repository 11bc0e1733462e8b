"""How often the intent classifier is right on sentences it was not trained on, with an interval, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router_core.signals.examples import Example
from router_core.signals.intent import INTENTS, IntentClassifier

_Z95: Final = 1.959964


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share: Wilson, J. Am. Stat. Assoc. 22 (1927) 209-212."""
    share, spread = hits / of, _Z95 * _Z95 / of
    middle = share + spread / 2
    reach = _Z95 * sqrt(share * (1 - share) / of + spread / (4 * of))
    return (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The classifier's answers on labelled prompts."""

    confusion: NDArray[np.int64]
    """Row: what the prompt is; column: what the classifier says; shape (intents, intents)."""
    confidences: NDArray[np.float64]
    """Probability given to the answer; shape (examples,)."""
    right: NDArray[np.bool_]
    """Whether the answer was right; shape (examples,)."""

    @property
    def hits(self) -> int:
        """Right answers."""
        return int(self.right.sum())

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.hits / len(self.right)

    def calibration_error(self, bins: int = 5) -> float:
        """Expected calibration error over equally filled bins: mean of |confidence - accuracy|, 0..1."""
        order = np.argsort(self.confidences, kind="stable")
        gaps = [
            abs(float(self.confidences[part].mean()) - float(self.right[part].mean())) * len(part)
            for part in np.array_split(order, bins)
        ]
        return sum(gaps) / len(self.right)

    def markdown(self) -> str:
        """Accuracy, interval, calibration and the confusion matrix."""
        low, high = wilson(self.hits, len(self.right))
        sure = self.confidences >= 0.6
        rows = [
            f"Accuracy: **{self.hits} of {len(self.right)} = {self.accuracy:.1%}**"
            f" (95 % interval {low:.1%} to {high:.1%}).",
            "",
            f"Confidence is off by {self.calibration_error():.1%} on average. At a confidence of 0.6 or more"
            f" ({sure.mean():.0%} of the prompts) it is right in {self.right[sure].mean():.1%}, below in"
            f" {self.right[~sure].mean():.1%}.",
            "",
            "| is \\ said | " + " | ".join(INTENTS) + " | right |",
            "|---|" + "---:|" * (len(INTENTS) + 1),
        ]
        for name, counts in zip(INTENTS, self.confusion, strict=True):
            share = counts[INTENTS.index(name)] / counts.sum()
            rows.append(f"| {name} | " + " | ".join(str(c) if c else "" for c in counts) + f" | {share:.0%} |")
        return "\n".join(rows)


def evaluate(classifier: IntentClassifier, examples: Sequence[Example]) -> Evaluation:
    """Let the classifier label the examples."""
    shares = np.array([classifier.probabilities(text) for _, text in examples], dtype=np.float64)
    said = shares.argmax(axis=1)
    truth = np.array([INTENTS.index(label) for label, _ in examples])
    confusion = np.zeros((len(INTENTS), len(INTENTS)), dtype=np.int64)
    np.add.at(confusion, (truth, said), 1)
    return Evaluation(confusion, shares.max(axis=1), said == truth)
