"""OpenAI's chat completion stream, read strictly: bytes in, text and one completion out, or an error.

An answer counts as complete only when the upstream says why it ended. A stream that just closes, one that never
had a choice, and one that neither says anything nor calls a function are faults of the upstream, and the router must
know of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from router_core.errors import BadUpstreamResponse, ContentFiltered
from router_core.pricing import Usage
from router_core.providers.base import Completion
from router_core.providers.call_pieces import CallPieces
from router_core.providers.keys import redact
from router_core.providers.upstream_errors import UpstreamError, error_from

MAX_EVENT_BYTES = 1_000_000
"""One event larger than this is garbage; it also bounds a plain JSON answer and an error's body."""
CHARACTERS_PER_TOKEN = 64
"""No tokenizer's average comes near; an answer longer than this times its token limit will not stop by itself."""

MAX_TOKENS = 100_000_000
"""No window comes near; a count above it is no count, and its price would fit no database."""


LOWEST_LOGPROB = -100.0
"""Upstreams write -9999 or minus infinity for what hardly ever comes; one such token must not outweigh all others."""


class EventLines:
    """Server-sent events, cut out of a byte stream: feed bytes, take the ``data`` of each complete event."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """The data of the events that ``chunk`` completes.

        Raises:
            ValueError: an event larger than `MAX_EVENT_BYTES`.
        """
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > MAX_EVENT_BYTES:
            raise ValueError
        for raw in lines:
            if len(raw) + sum(map(len, self._data)) > MAX_EVENT_BYTES:
                raise ValueError
            line = raw.rstrip(b"\r")
            if not line:
                if self._data:
                    yield b"\n".join(self._data)
                    self._data = []
            elif line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))

    def rest(self) -> Iterator[bytes]:
        """The event that was not ended by an empty line before the stream closed."""
        yield from self.feed(b"\n\n")


class ChatStream:
    """What one stream has said so far."""

    def __init__(self, model: str, max_output_tokens: int, secrets: Iterable[str | None] = ()) -> None:
        self._model = model
        self._max_characters = max_output_tokens * CHARACTERS_PER_TOKEN + 4096
        self._secrets = tuple(secrets)
        self._characters = 0
        self._choices = 0
        self._usage = Usage()
        self._response_model: str | None = None
        self._response_id: str | None = None
        self._logprobs = MeanLogprob()
        self._calls = CallPieces()
        self.finish_reason: str | None = None
        self.done = False
        """The upstream sent its end mark."""
        self.is_openai = False
        """Whether choices came at all, be it an empty list: other makers answer otherwise."""

    @property
    def calling(self) -> bool:
        """Whether it has begun to call functions."""
        return self._calls.begun

    def event(self, data: bytes) -> str:
        """The text that one event adds; empty when it adds none.

        Raises:
            ProviderError: the event is an error, or not an event of a chat stream.
        """
        if data.strip() == b"[DONE]":
            self.done = True
            return ""
        return self._value(self._parse(data), "delta")

    def whole(self, body: bytes) -> str:
        """The text of a plain JSON answer, from an upstream that does not stream.

        Raises:
            ProviderError: as `event`.
        """
        return self._value(self._parse(body), "message")

    def body(self, body: bytes) -> Iterator[str]:
        """The texts of an answer that is there: plain JSON, or the events of an upstream that streams unasked.

        Raises:
            ProviderError: as `event`.
        """
        if not body.lstrip().startswith((b"data:", b"event:", b":")):
            yield self.whole(body)
            return
        self.is_openai = True
        lines = EventLines()
        for data in (*lines.feed(body), *lines.rest()):
            yield self.event(data)
            if self.done:
                return

    def completion(self) -> Completion:
        """The end of the stream, if that was a proper end.

        Raises:
            BadUpstreamResponse: no finish reason, no choice, or neither text nor calls.
            ContentFiltered: the upstream's filter stopped it.
        """
        if self.finish_reason == "content_filter":
            raise ContentFiltered(f"model {self._model!r}: the provider's content filter stopped the answer")
        if self.finish_reason is None:
            if self._choices == 0:
                raise self._bad("the answer has no choices")
            raise self._bad(f"the stream ended after {self._characters} characters without a finish reason")
        if self._characters == 0:
            raise self._bad(f"the answer is empty (finish reason {redact(self.finish_reason, limit=40)!r})")
        try:
            calls = self._calls.calls()
        except ValueError as error:
            raise self._bad(str(error)) from None
        said = (self.finish_reason, self._usage, self._response_model, self._response_id)
        return Completion(*said, mean_logprob=self._logprobs.value, calls=calls)

    def cut(self) -> BadUpstreamResponse:
        """The error for a connection that broke off."""
        return self._bad(f"the stream broke off after {self._characters} characters")

    def _parse(self, data: bytes) -> Mapping[str, Any]:
        try:
            value = parsed(data)
        except (ValueError, RecursionError):
            raise self._bad("the answer is not JSON") from None
        if not isinstance(value, dict):
            raise self._bad("the answer is not a JSON object")
        if value.get("error"):
            said = UpstreamError.from_value(value)
            raise error_from(self._model, said.status or 500, said, secrets=self._secrets)
        return value

    def _value(self, value: Mapping[str, Any], part: str) -> str:
        self._response_model = _text(value.get("model")) or self._response_model
        self._response_id = _text(value.get("id")) or self._response_id
        self._usage = read_usage(value.get("usage")) or self._usage
        choices = value.get("choices")
        self.is_openai = self.is_openai or choices is not None
        if not isinstance(choices, list) or not choices:
            return ""
        choice = choices[0]
        if not isinstance(choice, dict):
            raise self._bad("a choice is not a JSON object")
        if (choice.get("index") or 0) != 0:
            return ""  # a second answer that nobody asked for
        self._choices += 1
        self.finish_reason = _text(choice.get("finish_reason")) or self.finish_reason
        logprobs = choice.get("logprobs")
        if isinstance(logprobs, dict):
            self._logprobs.add(logprobs.get("content"))
        delta = choice.get(part)
        if not isinstance(delta, dict):
            return ""
        text = delta.get("content")
        if text is not None and not isinstance(text, str):
            raise self._bad("the content is not text")
        try:
            self._characters += len(text or "") + self._calls.add(delta.get("tool_calls"))
        except ValueError as error:
            raise self._bad(str(error)) from None
        if self._characters > self._max_characters:
            raise self._bad(f"the answer did not stop after {self._characters} characters")
        if not text or text.isascii():
            return text or ""
        # A lone surrogate, escaped in JSON, fits no database.
        return text.encode("utf-8", "replace").decode("utf-8")

    def _bad(self, what: str) -> BadUpstreamResponse:
        return BadUpstreamResponse(f"model {self._model!r}: {what}")


class MeanLogprob:
    """The mean of the log-probabilities in OpenAI's ``logprobs.content``, which come token by token."""

    def __init__(self) -> None:
        self._sum = 0.0
        self._count = 0

    def add(self, tokens: Any) -> None:
        """Count more tokens; what is not a log-probability is passed over."""
        for token in tokens if isinstance(tokens, list) else ():
            logprob = token.get("logprob") if isinstance(token, Mapping) else None
            if isinstance(logprob, int | float) and not isinstance(logprob, bool) and logprob <= 0:
                self._sum += float(max(logprob, LOWEST_LOGPROB))
                self._count += 1

    @property
    def value(self) -> float | None:
        """None without any token."""
        return self._sum / self._count if self._count else None


def parsed(data: bytes) -> Any:
    """The value of JSON, also of such as Python's own module alone takes: NaN, lone surrogates, any encoding.

    Raises:
        ValueError, RecursionError: it is none.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return json.loads(data)


def read_usage(value: Any) -> Usage | None:
    """Token counts of OpenAI's ``usage`` object; None when there is none, unknown parts stay None."""
    if not isinstance(value, Mapping):
        return None
    details = value.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, Mapping) else None
    return Usage(_count(value.get("prompt_tokens")), _count(value.get("completion_tokens")), cached)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
