"""What prompts an answer is for: phrases, a pattern, keywords; and how sure a match is.

A match of the whole prompt is sure (1). A match of a part is worth a half, and the other half is the share of the
prompt's content words that it covers: "opening hours?" is about the opening hours, "Who invented opening hours, and
how did unions react?" hardly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from router_core.patterns import Pattern, compile_pattern
from router_core.words import STOP_WORDS, fold, words

MAX_CHARACTERS: Final = 2000
"""Longer prompts are documents, not questions: nothing matches them."""

_MARKS: Final = " \t\r\n.,;:!?¿¡\"'()[]«»“”„…"


@dataclass(frozen=True, slots=True)
class Matched:
    """How a prompt matched."""

    confidence: float
    """0.5 to 1."""
    reason: str
    """Without a word of the prompt."""
    groups: dict[str, str] = field(default_factory=dict)
    """What the pattern's named groups matched; those that took no part are left out."""


class Trigger:
    """The prompts that one answer or query is for."""

    def __init__(self, *, exact: Sequence[str] = (), pattern: str | None = None, keywords: Sequence[str] = ()) -> None:
        """Prepare the three ways of matching.

        Raises:
            InvalidPattern: see `compile_pattern`.
        """
        self._exact = frozenset(_normal(phrase) for phrase in exact)
        self._pattern: Pattern | None = None if pattern is None else compile_pattern(pattern, ignore_case=True)
        self._keywords = [tuple(fold(phrase).split()) for phrase in keywords]

    def match(self, prompt: str) -> Matched | None:
        """The surest of the ways in which the prompt matches."""
        if len(prompt) > MAX_CHARACTERS:
            return None
        if self._exact and _normal(prompt) in self._exact:
            return Matched(1.0, "The prompt is a phrase that the rule lists.")
        found = [match for match in (self._by_pattern(prompt), self._by_keywords(prompt)) if match is not None]
        return max(found, key=lambda match: match.confidence, default=None)

    def _by_pattern(self, prompt: str) -> Matched | None:
        found = None if self._pattern is None else self._pattern.search(prompt)
        if found is None:
            return None
        groups = {name: value for name, value in found.groupdict().items() if value}
        text = found.group() or ""
        if text.strip(_MARKS) == prompt.strip(_MARKS):
            return Matched(1.0, "The whole prompt matches the pattern.", groups)
        return _partly(prompt, set(_folded(text)), "The pattern covers", groups)

    def _by_keywords(self, prompt: str) -> Matched | None:
        if not self._keywords:
            return None
        there = frozenset(_folded(prompt))
        best: Matched | None = None
        for phrase in self._keywords:
            covered: set[str] = set()
            for word in phrase:
                hits = {word} & there if not word.endswith("*") else {w for w in there if w.startswith(word[:-1])}
                if not hits:
                    break
                covered |= hits
            else:
                match = _partly(prompt, covered, "The keywords cover", {})
                best = match if best is None or match.confidence > best.confidence else best
        return best


def _partly(prompt: str, covered: set[str], by: str, groups: dict[str, str]) -> Matched:
    content = {fold(word) for word in words(prompt) if word not in STOP_WORDS}
    hits = len(content & covered)
    share = hits / len(content) if content else 1.0
    reason = f"{by} {hits} of the prompt's {len(content)} content words."
    return Matched(round(0.5 + 0.5 * share, 4), reason, groups)


def _folded(text: str) -> list[str]:
    return [fold(word) for word in words(text)]


def _normal(phrase: str) -> str:
    """A phrase as it is compared: folded, single spaces, no marks around it."""
    return " ".join(fold(phrase).split()).strip(_MARKS)
