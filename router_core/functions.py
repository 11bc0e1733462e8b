"""Functions that a caller offers to models, and the calls that models make of them.

OpenAI's clients say "tools"; here these answer by themselves, before any model. What a model calls is the caller's own:
it is never run here, only checked and handed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson


@dataclass(frozen=True, slots=True)
class Function:
    """What a model may call."""

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] | None = None
    """The JSON schema of its arguments; None: it takes none that anybody named."""
    strict: bool | None = None
    """Whether the caller wants arguments that satisfy the schema to the letter; None: it did not say."""

    @property
    def text(self) -> str:
        """All of it that models get to read."""
        return orjson.dumps([self.name, self.description, self.parameters], default=str).decode()


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """What a model wants called."""

    call_id: str
    """By which the caller's answer names it."""
    name: str
    arguments: str
    """As the model wrote them: an object in JSON, if it did well."""


@dataclass(frozen=True, slots=True)
class TheFunction:
    """The choice of one function, by name."""

    name: str


FunctionChoice: TypeAlias = Literal["auto", "none", "required"] | TheFunction
"""Whether a model may, must not or must call a function, or which it must call."""


def in_words(calls: tuple[FunctionCall, ...]) -> str:
    """The calls as one text, the same for the same calls whatever their ids: to be compared, and to estimate tokens."""
    return "\n".join(f"{call.name}({_same(call.arguments)})" for call in calls)


def _same(arguments: str) -> str:
    try:
        return orjson.dumps(orjson.loads(arguments), option=orjson.OPT_SORT_KEYS).decode()
    except ValueError:
        return arguments
