"""Search: a passage of one's own documents in answer to a short question, with its source.

SQLite's FTS5 finds; how sure the answer is comes from the share of the question's weight that the passage covers, where
a word weighs what it tells: its inverse document frequency (the Robertson-Sparck Jones weight that BM25 uses).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from math import log
from pathlib import Path
from typing import Final

from router_core.errors import Fault, PolicyError
from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.tools.base import ToolAnswer
from router_core.tools.passages import Passage, read_passages
from router_core.tools.vocabulary import Vocabulary
from router_core.words import content_words, fold

MAX_QUESTION_WORDS: Final = 40
MAX_QUESTION_CHARACTERS: Final = 400
MAX_TERMS: Final = 16
"""Words of a question that are looked up."""

STEMMED_LANGUAGE: Final = "en"
"""Questions in other languages may also be met by words that are like theirs; see `vocabulary`."""
HEADING_WEIGHT: Final = 4.0
"""BM25 weight of a word in a heading; in the text it is 1."""
LONE_WORD_CONFIDENCE: Final = 0.5
"""At most, of a passage that has the question's only content word, unless its heading is little else than that word."""

_QUESTION: Final = re.compile(
    r"(?i)\s*(?:what|which|who|whose|whom|when|where|why|how|is|are|was|were|do|does|did|can|could|may|should|will|would"
    r"|has|have|find|search|look up|look for|show|tell me|explain|describe|define|list|help"
    r"|was|wer|wie|wo|wann|warum|wieso|welche[rsn]?|wozu|ist|sind|kann|gibt|finde|suche|zeig"
    r"|qui|que|quel(?:le)?s?|comment|où|quand|pourquoi|combien|est-ce|cherche|trouve"
    r"|qué|quién|cuál|cómo|dónde|cuándo|cuánto|busca|che|chi|come|dove|quando|perché|quale|cerca)\b"
)


class Search:
    """Tool that answers from a folder of Markdown and text files, read once when it is made."""

    location: Final = "local"

    def __init__(self, name: str, folder: Path, threshold: float, timeout_s: float) -> None:
        """Read and index the folder.

        Raises:
            PolicyError: there is no such folder, or nothing to search in it.
        """
        self.name = name
        self.threshold = threshold
        self.timeout_s = timeout_s
        self._index = _Index(_passages_of(name, folder))

    async def resolve(self, request: RouteRequest, signals: Signals) -> ToolAnswer | None:
        """See `Tool.resolve`. The index is in memory and answers in well under a millisecond."""
        question = request.prompt
        if signals.code or not looks_like_a_question(question, signals.intent):
            return None
        terms = content_words(question)[:MAX_TERMS]
        found = self._index.best(terms, loosely=signals.language != STEMMED_LANGUAGE)
        if found is None:
            return None
        passage, confidence, covered = found
        title = f"**{passage.heading}**\n\n" if passage.heading else ""
        return ToolAnswer(
            text=f"{title}{passage.text}\n\nSource: {passage.source}",
            confidence=round(confidence, 4),
            reason=f"{passage.source} has {covered} of the question's {len(terms)} content words.",
            citations=(passage.source,),
        )


def looks_like_a_question(prompt: str, intent: str) -> bool:
    """Whether a prompt is short and asks for something that documents may hold; a pasted document does not."""
    if len(prompt) > MAX_QUESTION_CHARACTERS or len(prompt.split()) > MAX_QUESTION_WORDS:
        return False
    return prompt.rstrip().endswith("?") or intent == "search" or _QUESTION.match(prompt) is not None


def _passages_of(name: str, folder: Path) -> Sequence[Passage]:
    def fault(problem: str, remedy: str) -> PolicyError:
        return PolicyError([Fault(str(folder), f"tools.{name}.folder", problem, remedy)])

    if not folder.is_dir():
        raise fault("there is no such folder", "create it, or correct the path (it is relative to the policy file)")
    try:
        found = read_passages(folder)
    except OSError as error:
        raise fault(f"it cannot be read ({error.strerror})", "make its files readable") from None
    if not found:
        raise fault("it holds no text", "put .md or .txt files into it, or remove the tool")
    return found


class _Index:
    """Passages in an FTS5 table of an in-memory database, and their words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._headings = [frozenset(content_words(passage.heading)) for passage in passages]
        # Queries are short and made by one thread at a time: those of the event loop.
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(
            "CREATE VIRTUAL TABLE passage USING fts5(heading, body, tokenize = 'porter unicode61 remove_diacritics 2')"
        )
        self._database.executemany(
            "INSERT INTO passage (rowid, heading, body) VALUES (?, ?, ?)",
            ((row, p.heading, p.text) for row, p in enumerate(passages)),
        )
        self._rows_of_words: dict[str, set[int]] = {}
        for row, passage in enumerate(passages):
            for word in content_words(f"{passage.heading} {passage.text}"):
                self._rows_of_words.setdefault(fold(word), set()).add(row)
        self._vocabulary = Vocabulary(self._rows_of_words)

    def best(self, terms: Sequence[str], *, loosely: bool) -> tuple[Passage, float, int] | None:
        """The passage that covers most of the terms' weight, its share, and how many terms it covers.

        With ``loosely`` a term that stands nowhere counts as far as a word of the passage is like it.
        """
        rows = {term: self._rows(term, loosely=loosely) for term in terms}
        weights = {term: self._weight(len(rows[term])) for term in terms}
        total = sum(weights.values())
        # Ties go to the heading that says little else, then to BM25: the first of equals stays.
        best: tuple[float, float, int] | None = None
        for row in self._ranked(terms, rows):
            share = sum(weight * rows[term].get(row, 0.0) for term, weight in weights.items()) / total
            heading = self._heading_share(row, terms)
            if len(terms) == 1:
                share = min(share, max(LONE_WORD_CONFIDENCE, heading))
            if best is None or (share, heading) > best[:2]:
                best = (share, heading, row)
        if best is None:
            return None
        share, _, row = best
        return self._passages[row], share, sum(row in rows[term] for term in terms)

    def _heading_share(self, row: int, terms: Sequence[str]) -> float:
        """Share of the heading's words that the question has; 0 without a heading."""
        words = self._headings[row]
        return len(words.intersection(terms)) / len(words) if words else 0.0

    def _weight(self, frequency: int) -> float:
        """Inverse document frequency; a word that no passage has weighs most."""
        return log(1 + (len(self._passages) - frequency + 0.5) / (frequency + 0.5))

    def _rows(self, term: str, *, loosely: bool) -> dict[int, float]:
        """Passages that have a term, each with how far what it has is like it."""
        cursor = self._database.execute("SELECT rowid FROM passage WHERE passage MATCH ?", (_quoted(term),))
        rows = {row: 1.0 for (row,) in cursor}
        if rows or not loosely:
            return rows
        for word, likeness in self._vocabulary.near(fold(term)).items():
            for row in self._rows_of_words[word]:
                rows[row] = max(rows.get(row, 0.0), likeness)
        return rows

    def _ranked(self, terms: Sequence[str], rows: Mapping[str, Mapping[int, float]]) -> list[int]:
        """Passages with any of the terms, by BM25; then those that only have words like them."""
        if not terms:
            return []
        cursor = self._database.execute(
            "SELECT rowid FROM passage WHERE passage MATCH ? ORDER BY bm25(passage, ?, 1.0) LIMIT 50",
            (" OR ".join(map(_quoted, terms)), HEADING_WEIGHT),
        )
        ranked = [row for (row,) in cursor]
        return list(dict.fromkeys([*ranked, *sorted(set().union(*rows.values()))[:50]]))


def _quoted(term: str) -> str:
    """A term as an FTS5 string: nothing in it is syntax."""
    return '"' + term.replace('"', '""') + '"'
