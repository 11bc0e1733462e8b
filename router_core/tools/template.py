"""Templates of answers: text with named gaps, and nothing else: no expressions, no attributes, no code.

What fills a gap comes from prompts and databases and is hostile until it is made plain: one line, of bounded length,
without control characters, and for Markdown without anything that could become markup.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

VALUE_CHARACTERS: Final = 200
"""Of one value; what is longer is cut, with an ellipsis."""

_PART: Final = re.compile(r"\{\{|\}\}|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}|(?P<stray>[{}])")
_MARKUP: Final = re.compile(r"[\\`*_\[\]<>&|~$#!]")


class InvalidTemplate(ValueError):
    """A brace stands alone; ``str(error)`` says where."""


class Template:
    """Text with gaps written ``{name}``; ``{{`` and ``}}`` are braces."""

    def __init__(self, text: str) -> None:
        """Read the text.

        Raises:
            InvalidTemplate: a brace belongs to no gap.
        """
        self._parts: list[tuple[str, bool]] = []
        place = 0
        for part in _PART.finditer(text):
            if part["stray"]:
                raise InvalidTemplate(f"the brace at character {part.start() + 1} belongs to no {{name}}")
            self._parts.append((text[place : part.start()], False))
            self._parts.append((part["name"], True) if part["name"] else (part[0][0], False))
            place = part.end()
        self._parts.append((text[place:], False))
        self.names: Final = frozenset(part for part, gap in self._parts if gap)
        """Names of the gaps."""

    def fill(self, values: Mapping[str, str]) -> str:
        """The text with its gaps filled. A value is never read for gaps of its own.

        Raises:
            KeyError: a gap has no value.
        """
        return "".join(values[part] if gap else part for part, gap in self._parts)


def plain(text: str) -> str:
    """The text on one line, without control and format characters, at most `VALUE_CHARACTERS` long."""
    kept = "".join(
        " " if character.isspace() else character
        for character in text[: 4 * VALUE_CHARACTERS]
        if character.isspace() or not unicodedata.category(character).startswith("C")
    )
    line = " ".join(kept.split())
    return line if len(line) <= VALUE_CHARACTERS else line[: VALUE_CHARACTERS - 1].rstrip() + "…"


def markdown(text: str) -> str:
    """`plain` text in which no character starts markup, HTML, a formula or a table's cell."""
    return _MARKUP.sub(_escaped, plain(text))


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(character, "\\" + character)
