"""The one seam between the router and anything that answers: a provider streams text, then says what it used."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from router_core.functions import Function, FunctionCall, FunctionChoice
from router_core.pricing import Nano, Usage
from router_core.request import Message


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt at one model."""

    model: str
    """The model's name in the policy, for messages."""
    messages: tuple[Message, ...]
    timeout_s: float
    """What is left of the request's deadline. The router cancels the call then; a provider may end it sooner."""
    max_output_tokens: int
    temperature: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    response_schema: Mapping[str, Any] | None = None
    intent: str | None = None
    """For the scripted provider only; real ones ignore it."""
    first_token_timeout_s: float | None = None
    """Longest time until the first text; the router cancels the call then."""
    functions: tuple[Function, ...] = ()
    function_choice: FunctionChoice | None = None
    parallel_calls: bool | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logprobs: bool = False
    """Ask for the tokens' log-probabilities. A model that states none is no failure."""
    whole: bool = False
    """Nobody looks at the text before all of it is there: a provider may ask for it at once, if that is less work."""


@dataclass(frozen=True, slots=True)
class TextChunk:
    """A piece of the answer, as it comes. Never empty."""

    text: str
    whole: bool = False
    """All of it at once: when the upstream began to write is then unknown."""


@dataclass(frozen=True, slots=True)
class CallBegun:
    """The answer goes on as calls of functions, which come with its completion. At most once."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The last item of every stream that succeeds."""

    finish_reason: str
    """``stop``, ``length``, ``tool_calls`` or what else the upstream said, never guessed."""
    usage: Usage
    response_model: str | None = None
    response_id: str | None = None
    mean_logprob: float | None = None
    """Mean natural logarithm of the probabilities of the answer's tokens; None when the upstream states none."""
    cost: Nano | None = None
    """The bill, where the upstream itself states it; it then counts in place of the policy's price."""
    calls: tuple[FunctionCall, ...] = ()
    """Functions that the model wants called."""


StreamItem: TypeAlias = TextChunk | CallBegun | Completion


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a model can be called now, and if not, why, in words."""

    ready: bool
    reason: str = ""
    progress: float | None = None
    """0..1 while a model file is being fetched."""
    excluded_by: str = "ready"
    """What the decision names as the reason: ``ready``, or ``breaker`` when it failed of late."""
    passing: bool = False
    """Whether it will be over by itself: the model is being pulled or loaded, or its breaker lets it back in time."""


READY = Readiness(True)


class Provider(Protocol):
    """Calls one model. Made once per model of a policy; safe for concurrent calls."""

    name: str
    """The GenAI convention's provider name: ``openai``, ``anthropic``, ``llama_cpp``, ``scripted`` ..."""

    def stream(self, call: Call) -> AsyncIterator[StreamItem]:
        """Text chunks, perhaps a `CallBegun`, then exactly one `Completion`.

        Retries nothing. Closing the iterator closes the connection.

        Raises:
            ProviderError: one of its subclasses; the message never holds a key.
        """
        ...

    def readiness(self) -> Readiness:
        """Whether the model can be called now. Cheap: no I/O, called on each request."""
        ...

    async def aclose(self) -> None:
        """Give up connections and children."""
        ...


@dataclass(slots=True)
class Answer:
    """What a branch collected from a stream."""

    text: str = ""
    completion: Completion | None = None
    chunks: int = 0
    first_chunk_ns: int | None = field(default=None)
