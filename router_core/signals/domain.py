"""Domain: what a prompt is about, and how sure that is, for models that are specialised.

A linear classifier over the words of the prompt and their beginnings, trained by ``python -m
router_core.signals.train_domain`` from data/domains.tsv into data/domains.npz. docs/signals.md says how often it is
right on sentences it has not seen.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import chain
from typing import Final, get_args
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from router_core.policy.schema.values import Domain
from router_core.signals.linear import LinearClassifier
from router_core.signals.text import window, words_in

DOMAINS: Final[tuple[Domain, ...]] = get_args(Domain)
UNKNOWN: Final[Domain] = "general"

DIMENSIONS: Final = 1 << 15
"""Buckets that words are hashed into."""
DOMAIN_CHARACTERS: Final = 800
"""How much of a prompt is read, three quarters from its start."""
MIN_CONFIDENCE: Final = 0.4
"""Below it a prompt is of no domain in particular."""

_STEMS: Final = (4, 6)
"""Bytes of the beginnings that count beside the whole word: lawyer, lawyers and lawyer's have one in common."""
_SHORTEST: Final = 2
_LONGEST: Final = 48


@lru_cache(maxsize=1 << 15)
def _buckets(word: bytes) -> tuple[int, ...]:
    if not _SHORTEST <= len(word) <= _LONGEST:
        return ()
    names = [b"w " + word, *(b"%d " % length + word[:length] for length in _STEMS if len(word) >= length)]
    return tuple(crc32(name) % DIMENSIONS for name in names)


def words_of(prompt: str) -> NDArray[np.intp]:
    """The buckets of the words that occur in the prompt, each once; shape (k,)."""
    text = window(prompt, DOMAIN_CHARACTERS * 3 // 4, DOMAIN_CHARACTERS // 4)
    found = set(chain.from_iterable(map(_buckets, set(words_in(text)))))
    return np.fromiter(found, dtype=np.intp, count=len(found))


class DomainClassifier(LinearClassifier):
    """The classes are `DOMAINS`; a word occurs or it does not."""

    __slots__ = ()

    def probabilities(self, prompt: str) -> NDArray[np.float32]:
        """Probability of each of `DOMAINS`; shape (domains,), sums to 1."""
        used = words_of(prompt)
        return self.softmax(used, self.idf.take(used))


@cache
def domain_classifier() -> DomainClassifier:
    """The trained classifier of this package, loaded at first use and kept."""
    return DomainClassifier.stored("domains.npz")


def classify_domain(prompt: str) -> tuple[str, float]:
    """The most probable domain and its probability; ``general`` and what speaks for it when nothing is sure enough."""
    shares = domain_classifier().probabilities(prompt)
    best = int(shares.argmax())
    if shares[best] < MIN_CONFIDENCE:
        return UNKNOWN, float(shares[DOMAINS.index(UNKNOWN)])
    return DOMAINS[best], float(shares[best])
