"""Code: whether a prompt holds source code, a stack trace or a shell command, whatever it asks."""

from __future__ import annotations

import re
from typing import Final

from router_core.signals.text import window

CODE_CHARACTERS: Final = 12_000
"""How much of the prompt is looked at, two thirds from the start and one third from the end."""

# Each of these alone is code: prose does not look so by accident.
_CERTAIN: Final = re.compile(
    r"""
      ^[ \t]{0,40}(?:```|~~~)
    | ^[ \t]{0,80}(?:async[ ])?def[ ]\w{1,80}\(
    | ^[ \t]{0,80}class[ ]\w{1,80}[ ]?[:({]
    | ^[ \t]{0,80}from[ ][\w.]{1,80}[ ]import[ ]
    | ^[ \t]{0,80}import[ ](?:[\w.]{1,80}(?:[ ]as[ ]\w{1,40})?;?$|[{*\w][^\n]{0,120}[ ]from[ ]['"])
    | ^[ \t]{0,80}\#(?:include[ ]?[<"]|define[ ]|!/)
    | ^[ \t]{0,80}package[ ][\w.]{1,80};?$
    | ^[ \t]{0,80}(?:public|private|protected|static)[ ](?:\w{1,40}[ ]){0,3}\w{1,80}[ ]?[({=]
    | ^[ \t]{0,80}(?:export[ ])?(?:const|let|var)[ ][\w{\[][^\n=]{0,80}=[^=]
    | ^[ \t]{0,80}(?:func|fn|fun)[ ]\w{1,80}[(<]
    | \bfunction\b[ ]?\w{0,80}\([^)\n]{0,200}\)[ ]?\{
    | \([^()\n]{0,80}\)[ ]?=>[ ]?[{(\w]
    | \b(?:SELECT|select)\b[^;]{1,200}\b(?:FROM|from)[ \n]{1,8}["`\[]?\w{1,80}["`\]]?
        (?:[ \n]{1,8}(?:WHERE|where|JOIN|join|GROUP|group|ORDER|order|LIMIT|limit)\b|[ \n]{0,8};)
    | \b(?:INSERT[ ]INTO|CREATE[ ]TABLE|ALTER[ ]TABLE|DROP[ ]TABLE|DELETE[ ]FROM)[ ]\w
    | </(?:div|span|html|body|head|p|a|ul|li|table|tr|td|script|style|h[1-6])>
    | ^Traceback[ ]\(most[ ]recent[ ]call[ ]last\)
    | ^[ \t]{1,40}at[ ][\w.$<>]{1,120}\([^)\n]{1,120}:\d+\)
    | ^[ \t]{0,40}(?:if|for|while)[ ]?\([^\n]{1,160}\)[ ]?\{
    | ^[ \t]{0,80}(?:if|elif|for|while|with|try|except|else)\b[^\n.?!,]{0,120}:\n[ \t]{2,}
    | ^[ \t]{0,8}(?:\$[ ]|sudo[ ])(?:[a-z][\w.-]{1,30})\b
    | \b(?:print|printf|println|console\.log|System\.out\.println|len|range|malloc|fmt\.Println)\([^)\n]{0,160}\)
    | \b(?:std|boost)::\w
    """,
    re.VERBOSE | re.MULTILINE,
)

# Two different ones of these are code, or one of them on several lines.
_LIKELY: Final = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"[\w)\]\"'];[ \t]*$",
        r"^[ \t]{0,80}[\w.\[\]]{1,60} ?(?:=|:=|\+=|-=) ?[^=\s][^\n]{0,120}$",
        r"[{}][ \t]*$",
        r"\b\w{1,60}\.\w{1,60}\([^)\n]{0,120}\)",
        r"^[ \t]{0,80}return\b",
        r"(?:==|!=|<=|>=|&&|\|\||->|::|\+\+)",
        r"^[ \t]{0,80}(?://|#|--|/\*) ?\w",
        r"\b\w{1,60}\(\)",
    )
)


def holds_code(prompt: str) -> bool:
    """Whether the prompt contains code. Asking for code in plain words is intent, not code."""
    text = window(prompt, CODE_CHARACTERS * 2 // 3, CODE_CHARACTERS // 3)
    if not any(mark in text for mark in "=(){};<>`#$:"):
        return False
    if _CERTAIN.search(text):
        return True
    return sum(1 for pattern in _LIKELY if pattern.search(text)) >= 3
