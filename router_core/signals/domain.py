"""Domain: what a prompt is about, and how sure that is, for models that are specialised.

A linear classifier over the words of the prompt and their beginnings, trained by ``python -m
router_core.signals.train_domain`` from data/domains.tsv into data/domains.npz. docs/signals.md says how often it is
right on sentences it has not seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Final, get_args
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from router_core.policy.schema.values import Domain
from router_core.signals.linear import LinearClassifier
from router_core.signals.text import window, words_in
from router_core.signals.word_rows import WordRows

DOMAINS: Final[tuple[Domain, ...]] = get_args(Domain)
UNKNOWN: Final[Domain] = "general"

DIMENSIONS: Final = 1 << 15
"""Buckets that words are hashed into."""
DOMAIN_CHARACTERS: Final = 800
"""How much of a prompt is read, three quarters from its start."""
MIN_CONFIDENCE: Final = 0.4
"""Below it a prompt is of no domain in particular."""

_WORD: Final = crc32(b"w ")
_STEMS: Final = ((4, crc32(b"4 ")), (6, crc32(b"6 ")))
"""Bytes of the beginnings that count beside the whole word: lawyer, lawyers and lawyer's have one in common."""
_SHORTEST: Final = 2
_LONGEST: Final = 48


def buckets_of(word: bytes) -> list[int]:
    """The buckets of a word and of its beginnings; none of a single letter."""
    if not _SHORTEST <= len(word) <= _LONGEST:
        return []
    stems = [crc32(word[:length], kind) % DIMENSIONS for length, kind in _STEMS if len(word) >= length]
    return [crc32(word, _WORD) % DIMENSIONS, *stems]


def words_of(prompt: str) -> list[bytes]:
    """The words that occur in what is read of a prompt, each once."""
    return list(set(words_in(window(prompt, DOMAIN_CHARACTERS * 3 // 4, DOMAIN_CHARACTERS // 4))))


class DomainClassifier:
    """The classes are `DOMAINS`; a word occurs or it does not."""

    def __init__(self, linear: LinearClassifier) -> None:
        self.linear = linear
        self._columns = len(DOMAINS) + 1
        self._rows = WordRows(self._columns, self._work_out)

    def probabilities(self, prompt: str) -> list[float]:
        """Probability of each of `DOMAINS`; sums to 1."""
        words = words_of(prompt)
        if not words:
            return self.linear.shares(np.zeros(self._columns, dtype=np.float32))
        return self.linear.shares(np.add.reduce(self._rows.of(words), axis=0))

    def _work_out(self, words: Sequence[bytes]) -> NDArray[np.float32]:
        found = [buckets_of(word) for word in words]
        owners = np.repeat(np.arange(len(words)), [len(buckets) for buckets in found])
        buckets = np.fromiter(chain.from_iterable(found), dtype=np.intp, count=len(owners))
        return self.linear.rows(buckets, np.ones(len(buckets), dtype=np.float32), owners, len(words))


@cache
def domain_classifier() -> DomainClassifier:
    """The trained classifier of this package, loaded at first use and kept."""
    return DomainClassifier(LinearClassifier.stored("domains.npz"))


def classify_domain(prompt: str) -> tuple[str, float]:
    """The most probable domain and its probability; ``general`` and what speaks for it when nothing is sure enough."""
    shares = domain_classifier().probabilities(prompt)
    highest = max(shares)
    if highest < MIN_CONFIDENCE:
        return UNKNOWN, shares[DOMAINS.index(UNKNOWN)]
    return DOMAINS[shares.index(highest)], highest
