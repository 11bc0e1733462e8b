"""Words of an index that are like a word which stands nowhere in it: inflected otherwise, or part of a compound.

The index stems English. For other languages there is no stemmer here, and none is needed for this: two words are alike
when they share most of their trigrams (Dice, Ecology 26 (1945) 297-302), or when one holds the other. That works for
German compounds too, which no stemmer takes apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

LEAST_LIKENESS: Final = 0.5
"""Dice coefficient of two words' trigrams."""
_HOLDS: Final = 0.8
"""Likeness of a word and one that it holds."""
_LEAST_LETTERS: Final = 4
_LEAST_HELD: Final = 5
"""Letters of a word that counts as part of another: "rat" is no part of "Vertrat"."""


class Vocabulary:
    """The words of an index, folded, findable by their trigrams."""

    def __init__(self, known: Iterable[str]) -> None:
        self._sizes: dict[str, int] = {}
        self._holders: dict[str, list[str]] = {}
        for word in sorted(set(known)):
            if len(word) >= _LEAST_LETTERS:
                grams = _trigrams(word)
                self._sizes[word] = len(grams)
                for gram in grams:
                    self._holders.setdefault(gram, []).append(word)

    def near(self, word: str) -> dict[str, float]:
        """Words like a folded one, with their likeness from `LEAST_LIKENESS` to 1."""
        if len(word) < _LEAST_LETTERS:
            return {}
        grams = _trigrams(word)
        shared = Counter(known for gram in grams for known in self._holders.get(gram, ()))
        found: dict[str, float] = {}
        for known, count in shared.items():
            likeness = 2 * count / (len(grams) + self._sizes[known])
            shorter, longer = sorted((word, known), key=len)
            if len(shorter) >= _LEAST_HELD and shorter in longer:
                likeness = max(likeness, _HOLDS)
            if likeness >= LEAST_LIKENESS:
                found[known] = likeness
        return found


def _trigrams(word: str) -> frozenset[str]:
    padded = f" {word} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2))
