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


class Question:
    """A prompt as triggers look at it; made once for all of them."""

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.too_long: Final = len(prompt) > MAX_CHARACTERS
        found = [] if self.too_long else words(prompt)
        self.normal: Final = "" if self.too_long else _normal(prompt)
        self.words: Final = frozenset(map(fold, found))
        self.content: Final = frozenset(fold(word) for word in found if word not in STOP_WORDS)


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

    def match(self, question: Question) -> Matched | None:
        """The surest of the ways in which the prompt matches."""
        if question.too_long:
            return None
        if question.normal in self._exact:
            return Matched(1.0, "The prompt is a phrase that the rule lists.")
        found = [match for match in (self._by_pattern(question), self._by_keywords(question)) if match is not None]
        return max(found, key=lambda match: match.confidence, default=None)

    def _by_pattern(self, question: Question) -> Matched | None:
        found = None if self._pattern is None else self._pattern.search(question.prompt)
        if found is None:
            return None
        groups = {name: value for name, value in found.groupdict().items() if value}
        text = found.group() or ""
        if text.strip(_MARKS) == question.prompt.strip(_MARKS):
            return Matched(1.0, "The whole prompt matches the pattern.", groups)
        return _partly(question, frozenset(map(fold, words(text))), "The pattern covers", groups)

    def _by_keywords(self, question: Question) -> Matched | None:
        best: Matched | None = None
        for phrase in self._keywords:
            covered = _covered(phrase, question.words)
            if covered:
                match = _partly(question, covered, "The keywords cover", {})
                best = match if best is None or match.confidence > best.confidence else best
        return best


def _covered(phrase: Sequence[str], present: frozenset[str]) -> frozenset[str]:
    """The words of a prompt that a keyword phrase takes; none when one of its words is missing."""
    covered: set[str] = set()
    for word in phrase:
        if word.endswith("*"):
            hits = {one for one in present if one.startswith(word[:-1])}
            if not hits:
                return frozenset()
            covered |= hits
        elif word in present:
            covered.add(word)
        else:
            return frozenset()
    return frozenset(covered)


def _partly(question: Question, covered: frozenset[str], by: str, groups: dict[str, str]) -> Matched:
    content = question.content
    hits = len(content & covered)
    share = hits / len(content) if content else 1.0
    reason = f"{by} {hits} of the prompt's {len(content)} content words."
    return Matched(round(0.5 + 0.5 * share, 4), reason, groups)


def _normal(phrase: str) -> str:
    """A phrase as it is compared: folded, single spaces, no marks around it."""
    return " ".join(fold(phrase).split()).strip(_MARKS)
