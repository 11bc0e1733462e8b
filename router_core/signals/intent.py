"""Intent: what kind of work a prompt asks for, and how sure that is.

A linear classifier over hashed n-grams (`features`), trained by ``python -m router_core.signals.train`` from
data/intents.tsv into data/intents.npz. docs/intents.md says how often it is right on sentences it has not seen.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, get_args

import numpy as np
from numpy.typing import NDArray

from router_core.policy.schema import BuiltinIntent
from router_core.signals.features import Features, features, features_of, instruction
from router_core.signals.linear import LinearClassifier

if TYPE_CHECKING:
    from router_core.signals.own_intents import OwnIntents

INTENTS: Final[tuple[str, ...]] = get_args(BuiltinIntent)


class Classifier(LinearClassifier):
    """The classes are `INTENTS`, the features those of `features`."""

    __slots__ = ()

    def probabilities(self, prompt: str) -> NDArray[np.float32]:
        """Probability of each of `INTENTS`; shape (intents,), sums to 1."""
        return self.shares(features(prompt))

    def shares(self, seen: Features) -> NDArray[np.float32]:
        """`probabilities` of a prompt whose features are known."""
        return self.softmax(seen.buckets, seen.weights * self.idf.take(seen.buckets))


@cache
def classifier() -> Classifier:
    """The trained classifier of this package, loaded at first use and kept."""
    return Classifier.stored("intents.npz")


def classify_intent(prompt: str, own: OwnIntents | None = None) -> tuple[str, float]:
    """The most probable intent and its probability, 0 to 1; a prompt without a word is chat, at no more than chance.

    An intent of the policy's ``own`` that the prompt is like goes before the built-in ones.
    """
    text = instruction(prompt)
    if not any(map(str.isalnum, text)):
        return "chat", 1 / len(INTENTS)
    shares = classifier().shares(features_of(text))
    if own is not None and (found := own.match(text, shares)) is not None:
        return found
    best = int(shares.argmax())
    return INTENTS[best], float(shares[best])
