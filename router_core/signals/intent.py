"""Intent: what kind of work a prompt asks for, and how sure that is.

A linear classifier over hashed words and their n-grams (`word_grams`), trained by ``python -m
router_core.signals.train`` from data/intents.tsv into data/intents.npz. docs/intents.md says how often it is right on
sentences it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, Protocol, get_args
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from router_core.policy.schema import BuiltinIntent
from router_core.signals.features import instruction
from router_core.signals.linear import LinearClassifier
from router_core.signals.word_grams import WordFeatures, bucket_of, word_features
from router_core.signals.word_rows import WordRows

INTENTS: Final[tuple[str, ...]] = get_args(BuiltinIntent)
FIRST_WORDS: Final = 4
"""Words at the very start that also count as features of their own: "translate ..." against "... to translate"."""
_START: Final = crc32(b"s ")


class FurtherIntents(Protocol):
    """Intents beside the built-in ones; see `router_core.signals.own_intents`."""

    def match(self, text: str, shares: Sequence[float]) -> tuple[str, float] | None:
        """The intent among them that a prompt has and the confidence, or None when it has none of them.

        ``text`` is what `instruction` left of the prompt, ``shares`` the probability of each of `INTENTS`.
        """
        ...


def start_features(words: Sequence[str]) -> WordFeatures:
    """What a word says by standing among the first ones."""
    buckets = np.array([bucket_of(word, _START) for word in words], dtype=np.intp)
    return WordFeatures(buckets, np.ones(len(words), dtype=np.float32), np.arange(len(words)))


class IntentClassifier:
    """The classes are `INTENTS`; every word of the instruction counts, and the first `FIRST_WORDS` once more."""

    def __init__(self, linear: LinearClassifier) -> None:
        self.linear = linear
        self._columns = len(INTENTS) + 1
        self._rows = WordRows(2 * self._columns, self._work_out)

    def shares(self, text: str) -> list[float]:
        """Probability of each of `INTENTS` of what `instruction` left of a prompt; sums to 1."""
        words = text.split()
        if not words:
            return self.linear.shares(np.zeros(self._columns, dtype=np.float32))
        rows = self._rows.of(words)
        anywhere = np.add.reduce(rows[:, : self._columns], axis=0)
        return self.linear.shares(anywhere + np.add.reduce(rows[:FIRST_WORDS, self._columns :], axis=0))

    def probabilities(self, prompt: str) -> list[float]:
        """`shares` of a whole prompt."""
        return self.shares(instruction(prompt))

    def _work_out(self, words: Sequence[str]) -> NDArray[np.float32]:
        """Each word's row wherever it stands, and beside it what it adds among the first ones."""
        seen = (word_features(words), start_features(words))
        return np.hstack([self.linear.rows(*one, len(words)) for one in seen])


@cache
def classifier() -> IntentClassifier:
    """The trained classifier of this package, loaded at first use and kept."""
    return IntentClassifier(LinearClassifier.stored("intents.npz"))


def classify_intent(prompt: str, own: FurtherIntents | None = None) -> tuple[str, float]:
    """The most probable intent and its probability, 0 to 1; a prompt without a word is chat, at no more than chance.

    An intent of the policy's ``own`` that the prompt is like goes before the built-in ones.
    """
    text = instruction(prompt)
    if not any(map(str.isalnum, text)):
        return "chat", 1 / len(INTENTS)
    shares = classifier().shares(text)
    if own is not None and (found := own.match(text, shares)) is not None:
        return found
    highest = max(shares)
    return INTENTS[shares.index(highest)], highest
