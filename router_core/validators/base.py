"""What a validator is: it scores a complete answer, 0 to 1, and says why; before that it may have others asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from router_core.functions import FunctionCall
from router_core.request import Message, RouteRequest


@dataclass(frozen=True, slots=True)
class CompleteAnswer:
    """An answer as validators see it."""

    text: str
    finish_reason: str | None
    model: str
    mean_logprob: float | None = None
    """Mean natural logarithm of its tokens' probabilities, at most 0; None when the model states none."""
    calls: tuple[FunctionCall, ...] = ()
    """Functions that it calls."""


@dataclass(frozen=True, slots=True)
class Score:
    """0 (wrong) to 1 (right), and why, in one sentence for a person."""

    value: float | None
    """None: unknown, nothing could be found out."""
    reason: str
    """Recorded even where answers are not: it names models and places, and repeats nothing of what was said."""
    passes_unknown: bool = True
    """Whether an answer of unknown score passes."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One extra call that a validator wants made before it scores. The router makes it only if guard and caps allow."""

    kind: Literal["probe", "judge"]
    model: str
    reason: str
    """Why the call is made; the reason of its branch."""
    messages: tuple[Message, ...] | None = None
    """None: the request's own conversation, with its own schema and stop sequences."""
    response_schema: Mapping[str, Any] | None = None
    """With messages of its own: the JSON schema of what should come back."""
    max_output_tokens: int | None = None
    """None: the request's own limit."""
    temperature: float | None = None
    """None: the request's own."""
    sample: int = 0
    """Added to the request's seed, so that samples of one model differ."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of an ask."""

    model: str
    answer: CompleteAnswer | None
    missing: str = ""
    """Why there is no answer: "it failed (timeout)", "it is cloud, the rule asks for local"."""


class Validator(Protocol):
    """One named validator of a policy. Implementations inherit from it, and score alone unless they say otherwise."""

    name: str
    threshold: float
    """Lowest score that passes, unless the route says another."""
    asking: ClassVar[bool] = False
    """Whether it has others asked. Such validators come last, and are left out when they could change nothing."""

    def asks(self, answer: CompleteAnswer, request: RouteRequest) -> Sequence[Ask]:
        """The calls that it wants made, side by side."""
        return ()

    def score(self, answer: CompleteAnswer, asked: Sequence[Asked], request: RouteRequest) -> Score:
        """Score ``answer``; ``asked`` holds what became of each ask, in order.

        Pure: no I/O, never raises on hostile text.
        """
        ...
