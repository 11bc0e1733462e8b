"""What the intent classifier sees of words: each word itself and its character n-grams, hashed, of many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

DIMENSIONS: Final = 1 << 14
"""Buckets that features are hashed into."""

WORD: Final = crc32(b"w ")
_WORD_VALUE: Final = 1.0
_GRAM_VALUE: Final = 0.7
_LONGEST_GRAM: Final = 5
_MARKS: Final = ".,;:!?¿¡\"'()[]«»“”„"
_FIRST: Final = np.uint64(7)
_BASE: Final = np.uint64(1_000_003)
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(64 - 14)


class WordFeatures(NamedTuple):
    """Features of several words, each of shape (k,)."""

    buckets: NDArray[np.intp]
    values: NDArray[np.float32]
    owners: NDArray[np.intp]
    """Which of the words each belongs to, ascending."""


def word_features(words: Sequence[str]) -> WordFeatures:
    """The word without the marks around it, and n-grams of 1 to 5 of the word as it stands, a space on either side."""
    grams, owners = _grams(words)
    bare = [(place, word) for place, raw in enumerate(words) if (word := raw.strip(_MARKS))]
    buckets = np.array([bucket_of(word, WORD) for _, word in bare], dtype=np.intp)
    owners = np.concatenate((np.array([place for place, _ in bare], dtype=np.intp), owners))
    buckets = np.concatenate((buckets, grams))
    values = np.full(len(buckets), _GRAM_VALUE, dtype=np.float32)
    values[: len(bare)] = _WORD_VALUE
    order = owners.argsort(kind="stable")
    return WordFeatures(buckets[order], values[order], owners[order])


def bucket_of(word: str, kind: int) -> int:
    """The bucket of a feature that is a whole word; ``kind`` is `WORD` or the like of other features."""
    return crc32(word.encode("utf-8", "replace"), kind) % DIMENSIONS


def _grams(words: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Buckets of all n-grams, by multiplicative hashing of the packed code points, and which word each is of."""
    text = "".join([f" {word} " for word in words])
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    of_word = np.repeat(np.arange(len(words)), np.array([len(word) + 2 for word in words], dtype=np.intp))
    hashes = codes + _FIRST
    grams, owners = [hashes], [of_word]
    for size in range(2, min(_LONGEST_GRAM, len(codes)) + 1):
        # Unsigned arrays wrap around silently, which is what hashing wants.
        hashes = hashes[:-1] * _BASE + codes[size - 1 :]
        within = of_word[: len(hashes)] == of_word[size - 1 :]
        grams.append(hashes[within])
        owners.append(of_word[: len(hashes)][within])
    mixed = np.concatenate(grams) * _MULTIPLIER >> _SHIFT
    return mixed.astype(np.intp), np.concatenate(owners)
