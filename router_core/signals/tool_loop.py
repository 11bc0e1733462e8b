"""How a tool loop goes: whether the caller's functions fail, and whether a model calls the same one again and again.

A loop is what came after the last user message: assistants' messages that call functions, and the results that the
caller sent back. Without a result in it there is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from router_core.functions import in_words
from router_core.request import Message

RECENT: Final = 4
"""Results and calls that count: a loop that has recovered is in no trouble."""
USUAL_ROUNDS: Final = 5
"""Rounds that say nothing against a loop."""
HALF_ROUNDS: Final = 10
"""With so many rounds more, the part of the rounds is a half."""
ROUNDS_WEIGHT: Final = 0.5
"""Rounds alone never come to more than this."""
_READ_CHARACTERS: Final = 20_000
"""A result in JSON is parsed up to this length; of a longer one only the beginning is read."""
_OPENING: Final = 200

_ERROR: Final = re.compile(
    r"""\s*[\[(<{*_`"']*\s*(?:
        (?:an?\s+)?(?:(?:internal|unexpected|unknown|fatal|server|network|api|tool|runtime|syntax|validation)\s+){0,2}
            (?:error|exception|fehler|erreur)\b
      | [A-Za-z_.]*(?:Error|Exception)\b
      | traceback\ \(most\ recent\ call\ last\)
      | (?:failed|failure|timed?\ ?out|not\ found|permission\ denied|access\ denied|unauthori[sz]ed|forbidden)\b
      | (?:http\s*(?:status\s*)?|status(?:\ code)?:?\s*)[45]\d\d\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_NO_ERROR: Final = re.compile(r"\s*(?:no|0|zero|without)\s+(?:\w+\s+)?(?:errors?|exceptions?)\b", re.IGNORECASE)
_ERROR_KEYS: Final = ("error", "errors", "exception", "is_error", "isError")
_SUCCESS_KEYS: Final = ("ok", "success")
_STATUS_KEYS: Final = ("status", "status_code", "statusCode")
_BAD_STATES: Final = frozenset({"error", "failed", "failure", "timeout"})


@dataclass(frozen=True, slots=True)
class ToolLoop:
    """Facts about a loop."""

    rounds: int = 0
    """Messages in it that call functions."""
    errors: int = 0
    """Of the last `RECENT` results, those that say an error."""
    repeats: int = 0
    """Of the last `RECENT` calls, those that were made before in this loop with the same arguments."""

    @property
    def trouble(self) -> float:
        """0..1: ``1 - (1 - errors/4) (1 - repeats/(repeats + 1)) (1 - 0.5 over/(over + 10))``, with ``over`` the rounds
        beyond five."""
        over = max(0, self.rounds - USUAL_ROUNDS)
        failed, again = self.errors / RECENT, self.repeats / (self.repeats + 1)
        return round(1 - (1 - failed) * (1 - again) * (1 - ROUNDS_WEIGHT * over / (over + HALF_ROUNDS)), 4)


NO_LOOP: Final = ToolLoop()


def read_tool_loop(messages: Sequence[Message]) -> ToolLoop:
    """The loop that a conversation is in; `NO_LOOP` when its last message is no result. Pure, and never raises."""
    if not messages or messages[-1].role != "tool":
        return NO_LOOP
    start = next((at for at in range(len(messages) - 1, -1, -1) if messages[at].role == "user"), -1) + 1
    loop = messages[start:]
    results = [message.content for message in loop if message.role == "tool"]
    said = [in_words((call,)) for message in loop for call in message.calls]
    repeats = sum(call in said[:at] for at, call in enumerate(said) if at >= len(said) - RECENT)
    return ToolLoop(
        rounds=sum(bool(message.calls) for message in loop),
        errors=sum(map(says_error, results[-RECENT:])),
        repeats=repeats,
    )


def says_error(result: str) -> bool:
    """Whether a function's result reads like an error: by its members when it is a JSON object, else by its opening."""
    text = result.lstrip()
    if text.startswith("{") and len(text) <= _READ_CHARACTERS:
        try:
            found = orjson.loads(text)
        except ValueError:
            found = None
        if isinstance(found, dict):
            return _object_says_error(found)
    opening = text[:_OPENING]
    return _ERROR.match(opening) is not None and _NO_ERROR.match(opening) is None


def _object_says_error(found: Mapping[str, Any]) -> bool:
    if any(found.get(key) for key in _ERROR_KEYS) or any(found.get(key) is False for key in _SUCCESS_KEYS):
        return True
    for key in _STATUS_KEYS:
        state = found.get(key)
        if isinstance(state, str) and state.lower() in _BAD_STATES:
            return True
        if isinstance(state, int) and not isinstance(state, bool) and 400 <= state <= 599:
            return True
    return False
