"""Two texts word by word: which words both have, and which only one of them. Text in, text out; nothing is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

MOST_WORDS: Final = 4_000
"""Words of a text that are compared: at most a quarter of a second."""
_WORDS: Final = re.compile(r"\s*\S+|\s+")
_SPACE: Final = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one text. Put together, all pieces of a side are that text, letter by letter."""

    text: str
    only: bool
    """The other text does not have it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts side by side."""

    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    same: int
    """Words that both have, in the same order."""
    words: tuple[int, int]
    """Words of each."""


def compare(left: str, right: str) -> Comparison | None:
    """Mark what only one of two texts has. Spaces and line breaks between words do not count.

    The longest matching stretch comes first, then those before and after it (Ratcliff and Metzener, "Pattern Matching:
    the Gestalt Approach", Dr. Dobb's Journal, July 1988), as `difflib` does it.

    Returns:
        None when a text has more than `MOST_WORDS` words.
    """
    tokens = [_WORDS.findall(text) for text in (left, right)]
    words = [[token.strip() for token in side if token.strip()] for side in tokens]
    if max(map(len, words)) > MOST_WORDS:
        return None
    shared: tuple[set[int], set[int]] = (set(), set())
    for block in _blocks(*words):
        shared[0].update(range(block[0], block[0] + block[2]))
        shared[1].update(range(block[1], block[1] + block[2]))
    first, second = (tuple(_pieces(side, both)) for side, both in zip(tokens, shared, strict=True))
    return Comparison(first, second, len(shared[0]), (len(words[0]), len(words[1])))


def _blocks(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Where both are alike: start on each side, and how many words. What they begin and end with needs no search."""
    least = min(len(left), len(right))
    head = next((i for i in range(least) if left[i] != right[i]), least)
    tail = next((i for i in range(least - head) if left[-1 - i] != right[-1 - i]), least - head)
    yield 0, 0, head
    inner = SequenceMatcher(None, left[head : len(left) - tail], right[head : len(right) - tail])
    for block in inner.get_matching_blocks():
        yield head + block.a, head + block.b, block.size
    yield len(left) - tail, len(right) - tail, tail


def _pieces(tokens: Iterable[str], shared: set[int]) -> Iterator[Piece]:
    """Neighbours of one kind are joined; the space before a marked stretch is not marked."""
    text, only, word = "", False, 0
    for token in tokens:
        space = _SPACE.match(token)
        before = "" if space is None else space[0]
        blank = before == token
        mark = only if blank else word not in shared
        word += not blank
        if mark == only:
            text += token
            continue
        if mark:
            text, token = text + before, token[len(before) :]
        if text:
            yield Piece(text, only)
        text, only = token, mark
    if text:
        yield Piece(text, only)
