"""Texts as vectors, so that it can be asked whether this week's are like those before.

The built-in embedder counts stretches of characters: it needs no model, takes a tenth of a millisecond a text, and sees
other words, another format or another language, not another meaning in the same words. Vectors are never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.float32]

CHARACTERS: Final = 4_000
"""Of a text that are looked at."""
_GRAMS: Final = (3, 5)
_DIMENSIONS: Final = 256
_FACTOR: Final = np.uint64(0x100000001B3)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)


class Embedder(Protocol):
    """Makes vectors of texts."""

    @property
    def name(self) -> str:
        """Another embedder has another name; what was found with one is computed anew with another."""
        ...

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row of length 1 a text, or of zeros where there is nothing to see."""
        ...


class CharacterGrams:
    """Roots of the counts of all stretches of three and five bytes, hashed into 256 places."""

    name = "character-grams-256"

    def embed(self, texts: Sequence[str]) -> Matrix:
        """See `Embedder.embed`."""
        found = np.zeros((len(texts), _DIMENSIONS), dtype=np.float32)
        for row, text in zip(found, texts, strict=True):
            counts = np.sqrt(_counted(text))
            length = np.linalg.norm(counts)
            if length:
                row[:] = counts / length
        return found


def _counted(text: str) -> NDArray[np.float64]:
    signs = np.frombuffer(text.lower()[:CHARACTERS].encode("utf-8", "replace"), dtype=np.uint8).astype(np.uint64)
    counts = np.zeros(_DIMENSIONS)
    for length in _GRAMS:
        number = signs.size - length + 1
        if number < 1:
            continue
        codes = np.zeros(number, dtype=np.uint64)
        for place in range(length):
            codes = codes * _FACTOR + signs[place : place + number] + np.uint64(1)
        # The low bits of a product know only the low bits of its factors.
        codes = (codes ^ (codes >> np.uint64(29))) * _MIX
        places = (codes >> np.uint64(40)) % np.uint64(_DIMENSIONS)
        counts += np.bincount(places.astype(np.int64), minlength=_DIMENSIONS)
    return counts
