"""Answers that come as a JSON object beside their own working: which member of it is the result.

Models that are asked to think before they answer, in JSON, give ``{"reasoning": "...", "answer": "12"}``. Two of them
say the same when their results are equal, however differently they reasoned.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any, Final

WORKING: Final = frozenset(
    {
        *("reasoning", "reason", "rationale", "explanation", "justification", "analysis", "thought", "thoughts"),
        *("thinking", "steps", "working", "scratchpad", "chain_of_thought", "step_by_step", "confidence"),
    }
)
"""Names of members that hold how a result was found, or how sure the model is, but not the result."""
RESULT: Final = frozenset({"answer", "final_answer", "final answer", "finalanswer", "result"})
"""Names of members that hold the result."""

_RESULT_MEMBER: Final = re.compile(r'(?i)"(?:final[_ ]?)?(?:answer|result)"\s*:\s*')
_LITERAL_CHARACTERS: Final = 4_000
# Python's parser warns of these two, and a warning about foreign text is noise in our log.
_WARNED_OF: Final = re.compile(r"\\[^\\'\"abfnrtvxuUN0-7\n]|\d[a-zA-Z]")
_LENIENT: Final = json.JSONDecoder(strict=False)


class NoResult(ValueError):
    """The text holds no object with a result."""


def result_in(value: Any) -> Any:
    """The result that a JSON value holds: what is left of an object when its working is taken away.

    Raises:
        NoResult: it is no object, or one that is an answer as a whole.
    """
    if not isinstance(value, Mapping):
        raise NoResult("it is no object")
    left = {name: item for name, item in value.items() if str(name).lower() not in WORKING}
    if len(left) == 1 and (len(value) > 1 or str(next(iter(left))).lower() in RESULT):
        return next(iter(left.values()))
    if not left or len(left) == len(value):
        raise NoResult("the object is the answer")
    return left


def result_after_words(text: str) -> Any:
    """The value of the last member named as a result, in an object among other words or in one that is not quite JSON.

    Raises:
        NoResult: there is none.
    """
    members = list(_RESULT_MEMBER.finditer(text))
    if not members or "{" not in text[: members[-1].start()]:
        raise NoResult("no member is named as a result")
    rest = text[members[-1].end() :].strip()
    try:
        value, end = _LENIENT.raw_decode(rest)
    except (ValueError, RecursionError):
        value, end = None, 0
    if end and rest[end:].lstrip()[:1] in ("", ",", "}"):
        return value
    # Broken: an unquoted Python literal, say, or a quote inside a string. What precedes the closing brace is meant.
    value = rest.split("\n")[0].rstrip("` \t\r").removesuffix("}").rstrip(" \t,")
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def literal(text: str) -> Any:
    """The list, dictionary, tuple or set that a text writes down as Python does; tuples and sets are not lists.

    Raises:
        NoResult: it writes down none.
    """
    body = text.strip()
    if not body or (body[0], body[-1]) not in (("[", "]"), ("{", "}"), ("(", ")")):
        raise NoResult("it has no brackets around it")
    if len(body) > _LITERAL_CHARACTERS or _WARNED_OF.search(body):
        raise NoResult("it is too long or too odd")
    try:
        return _plain(ast.literal_eval(body))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise NoResult("it is no literal") from None


def _plain(value: Any) -> Any:
    """The literal as JSON could hold it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, tuple):
        return {"(tuple)": [_plain(item) for item in value]}
    if isinstance(value, set):
        return {"(set)": sorted((_plain(item) for item in value), key=repr)}
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
