"""A provider that answers from a log: an answer is revealed only when the router pays for it.

A `Tape` says which prompt of the log is being routed; one `ReplayProvider` per model reads from it. Nothing is made up:
a pair of prompt and model that the log lacks is not ready, and another prompt (a judge's question, a system prompt's
doing) or another sample of the same prompt fails, because the log does not know what the model would have said.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from router_core.errors import ModelNotReady
from router_core.pricing import Nano, Usage
from router_core.providers.base import READY, Call, Completion, Readiness, StreamItem, TextChunk

Settings: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class LoggedAnswer:
    """What one model once answered to one prompt. There is no grade here: whoever routes must not see it."""

    text: str
    usage: Usage
    cost: Nano | None = None
    """What the call cost; None when unknown, then the policy's price counts."""


@dataclass(slots=True)
class _Page:
    prompt: str
    answers: Mapping[str, LoggedAnswer]
    calls: dict[str, Settings] = field(default_factory=dict)


class Tape:
    """The place in a log where a replay stands. Each task of an event loop may stand at another one."""

    def __init__(self) -> None:
        self._page: ContextVar[_Page | None] = ContextVar("page", default=None)

    @contextmanager
    def at(self, prompt: str, answers: Mapping[str, LoggedAnswer]) -> Iterator[None]:
        """Route ``prompt`` inside of this; ``answers`` are the logged ones by the model's name in the policy."""
        token = self._page.set(_Page(prompt, answers))
        try:
            yield
        finally:
            self._page.reset(token)

    def holds(self, model: str) -> bool:
        """Whether the log has an answer of ``model`` to the prompt at hand."""
        page = self._page.get()
        return page is not None and model in page.answers

    def answer(self, call: Call) -> LoggedAnswer:
        """The logged answer to this very call.

        Raises:
            ModelNotReady: the log has none; the message says in which way it differs.
        """
        page = self._page.get()
        answer = None if page is None else page.answers.get(call.model)
        if page is None or answer is None:
            raise ModelNotReady(_absent(call.model))
        asked = [message.content for message in call.messages if message.role not in ("system", "developer")]
        if asked != [page.prompt]:
            raise ModelNotReady(f"the log holds the answer of {call.model} to its own prompt, not to another text")
        settings: Settings = (call.temperature, call.seed, call.stop)
        if page.calls.setdefault(call.model, settings) != settings:
            raise ModelNotReady(f"the log holds one answer of {call.model} to this prompt, not a second sample")
        return answer


class ReplayProvider:
    """One model of a log. Asking twice in the same way pays twice, and says the same."""

    name = "replay"

    def __init__(self, model: str, tape: Tape) -> None:
        self._model = model
        self._tape = tape

    async def stream(self, call: Call) -> AsyncIterator[StreamItem]:
        """See `Provider.stream`."""
        answer = self._tape.answer(call)
        if answer.text:
            yield TextChunk(answer.text)
        yield Completion("stop", answer.usage, cost=answer.cost)

    def readiness(self) -> Readiness:
        """Whether the log has this model's answer to the prompt at hand."""
        return READY if self._tape.holds(self._model) else Readiness(False, _absent(self._model))

    async def aclose(self) -> None:
        """Nothing to give up."""


def _absent(model: str) -> str:
    return f"the log holds no answer of {model} to this prompt"
