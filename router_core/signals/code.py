"""Code: whether a prompt holds source code, a stack trace or a shell command, whatever it asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from router_core.signals.text import window

CODE_CHARACTERS: Final = 12_000
"""How much of the prompt is looked at, two thirds from the start and one third from the end."""

# Any of these is code: prose does not look so by accident. First what a line begins with ...
_LINE: Final = re.compile(
    r"""
    ^[ \t]{0,80}(?:
        ```|~~~
      | (?:async[ ])?def[ ]\w{1,80}\(
      | class[ ]\w{1,80}[ ]?(?:\(|\{|:$)
      | from[ ][\w.]{1,80}[ ]import[ ]
      | import[ ](?:[\w.]{1,80}(?:[ ]as[ ]\w{1,40})?;?$|[{*\w][^\n]{0,120}[ ]from[ ]['"])
      | \#(?:include[ ]?[<"]|define[ ]|!/)
      | package[ ][\w.]{1,80};?$
      | (?:public|private|protected|static)[ ](?:[\w\[\]<>]{1,40}[ ]){0,3}\w{1,80}[ ]?[({=]
      | (?:export[ ])?(?:const|let|var)[ ][\w{\[][^\n=]{0,80}=[^=]
      | (?:func|fn|fun)[ ]\w{1,80}[(<]
      | Traceback[ ]\(most[ ]recent[ ]call[ ]last\)
      | at[ ][\w.$<>]{1,120}\([^)\n]{1,120}:\d+\)
      | (?:if|for|while)[ ]?\([^\n]{1,160}\)[ ]?\{
      | (?:if|elif|for|while|with|try|except|else)\b[^\n.?!,]{0,120}:\n[ \t]{2,80}\w[^\n.]{0,120}(?:[=(\[]|$)
      | (?:\$[ ]|sudo[ ])[a-z][\w.-]{1,30}\b
    )
    """,
    re.VERBOSE | re.MULTILINE,
)

_CALLED: Final = ("print", "printf", "println", "Println", r"\.log", "range", "len", "malloc")

# ... then what may stand anywhere. A pattern is tried only when the piece of text beside it occurs.
_ANYWHERE: Final = (
    ("function", re.compile(r"\bfunction\b[ ]?\w{0,80}\([^)\n]{0,200}\)[ ]?\{")),
    ("=>", re.compile(r"\)[ ]?=>[ ]?[{(\w]")),
    (
        "select",
        re.compile(
            r"(?i)\bselect\b[^;.?!]{1,200}\bfrom[ \n]{1,8}[\"`\[]?\w{1,80}[\"`\]]?"
            r"(?:[ \n]{1,8}(?:where|join|group[ ]by|order[ ]by|limit)\b|[ \n]{0,8};)"
        ),
    ),
    ("insert into ", re.compile(r"INSERT INTO \w")),
    ("create table ", re.compile(r"CREATE TABLE \w")),
    ("alter table ", re.compile(r"ALTER TABLE \w")),
    ("delete from ", re.compile(r"DELETE FROM \w")),
    ("</", re.compile(r"</(?:div|span|html|body|head|p|a|ul|li|table|tr|td|script|style|h[1-6])>")),
    ("::", re.compile(r"\b(?:std|boost)::\w")),
    (
        "(",
        re.compile(
            # The bracket first and then a look back at the name: so the engine skips from bracket to bracket.
            r"\((?:" + "|".join(rf"(?<={name}\()" for name in _CALLED) + r")(?:[^)\n]{0,160}\)|['\"])"
            r"(?:[ \t]*[;:)]|[ \t]*$)",
            re.MULTILINE,
        ),
    ),
)

_ENOUGH: Final = 3
"""So many different ones of these are code."""
_LIKELY: Final = (
    (";", re.compile(r";[ \t]*$", re.MULTILINE)),
    ("=", re.compile(r"^[ \t]{0,80}[\w.\[\]]{1,60} ?(?:=|:=|\+=|-=) ?[^=\s][^\n]{0,120}$", re.MULTILINE)),
    ("{", re.compile(r"\{[ \t]*$", re.MULTILINE)),
    ("}", re.compile(r"^[ \t]*\}", re.MULTILINE)),
    (".", re.compile(r"\.\w{1,60}\([^)\n]{0,120}\)")),
    ("return", re.compile(r"^[ \t]{0,80}return\b", re.MULTILINE)),
    ("()", re.compile(r"\w\(\)")),
    ("//", re.compile(r"^[ \t]{0,80}// ?\w", re.MULTILINE)),
    ("#", re.compile(r"^[ \t]{0,80}# ?\w", re.MULTILINE)),
    *((sign, re.compile(re.escape(sign))) for sign in ("==", "!=", "<=", ">=", "&&", "||", "->", "::", "++", "+=")),
)


def holds_code(prompt: str) -> bool:
    """Whether the prompt contains code. Asking for code in plain words is intent, not code."""
    text = window(prompt, CODE_CHARACTERS * 2 // 3, CODE_CHARACTERS // 3)
    if _any_line_begins_as_code(text):
        return True
    lower = text.lower()
    if any(pattern.search(text) for pattern in _worth_trying(_ANYWHERE, lower)):
        return True
    likely = _worth_trying(_LIKELY, text)
    return len(likely) >= _ENOUGH and sum(1 for pattern in likely if pattern.search(text)) >= _ENOUGH


def _worth_trying(patterns: Sequence[tuple[str, re.Pattern[str]]], text: str) -> list[re.Pattern[str]]:
    """Those whose mark occurs. A single character is found twenty times as quickly as a piece of two."""
    return [pattern for mark, pattern in patterns if mark[0] in text and mark in text]


def _any_line_begins_as_code(text: str) -> bool:
    """`_LINE`, tried where lines begin: the engine itself would look for these at every character."""
    begin = 0
    while not _LINE.match(text, begin):
        begin = text.find("\n", begin) + 1
        if begin == 0:
            return False
    return True
