"""Hostile text made harmless: what people and models write is shown as text, wherever it lands.

Prompts, answers, errors, and the names of models, tenants and rules can hold HTML, Markdown, terminal codes and
characters that turn the direction of writing. `visible` makes the invisible seen; `html` and `markdown` add the
escapes that their place needs.
"""

from __future__ import annotations

import html as html_module
import re
import unicodedata

ELLIPSIS = "…"
_KEPT = {"\n", "\t"}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:@/&=\"'^])")


def visible(text: object, limit: int | None = None) -> str:
    """The text with every control, format and surrogate character spelled out, and cut to ``limit`` characters.

    Control characters become their picture (ESC is ``␛``), format characters such as bidirectional overrides and
    zero-width spaces their number in brackets (``[U+202E]``); newline and tab stay.
    """
    whole = str(text)
    cut = whole if limit is None or len(whole) <= limit else whole[: max(limit - 1, 0)] + ELLIPSIS
    return "".join(_seen(character) for character in cut.replace("\r\n", "\n"))


def html(text: object, limit: int | None = None) -> str:
    """For HTML and for everything that Plotly draws, which takes a part of HTML in every label."""
    return html_module.escape(visible(text, limit), quote=True)


def markdown(text: object, limit: int | None = None) -> str:
    """For places that read Markdown: labels, captions, help. One line, every mark escaped."""
    line = " ".join(visible(text, limit).split())
    return _MARKDOWN.sub(r"\\\1", line)


def _seen(character: str) -> str:
    if character in _KEPT:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return f"[U+{code:04X}]"
    return character
