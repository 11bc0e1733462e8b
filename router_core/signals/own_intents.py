"""Intents of a policy's own, known by a handful of example sentences: n-gram prototypes with a calibrated rejection.

A prompt resembles an intent by two things. Its words: the cosine between its content words' n-grams and those of the
examples, the nearest one and all together; a keyword of the intent counts as half a resemblance. And its kind of work:
how alike the built-in classifier takes it and the examples (Bhattacharyya, Bull. Calcutta Math. Soc. 35 (1943) 99-109),
which keeps "write a poem about a parcel" away from an intent about deliveries. The product of both is compared with the
scores of sentences that are known to be something else, those that the built-in classifier learnt from.
docs/intents.md says how often this is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from router_core.policy.schema import IntentEntry
from router_core.signals.examples import read_examples
from router_core.signals.features import DIMENSIONS, Features, features_of, instruction
from router_core.signals.intent import classifier
from router_core.words import STOP_WORDS, fold, words

OTHERS_BELOW: Final = 0.995
"""Share of the sentences that are something else which score below the point where confidence is 0.5."""
KEYWORD_RESEMBLANCE: Final = 0.5
_WHOLE_RESEMBLANCE: Final = 1.5
"""Sum of cosines with all examples that counts as full resemblance."""
_SOFTENING: Final = 0.7
"""Power that the shares are raised to: the classifier is surer of each sentence than two of one intent are alike."""
_SMOOTHING: Final = 0.1
"""Share of the uniform distribution in an intent's mean kind of work: five examples do not tell it all."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is looked at in one prompt."""

    words: str
    """All words, folded, with a space before and after each."""
    features: Features
    """Of the content words; weights have unit length."""
    kind: NDArray[np.float32]
    """Square roots of the built-in intents' softened shares; shape (built-in intents,)."""


class OwnIntents:
    """The own intents of one policy."""

    def __init__(self, entries: Mapping[str, IntentEntry]) -> None:
        """Build prototypes and calibrate them; a tenth of a second, once, when a policy is loaded."""
        self.names: Final = tuple(entries)
        self._least = np.array([entry.min_confidence for entry in entries.values()])
        self._keywords = [[_needles(keyword) for keyword in entry.keywords] for entry in entries.values()]
        seen = [[_see(text) for text in entry.examples] for entry in entries.values()]
        every = [one for group in seen for one in group]
        self._starts = np.cumsum([0, *(len(group) for group in seen)])[:-1]
        self._prototypes = np.zeros((DIMENSIONS, len(every)), dtype=np.float32)
        for column, one in enumerate(every):
            self._prototypes[one.features.buckets, column] = one.features.weights
        kinds = np.stack([np.mean([one.kind**2 for one in group], axis=0) for group in seen])
        self._kinds = np.sqrt((1 - _SMOOTHING) * kinds + _SMOOTHING / kinds.shape[1])
        scores = np.stack([self._scores(other) for other in _others()])
        self._halfway = np.maximum(np.quantile(scores, OTHERS_BELOW, axis=0), 1e-3)

    def match(self, text: str, shares: Sequence[float]) -> tuple[str, float] | None:
        """The own intent of a prompt and the confidence, 0 to 1, or None when it is none of them.

        Args:
            text: what `instruction` left of the prompt.
            shares: what the built-in classifier says of it, by intent.
        """
        seen = _look(text, shares)
        if seen.words.isspace():
            return None
        scores = self._scores(seen)
        confidences = scores / (scores + self._halfway)
        confidences[confidences < self._least] = -1.0
        best = int(confidences.argmax())
        return (self.names[best], float(confidences[best])) if confidences[best] >= 0 else None

    def _scores(self, seen: _Seen) -> NDArray[np.float64]:
        """How much a prompt is like each intent; shape (intents,)."""
        cosines = seen.features.weights @ self._prototypes.take(seen.features.buckets, axis=0)
        nearest = np.maximum.reduceat(cosines, self._starts)
        together = np.minimum(1.0, np.add.reduceat(cosines, self._starts) / _WHOLE_RESEMBLANCE)
        resemblance = (nearest + together) / 2
        for place, keywords in enumerate(self._keywords):
            if any(all(needle in seen.words for needle in keyword) for keyword in keywords):
                resemblance[place] = max(resemblance[place], KEYWORD_RESEMBLANCE)
        scores: NDArray[np.float64] = (resemblance * (self._kinds @ seen.kind)).astype(np.float64)
        return scores


def _needles(keyword: str) -> tuple[str, ...]:
    """What must stand in `_Seen.words` for a keyword to be there."""
    return tuple(f" {part[:-1]}" if part.endswith("*") else f" {part} " for part in fold(keyword).split())


def _see(prompt: str) -> _Seen:
    text = instruction(prompt)
    return _look(text, classifier().shares(text))


def _look(text: str, shares: Sequence[float]) -> _Seen:
    found = words(text)
    buckets, weights = features_of(_content(found))
    values = weights * _frequencies().take(buckets)
    norm = float(np.sqrt(values @ values)) or 1.0
    softened = np.array(shares, dtype=np.float32) ** _SOFTENING
    kind = np.sqrt(softened / softened.sum())
    return _Seen(f" {' '.join(map(fold, found))} ", Features(buckets, values / norm), kind)


def _content(found: Sequence[str]) -> str:
    return " ".join(fold(word) for word in found if word not in STOP_WORDS)


@cache
def _frequencies() -> NDArray[np.float32]:
    """Inverse document frequencies among the built-in classifier's sentences, ``ln((1 + n) / (1 + df))``: 0 for what
    stands in every one; shape (DIMENSIONS,)."""
    sentences = read_examples("intents.tsv")
    counts = np.zeros(DIMENSIONS)
    for _, sentence in sentences:
        counts[features_of(_content(words(instruction(sentence)))).buckets] += 1
    frequencies: NDArray[np.float32] = np.log((1 + len(sentences)) / (1 + counts)).astype(np.float32)
    return frequencies


@cache
def _others() -> tuple[_Seen, ...]:
    """Sentences that are none of a policy's own intents, as far as anybody knows."""
    return tuple(_see(sentence) for _, sentence in read_examples("intents.tsv"))
