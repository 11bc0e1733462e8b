"""Hosted providers, through litellm's translations and nothing else of it: no router, no retries, no price lookups.

litellm is imported at the first call, in a thread: the import takes seconds. It is kept from the network and from
``.env`` files by two variables that it reads while it is imported.

What litellm reports is checked where it is known to guess (measured with 1.106):

- A stream that closes without a finish reason is reported as ``stop``. Its wrapper keeps the reason that really came
  in ``received_finish_reason``; without one the answer is a `BadUpstreamResponse`. A provider whose stream litellm
  reads in another wrapper, without that attribute, is taken at its word.
- Counts that the upstream did not send are estimated. Its wrapper keeps the chunks as they came; when none of them
  has usage, the usage is unknown. Counts that were sent as null become 0; an answer of no tokens is not believed.
- An answer that comes whole without a finish reason or counts gets made-up ones too: it is read as it was sent, by
  `litellm_import`.
- Its clients are kept by their timeout, so a timeout of each call's own would open a connection for each call. It gets
  one that never comes, and the call's is ours.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from router_core.errors import BadUpstreamResponse, ContentFiltered, ProviderError, ProviderTimeout
from router_core.pricing import Usage
from router_core.providers.base import READY, Call, CallBegun, Completion, Readiness, StreamItem, TextChunk
from router_core.providers.call_pieces import CallPieces
from router_core.providers.chat_request import message_body, options
from router_core.providers.chat_stream import CHARACTERS_PER_TOKEN, ChatStream, MeanLogprob, read_usage
from router_core.providers.keys import NO_KEY, Key, redact
from router_core.providers.litellm_errors import translate
from router_core.providers.litellm_import import Attempt, attempting, load_aside

_CONVENTION_NAMES = {
    "gemini": "gcp.gemini",
    "vertex_ai": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "xai": "x_ai",
    "azure": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "ollama_chat": "ollama",
}
"""litellm's name of a provider -> the GenAI convention's, where they differ."""

NEVER_S = 86_400.0
"""litellm's own timeout: longer than any of ours."""


class LiteLLMProvider:
    """One model of a hosted provider."""

    def __init__(self, *, upstream_model: str, key: Key = NO_KEY, base_url: str | None = None) -> None:
        provider = upstream_model.partition("/")[0] if "/" in upstream_model else "openai"
        self.name = _CONVENTION_NAMES.get(provider, provider)
        self._upstream_model = upstream_model
        self._key = key
        self._base_url = base_url
        self._readiness = Readiness(False, key.missing) if key.missing else READY

    def stream(self, call: Call) -> AsyncIterator[StreamItem]:
        """See `Provider.stream`. Of an answer that is wanted whole litellm makes half the work."""
        return self._whole(call) if call.whole else self._streamed(call)

    async def _whole(self, call: Call) -> AsyncIterator[StreamItem]:
        chat = ChatStream(call.model, call.max_output_tokens, (self._key.value,))
        attempt = Attempt(call.model, chat)
        answer, failure = None, None
        try:
            async with asyncio.timeout(call.timeout_s):
                answer = await self._open(call, attempt)
        except TimeoutError:
            raise _timed_out(call) from None
        except Exception as error:  # noqa: BLE001 - litellm raises types of many libraries; see `translate`
            # What litellm fails to make of an answer that was read takes nothing from it.
            if attempt.error is not None or not chat.is_openai:
                failure = attempt.error or translate(error, call, self._key, begun=attempt.answered)
        if failure is not None:
            if attempt.text:
                yield TextChunk(attempt.text, whole=True)  # it has been made, and so it is billed
            raise failure
        text, completion = read_whole(call, attempt, answer)
        if text:
            yield TextChunk(text, whole=True)
        yield completion

    async def _streamed(self, call: Call) -> AsyncIterator[StreamItem]:
        deadline = time.monotonic() + call.timeout_s
        wrapper = None
        reading, attempt = _Reading(call), Attempt(call.model)
        try:
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    wrapper = await self._open(call, attempt)
                chunks = aiter(wrapper)
                while True:
                    async with asyncio.timeout(deadline - time.monotonic()):
                        chunk = await _next(chunks, attempt)
                    if chunk is None:
                        break
                    begun = reading.calls.begun
                    text = reading.chunk(chunk)
                    if text:
                        yield TextChunk(text)
                    if reading.calls.begun and not begun:
                        yield CallBegun()
                    if reading.knows_all(wrapper):
                        break
                    reading.spare_assembly(wrapper)
            except ProviderError:
                raise
            except TimeoutError:
                raise _timed_out(call) from None
            except Exception as error:  # noqa: BLE001 - litellm raises types of many libraries; see `translate`
                # What goes wrong after the finish reason came takes nothing from the answer.
                if _received_finish(wrapper) is None:
                    raise translate(error, call, self._key, begun=_has_begun(wrapper)) from None
            yield reading.completion(wrapper)
        finally:
            await _close(wrapper)

    async def _open(self, call: Call, attempt: Attempt) -> Any:
        litellm = await load_aside()
        with attempting(attempt):
            return await litellm.acompletion(**self._arguments(call))

    def _arguments(self, call: Call) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self._upstream_model,
            "messages": [message_body(message) for message in call.messages],
            "max_tokens": call.max_output_tokens,
            "timeout": NEVER_S,
            "max_retries": 0,
            "num_retries": 0,
            "drop_params": True,
        }
        if not call.whole:
            arguments |= {"stream": True, "stream_options": {"include_usage": True}}
        if self._base_url is not None:
            # Without a key of its own another endpoint must not be sent the provider's.
            arguments |= {"api_base": self._base_url, "api_key": self._key.value or "none"}
        elif self._key.value is not None:
            arguments["api_key"] = self._key.value
        if call.stop:
            arguments["stop"] = list(call.stop)
        if call.logprobs:
            arguments["logprobs"] = True  # dropped for models that do not know it
        if call.functions:
            arguments["_skip_mcp_handler"] = True  # it would import a package that is not there, to look for its own
        return arguments | options(call)

    def readiness(self) -> Readiness:
        """See `Provider.readiness`: only the key is looked at."""
        return self._readiness

    async def aclose(self) -> None:
        """Nothing of its own to give up: litellm keeps its connections for the whole process."""


def _timed_out(call: Call) -> ProviderTimeout:
    return ProviderTimeout(f"model {call.model!r} did not answer within {call.timeout_s:g} s")


async def _next(chunks: AsyncIterator[Any], attempt: Attempt) -> Any:
    """The next chunk, None at the end. For some makers litellm sends the request only now."""
    with attempting(attempt):
        return await anext(chunks, None)


def read_whole(call: Call, attempt: Attempt, answer: Any) -> tuple[str, Completion]:
    """The text of an answer that came whole, and its completion.

    Where choices were sent, what was sent counts, and litellm only says what the finish reason is called; it would make
    up a reason and counts that are missing. Of other makers' answers, or without a look at them, its word is taken.

    Raises:
        BadUpstreamResponse, ContentFiltered
    """
    reading = _Reading(call)
    text = reading.chunk(answer, part="message")
    if attempt.chat is None or not attempt.chat.is_openai:
        return text, reading.completion(None)
    sent = attempt.chat.completion()
    return attempt.text, replace(sent, finish_reason=reading.finish_reason or sent.finish_reason)


class _Reading:
    """What litellm's chunks have said so far."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.characters = 0
        self.finish_reason: str | None = None
        self._usage = Usage()
        self._model: str | None = None
        self._id: str | None = None
        self._logprobs = MeanLogprob()
        self._spared = False
        self.calls = CallPieces()

    def chunk(self, chunk: Any, part: str = "delta") -> str:
        self._model = getattr(chunk, "model", None) or self._model
        self._id = getattr(chunk, "id", None) or self._id
        self._usage = _usage(getattr(chunk, "usage", None)) or self._usage
        choices = getattr(chunk, "choices", None)
        if not choices or (getattr(choices[0], "index", 0) or 0) != 0:
            return ""
        self.finish_reason = getattr(choices[0], "finish_reason", None) or self.finish_reason
        self._logprobs.add(_token_logprobs(choices[0]))
        delta = getattr(choices[0], part, None)
        text = getattr(delta, "content", None)
        text = text if isinstance(text, str) else ""
        self.characters += len(text) + self._add_calls(getattr(delta, "tool_calls", None))
        if self.characters > self._call.max_output_tokens * CHARACTERS_PER_TOKEN + 4096:
            raise BadUpstreamResponse(
                f"model {self._call.model!r}: the answer did not stop after {self.characters} characters"
            )
        return text.encode("utf-8", "replace").decode("utf-8")

    def _add_calls(self, said: Any) -> int:
        """Take the calls of a chunk, which litellm makes types of its own of; how many characters they add."""
        try:
            return self.calls.add([_call(one) for one in said] if isinstance(said, list) else said)
        except ValueError as error:
            raise BadUpstreamResponse(f"model {self._call.model!r}: {error}") from None

    def knows_all(self, wrapper: Any) -> bool:
        """Whether the finish reason and the counts have come: from here on litellm would only put the answer together
        again, price it and tell its loggers, which takes longer than the whole of our routing."""
        return self.finish_reason is not None and _sent_usage(wrapper) is not None

    def spare_assembly(self, wrapper: Any) -> None:
        """Once the finish reason came, have the wrapper hand on the chunk with the counts like any other. By itself it
        would first put the whole answer together in a thread. Once only, or a stream without counts had no end."""
        if self.finish_reason is not None and not self._spared and hasattr(wrapper, "sent_last_chunk"):
            self._spared = True
            wrapper.sent_last_chunk = False

    def completion(self, wrapper: Any) -> Completion:
        model = self._call.model
        finish = self.finish_reason or _received_finish(wrapper)
        if finish is None or getattr(wrapper, "received_finish_reason", finish) is None:
            raise BadUpstreamResponse(
                f"model {model!r}: the stream ended after {self.characters} characters without a finish reason"
            )
        if finish == "content_filter":
            raise ContentFiltered(f"model {model!r}: the provider's content filter stopped the answer")
        if self.characters == 0:
            raise BadUpstreamResponse(
                f"model {model!r}: the answer is empty (finish reason {redact(finish, limit=40)!r})"
            )
        # Without its chunks nothing tells what was sent from what was estimated: it is taken at its word.
        usage = self._usage if getattr(wrapper, "chunks", None) is None else _sent_usage(wrapper)
        try:
            calls = self.calls.calls()
        except ValueError as error:
            raise BadUpstreamResponse(f"model {model!r}: {error}") from None
        said = (finish, usage or Usage(), self._model, self._id)
        return Completion(*said, mean_logprob=self._logprobs.value, calls=calls)


def _call(said: Any) -> dict[str, Any]:
    """One call, or a piece of one, as plain JSON. litellm leaves out the index of those that came whole."""
    function = getattr(said, "function", None)
    index = getattr(said, "index", None)
    return {
        **({} if index is None else {"index": index}),
        "id": getattr(said, "id", None),
        "function": {"name": getattr(function, "name", None), "arguments": getattr(function, "arguments", None)},
    }


def _usage(value: Any) -> Usage | None:
    if value is None:
        return None
    details = getattr(value, "prompt_tokens_details", None)
    return read_usage(
        {
            "prompt_tokens": getattr(value, "prompt_tokens", None) or None,
            "completion_tokens": getattr(value, "completion_tokens", None) or None,
            "prompt_tokens_details": {"cached_tokens": getattr(details, "cached_tokens", None)},
        }
    )


def _token_logprobs(choice: Any) -> list[dict[str, Any]] | None:
    """OpenAI's list of tokens with their log-probabilities, whether litellm made types of its own of it or not."""
    logprobs = getattr(choice, "logprobs", None)
    content = logprobs.get("content") if isinstance(logprobs, dict) else getattr(logprobs, "content", None)
    if not isinstance(content, list):
        return None
    return [one if isinstance(one, dict) else {"logprob": getattr(one, "logprob", None)} for one in content]


def _has_begun(wrapper: Any) -> bool:
    """Whether the upstream has begun to answer: what goes wrong then is no matter of reaching it."""
    return wrapper is not None and getattr(wrapper, "completion_stream", wrapper) is not None


def _received_finish(wrapper: Any) -> str | None:
    """The finish reason that really came, for wrappers that keep it."""
    reason = getattr(wrapper, "received_finish_reason", None)
    return reason if isinstance(reason, str) else None


def _sent_usage(wrapper: Any) -> Usage | None:
    """The counts that the upstream itself sent; None when none came."""
    for chunk in reversed(getattr(wrapper, "chunks", None) or ()):
        if (usage := _usage(getattr(chunk, "usage", None))) is not None:
            return usage
    return None


async def _close(wrapper: Any) -> None:
    """Close the connection under litellm's wrapper, so that an abandoned answer stops being generated."""
    close = getattr(wrapper, "aclose", None)
    if close is None:
        return
    try:
        await close()
    except Exception:  # noqa: BLE001 - whatever closing raises, the answer or its error is already known
        return
