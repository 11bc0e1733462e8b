"""The words of a prompt, those that say something of what it is about, and how words are compared."""

from __future__ import annotations

import re
import unicodedata
from importlib.resources import files
from typing import Final

STOP_WORDS: Final = frozenset(files("router_core").joinpath("stop_words.txt").read_text(encoding="utf-8").split())
"""Words of English, German, French, Spanish and Italian that say nothing of what is asked."""

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")  # noqa: RUF001


def words(text: str) -> list[str]:
    """The words in lower case, without the English possessive."""
    return [word.replace("’", "'").removesuffix("'s") for word in _WORD.findall(text.lower())]  # noqa: RUF001


def content_words(text: str) -> tuple[str, ...]:
    """The words without those that tell nothing, each once."""
    return tuple(dict.fromkeys(word for word in words(text) if word not in STOP_WORDS))


def fold(text: str) -> str:
    """The text for comparing: compatibility forms, case and accents do not count (Unicode's NFKD and case folding)."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
