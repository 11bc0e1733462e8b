"""What can be said of an answer's text without any model: how many sentences, and how much of it is no letter.

Of captured content alone, of a part of a window's rows; the texts themselves are not kept. Length is a column of the
rows and needs no text. The two are Evidently's SentenceCount and NonLetterCharacterPercentage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from telemetry.storage.models import CONTENT

ROWS: Final = 1_000
"""Of a window whose texts are read."""
MAX_CHARACTERS: Final = 20_000
"""Of an answer that are looked at."""
_AT_ONCE: Final = 500
_SENTENCE: Final = re.compile("[^.!?\u3002\uff01\uff1f\n]+")


def described(connection: sa.Connection, span_ids: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Sentences and per cent of characters that are no letters, by branch; those without a kept text are left out."""
    found: dict[str, tuple[float, float]] = {}
    columns = CONTENT.c
    for start in range(0, min(len(span_ids), ROWS), _AT_ONCE):
        some = list(span_ids[start : min(start + _AT_ONCE, ROWS)])
        statement = sa.select(columns.span_id, columns.text).where(
            columns.span_id.in_(some), columns.part == "output", columns.text.is_not(None)
        )
        for span_id, text in connection.execute(statement):
            answer = _answer(text)
            if answer:
                found[span_id] = (sentences(answer), non_letters(answer))
    return found


def sentences(text: str) -> float:
    """How many stretches with a letter or digit lie between full stops, question and exclamation marks, and lines."""
    return float(sum(any(sign.isalnum() for sign in part) for part in _SENTENCE.findall(text)))


def non_letters(text: str) -> float:
    """Per cent of the characters, but spaces, that are no letters."""
    signs = [sign for sign in text if not sign.isspace()]
    return 100.0 * sum(not sign.isalpha() for sign in signs) / len(signs) if signs else 0.0


def _answer(text: str) -> str:
    try:
        messages = json.loads(text)
        return "\n".join(str(one["content"]) for one in messages)[:MAX_CHARACTERS].strip()
    except (ValueError, KeyError, TypeError):
        return ""
