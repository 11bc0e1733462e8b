"""Captured prompts and answers of a window, and what can be said of an answer without any model.

Of a part of a window's rows; the texts themselves are not kept. Length is a column of the rows and needs no text. How
many sentences there are, and how much is no letter, are Evidently's SentenceCount and NonLetterCharacterPercentage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from telemetry.storage.models import CONTENT

ROWS: Final = 1_000
"""Of a window whose texts are read."""
MAX_CHARACTERS: Final = 20_000
"""Of an answer that are looked at."""
_AT_ONCE: Final = 500
_SENTENCE: Final = re.compile("[^.!?\u3002\uff01\uff1f\n]+")


def answers(connection: sa.Connection, span_ids: Sequence[str]) -> dict[str, str]:
    """The answers of the first ROWS of some branches; those of which no text was kept are left out."""
    return dict(_kept(connection, span_ids[:ROWS], "output", _answer))


def prompts(connection: sa.Connection, span_ids: Sequence[str]) -> dict[str, str]:
    """What the user said last, by the decision's span; of the first ROWS, those without a kept text left out."""
    return dict(_kept(connection, span_ids[:ROWS], "input", _prompt))


def described(answers: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """Sentences and per cent of characters that are no letters, of each answer."""
    return {name: (sentences(answer), non_letters(answer)) for name, answer in answers.items()}


def _kept(
    connection: sa.Connection, span_ids: Sequence[str], part: str, read: Callable[[str], str]
) -> Iterator[tuple[str, str]]:
    columns = CONTENT.c
    for start in range(0, len(span_ids), _AT_ONCE):
        statement = sa.select(columns.span_id, columns.text).where(
            columns.span_id.in_(span_ids[start : start + _AT_ONCE]), columns.part == part, columns.text.is_not(None)
        )
        for span_id, kept in connection.execute(statement):
            if text := read(kept):
                yield span_id, text


def sentences(text: str) -> float:
    """How many stretches with a letter or digit lie between full stops, question and exclamation marks, and lines."""
    return float(sum(any(sign.isalnum() for sign in part) for part in _SENTENCE.findall(text)))


def non_letters(text: str) -> float:
    """Per cent of the characters, but spaces, that are no letters."""
    signs = [sign for sign in text if not sign.isspace()]
    return 100.0 * sum(not sign.isalpha() for sign in signs) / len(signs) if signs else 0.0


def _prompt(text: str) -> str:
    try:
        said = [str(one["content"]) for one in json.loads(text) if one["role"] == "user"]
    except (ValueError, KeyError, TypeError):
        return ""
    return said[-1][:MAX_CHARACTERS].strip() if said else ""


def _answer(text: str) -> str:
    try:
        messages = json.loads(text)
        return "\n".join(str(one["content"]) for one in messages)[:MAX_CHARACTERS].strip()
    except (ValueError, KeyError, TypeError):
        return ""
