"""A provider whose answers a script makes up: exact sequences for tests, believable traffic for the demo.

Nothing is patched: the router, its validators and its spans run as they do with a real model, only the words and
the waiting come from here. Waiting is done on the clock that was handed in, so simulated weeks take seconds.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from router_core.clock import Clock
from router_core.errors import ProviderError, ProviderTimeout
from router_core.functions import FunctionCall
from router_core.pricing import Usage
from router_core.providers.base import READY, Call, CallBegun, Completion, Readiness, StreamItem, TextChunk

_WORD = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call gets.

    The stream waits ``first_chunk_s`` seconds, gives the chunks with ``chunk_s`` seconds between them, and ends with
    ``error`` if there is one, else with a completion.
    """

    chunks: tuple[str, ...] = ()
    finish_reason: str = "stop"
    usage: Usage | None = None
    """None: one token a word, of the messages and of the chunks. `Usage()` is an upstream that does not say."""
    first_chunk_s: float = 0.0
    chunk_s: float = 0.0
    error: ProviderError | None = None
    hangs: bool = False
    """After the chunks nothing more comes, whatever the timeout: only closing the stream or cancelling ends it."""
    response_model: str | None = None
    mean_logprob: float | None = None
    """Stated only to callers who ask for it."""
    calls: tuple[FunctionCall, ...] = ()
    """Functions that it calls, after its chunks."""

    @classmethod
    def saying(
        cls,
        text: str,
        *,
        finish_reason: str = "stop",
        usage: Usage | None = None,
        first_chunk_s: float = 0.0,
        chunk_s: float = 0.0,
    ) -> Reply:
        """An answer in chunks of one word each."""
        return cls(
            chunks=tuple(_WORD.findall(text)) or ((text,) if text else ()),
            finish_reason=finish_reason,
            usage=usage,
            first_chunk_s=first_chunk_s,
            chunk_s=chunk_s,
        )

    @classmethod
    def failing(cls, error: ProviderError, *, after: tuple[str, ...] = (), first_chunk_s: float = 0.0) -> Reply:
        """A failure, with or without some text before it."""
        return cls(chunks=after, error=error, first_chunk_s=first_chunk_s)


class Script(Protocol):
    """Decides what a call gets."""

    def __call__(self, call: Call) -> Reply:
        """The reply to ``call``."""
        ...


@dataclass(slots=True)
class Replies:
    """A script that gives its replies in order, one a call, and remembers the calls.

    A string stands for an answer, an error for a failure. Without ``repeat_last`` a call too many is an error of the
    test, and raises IndexError.
    """

    replies: list[Reply]
    repeat_last: bool
    calls: list[Call] = field(default_factory=list)

    def __init__(self, *replies: Reply | ProviderError | str, repeat_last: bool = False) -> None:
        self.replies = [_as_reply(reply) for reply in replies]
        self.repeat_last = repeat_last
        self.calls = []

    def __call__(self, call: Call) -> Reply:
        """The next reply."""
        self.calls.append(call)
        place = len(self.calls) - 1
        if self.repeat_last:
            place = min(place, len(self.replies) - 1)
        if place >= len(self.replies):
            raise IndexError(f"model {call.model!r} was called {len(self.calls)} times, {len(self.replies)} scripted")
        return self.replies[place]


def _as_reply(reply: Reply | ProviderError | str) -> Reply:
    if isinstance(reply, Reply):
        return reply
    return Reply.saying(reply) if isinstance(reply, str) else Reply.failing(reply)


class ScriptedProvider:
    """Plays a script."""

    name = "scripted"

    def __init__(self, script: Script, clock: Clock, *, readiness: Readiness = READY) -> None:
        self._script = script
        self._clock = clock
        self._readiness = readiness

    async def stream(self, call: Call) -> AsyncIterator[StreamItem]:
        """See `Provider.stream`. A reply slower than the call's timeout ends in `ProviderTimeout` on the clock."""
        reply = self._script(call)
        left = call.timeout_s
        for number, chunk in enumerate(reply.chunks):
            left = await self._wait(call, reply.chunk_s if number else reply.first_chunk_s, left)
            if chunk:
                yield TextChunk(chunk)
        if not reply.chunks:
            await self._wait(call, reply.first_chunk_s, left)
        if reply.calls:
            yield CallBegun()
        if reply.hangs:
            await asyncio.Event().wait()
        if reply.error is not None:
            raise reply.error
        yield Completion(
            finish_reason=reply.finish_reason,
            usage=reply.usage or _count(call, reply),
            response_model=reply.response_model,
            mean_logprob=reply.mean_logprob if call.logprobs else None,
            calls=reply.calls,
        )

    async def _wait(self, call: Call, seconds: float, left: float) -> float:
        """Sleep, but no longer than what is ``left`` of the timeout; what is left afterwards."""
        if seconds <= 0:
            return left
        await self._clock.sleep(min(seconds, left))
        if seconds >= left:
            raise ProviderTimeout(f"model {call.model!r} did not answer within {call.timeout_s:g} s")
        return left - seconds

    def readiness(self) -> Readiness:
        """See `Provider.readiness`."""
        return self._readiness

    async def aclose(self) -> None:
        """Nothing to give up."""


def _count(call: Call, reply: Reply) -> Usage:
    asked = sum(len(message.content.split()) for message in call.messages)
    return Usage(input_tokens=asked, output_tokens=len("".join(reply.chunks).split()))
