"""Truncation: whether an answer ends before its end."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from router_core.request import RouteRequest
from router_core.validators.base import Asked, CompleteAnswer, Score, Validator

UNFINISHED_PROSE_SCORE: Final = 0.6
"""For prose without a last full stop: often cut off, often only careless."""

_FENCE: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$", re.MULTILINE)
_JSON_OPENING: Final = re.compile(r"[{\[]\s*(?:[\"{\[\]}]|-?\d|true\b|false\b|null\b)")
_STRING: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_LIST_ITEM: Final = re.compile(r"\s*(?:[-*+\u2022#|>]|\d{1,3}[.)])")
_ENDINGS: Final = frozenset(".!?\u2026\u3002\uff01\uff1f)]}>|`%\u00b0$")
_CLOSERS: Final = "\"'\u201d\u2019\u00bb*_ \t"
_DANGLING: Final = frozenset(
    (
        *("and", "or", "the", "an", "of", "with", "because", "which", "between", "than", "its", "their"),
        *("und", "oder", "der", "ein", "eine", "einen", "weil", "dass", "zwischen", "sowie"),
        *("et", "ou", "le", "les", "des", "une", "parce", "avec", "entre", "y", "el", "los", "las", "una", "con"),
    )
)
"""Words that no sentence ends in."""
_MIN_PROSE_WORDS: Final = 8
_READ_CHARACTERS: Final = 2_000
_MAX_CHARACTERS: Final = 100_000
"""Of a longer answer only the end is looked at."""


class Truncation(Validator):
    """0 for an answer that was cut off, `UNFINISHED_PROSE_SCORE` for prose without an end, else 1."""

    def __init__(self, name: str, threshold: float) -> None:
        self.name = name
        self.threshold = threshold

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """See `Validator.score`."""
        if answer.finish_reason == "length":
            return Score(0.0, "The answer was cut off: it reached its limit of tokens.")
        text = answer.text.strip()
        if not text:
            return Score(0.0, "The answer is empty.")
        if len(text) > _MAX_CHARACTERS:
            return _ending(text[-_READ_CHARACTERS:])
        if _inside_fence(text):
            return Score(0.0, "The answer ends inside a block of code.")
        if _inside_json(text):
            return Score(0.0, "The answer ends inside a JSON value.")
        return _ending(text[-_READ_CHARACTERS:])


def _inside_fence(text: str) -> bool:
    """Whether a fence of code is still open; as in CommonMark, one as long and of the same sign closes it."""
    opened = ""
    for fence, rest in _FENCE.findall(text):
        if not opened:
            opened = fence
        elif fence.startswith(opened) and not rest.strip():
            opened = ""
    return bool(opened)


def _inside_json(text: str) -> bool:
    """Whether the text begins like JSON and leaves a string, an object or a list open."""
    if not _JSON_OPENING.match(text):
        return False
    bare = _STRING.sub("", text)
    return '"' in bare or bare.count("{") > bare.count("}") or bare.count("[") > bare.count("]")


def _ending(text: str) -> Score:
    line = text.rpartition("\n")[2].strip()
    end = line.rstrip(_CLOSERS)
    words = line.split()
    if not end or end[-1] in _ENDINGS:
        return Score(1.0, "The answer comes to its end.")
    if end[-1] in ",;\u2013\u2014(" or (len(words) > 2 and words[-1] in _DANGLING):
        return Score(0.0, "The answer ends in the middle of a sentence.")
    if end[-1] == ":":
        return Score(0.0, "The answer ends where something should follow a colon.")
    if len(words) < _MIN_PROSE_WORDS or _LIST_ITEM.match(line):
        return Score(1.0, "The answer comes to its end.")
    return Score(UNFINISHED_PROSE_SCORE, "The last sentence of the answer has no end mark.")
