"""What is read of a prompt to tell its intent; and what own intents see of that: hashed words, pairs, and n-grams.

A prompt such as "summarise the following: <a contract>" says what it wants in its first or last words. So only the
opening and the close of a long prompt are read, and what lies between counts little.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

DIMENSIONS: Final = 1 << 14
"""Buckets that features are hashed into."""

OPENING_WORDS: Final = 24
CLOSING_WORDS: Final = 14
_OPENING_CHARACTERS: Final = 400
_CLOSING_CHARACTERS: Final = 240
_FIRST_WORDS: Final = 4
"""Words at the very start that also count as features of their own: "translate ..." against "... to translate"."""

_WORD_WEIGHT: Final = 1.0
_PAIR_WEIGHT: Final = 0.5
_START_WEIGHT: Final = 1.0
_GRAM_WEIGHT: Final = 0.7
_LONGEST_GRAM: Final = 4
_NUMBER: Final = re.compile(r"\d+")
_FIRST: Final = np.uint64(7)
_BASE: Final = np.uint64(1_000_003)
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(64 - 14)


def instruction(prompt: str) -> str:
    """The opening and the close of a prompt, in lower case and with 0 for any number; all of it when it is short."""
    return _NUMBER.sub("0", _ends(prompt))


def _ends(prompt: str) -> str:
    if len(prompt) <= _OPENING_CHARACTERS + _CLOSING_CHARACTERS:
        words = prompt.lower().split()
        if len(words) <= OPENING_WORDS + CLOSING_WORDS:
            return " ".join(words)
        return " ".join(words[:OPENING_WORDS]) + "\n" + " ".join(words[-CLOSING_WORDS:])
    opening = prompt.lstrip()[:_OPENING_CHARACTERS].lower().split()[:OPENING_WORDS]
    closing = prompt.rstrip()[-_CLOSING_CHARACTERS:].lower().split()[-CLOSING_WORDS:]
    return " ".join(opening) + "\n" + " ".join(closing)


class Features(NamedTuple):
    """The buckets of a prompt's features, ascending, and their weights, sublinear in the counts; shape (k,)."""

    buckets: NDArray[np.intp]
    weights: NDArray[np.float32]


def features_of(text: str) -> Features:
    """The features of what `instruction` left of a prompt, or of a part of it."""
    buckets, weights = [], []
    parts = text.split("\n")
    for part in parts:
        words = [word for raw in part.split() if (word := raw.strip(".,;:!?¿¡\"'()[]«»“”„"))]
        names = [f"w {word}" for word in words]
        names += [f"p {first} {second}" for first, second in pairwise(words)]
        buckets += [crc32(name.encode("utf-8", "replace")) % DIMENSIONS for name in names]
        weights += [_WORD_WEIGHT] * len(words) + [_PAIR_WEIGHT] * (len(names) - len(words))
    starts = parts[0].split()[:_FIRST_WORDS]
    buckets += [crc32(f"s {word}".encode("utf-8", "replace")) % DIMENSIONS for word in starts]
    weights += [_START_WEIGHT] * len(starts)
    grams = _gram_buckets(f" {text} ")
    counts = np.bincount(
        np.concatenate((np.asarray(buckets, dtype=np.int64), grams)),
        weights=np.concatenate((weights, np.full(len(grams), _GRAM_WEIGHT))),
        minlength=DIMENSIONS,
    )
    # Of booleans numpy finds the non-zero ones eight times as quickly as of numbers.
    used = np.flatnonzero(counts > 0)
    return Features(used, np.sqrt(counts[used]).astype(np.float32))


def _gram_buckets(text: str) -> NDArray[np.int64]:
    """Buckets of all character n-grams up to `_LONGEST_GRAM`, by multiplicative hashing of the packed code points."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    grams = [codes + _FIRST]
    for size in range(2, min(_LONGEST_GRAM, len(codes)) + 1):
        # Unsigned arrays wrap around silently, which is what hashing wants.
        grams.append(grams[-1][:-1] * _BASE + codes[size - 1 :])
    hashes = np.concatenate(grams)
    hashes *= _MULTIPLIER
    hashes >>= _SHIFT
    return hashes.view(np.int64)
