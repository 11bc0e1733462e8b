"""Hosted providers, through litellm's translations and nothing else of it: no router, no retries, no price lookups.

litellm is imported at the first call, in a thread: the import takes seconds. It is kept from the network and from
``.env`` files by two variables that it reads while it is imported.

What litellm reports is checked where it is known to guess (measured with 1.106):

- A stream that closes without a finish reason is reported as ``stop``. Its wrapper keeps the reason that really came
  in ``received_finish_reason``; without one the answer is a `BadUpstreamResponse`. A provider whose stream litellm
  reads in another wrapper, without that attribute, is taken at its word.
- Counts that the upstream did not send are estimated. Its wrapper keeps the chunks as they came; when none of them
  has usage, the usage is unknown. Counts that were sent as null become 0; an answer of no tokens is not believed.
- Redirects are followed, twenty times, key in hand, and a connection that cannot be made is tried twice. A guard on
  its transport holds each attempt of ours to one HTTP request; it does nothing for calls that others make.
- Its clients are kept by their timeout, so a timeout of each call's own would open a connection for each call. It gets
  one that never comes, and the call's is ours.
- Keys stand in its exceptions' messages: they are taken out.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from router_core.errors import (
    BadUpstreamResponse,
    ContentFiltered,
    ContextTooLong,
    ProviderError,
    ProviderTimeout,
    ProviderUnreachable,
    UpstreamRejected,
)
from router_core.pricing import Usage
from router_core.providers.base import READY, Call, Completion, Readiness, StreamItem, TextChunk
from router_core.providers.chat_stream import CHARACTERS_PER_TOKEN, MeanLogprob, read_usage
from router_core.providers.keys import NO_KEY, Key, redact
from router_core.providers.openai_http import response_format
from router_core.providers.upstream_errors import UpstreamError, error_from

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

_TIMEOUTS = frozenset({"Timeout", "APITimeoutError", "ReadTimeout", "ConnectTimeout", "TimeoutError"})
_CONNECTION = frozenset({"APIConnectionError", "ConnectError", "ReadError", "RemoteProtocolError", "ClientError"})
_NOT_HTTP = frozenset({"ClientResponseError", "HttpProcessingError"})

NEVER_S = 86_400.0
"""litellm's own timeout: longer than any of ours."""


@dataclass(slots=True)
class _Attempt:
    """What one attempt of ours has sent so far."""

    model: str
    requests: int = 0


_ATTEMPT: ContextVar[_Attempt | None] = ContextVar("routescope_litellm_attempt", default=None)
_loading = threading.Lock()
_loaded: Any = None


def load() -> Any:
    """The litellm module, imported with its network and its ``.env`` reading off. Takes seconds the first time."""
    global _loaded
    with _loading:
        if _loaded is None:
            _loaded = _import()
    return _loaded


def _import() -> Any:
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    transport = importlib.import_module("litellm.llms.custom_httpx.aiohttp_transport").LiteLLMAiohttpTransport
    transport.handle_async_request = _guarded(transport.handle_async_request)
    return litellm


def _guarded(send: Any) -> Any:
    """litellm's way to send a request, for attempts of ours once only and without redirects."""

    async def handle_async_request(transport: Any, request: Any) -> Any:
        attempt = _ATTEMPT.get()
        if attempt is None:
            return await send(transport, request)
        attempt.requests += 1
        if attempt.requests > 1:
            raise ProviderUnreachable(f"model {attempt.model!r} cannot be reached: the connection could not be made")
        response = await send(transport, request)
        if 300 <= response.status_code < 400:
            await response.aclose()
            raise error_from(attempt.model, response.status_code, UpstreamError())
        return response

    return handle_async_request


async def _load_aside() -> Any:
    """`load` in a thread that nobody has to wait for: a loop that ends meanwhile would wait for a worker of its own."""
    if _loaded is not None:
        return _loaded
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(module: Any, error: Exception | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(module)
        else:
            future.set_exception(error)

    def work() -> None:
        module, failed = None, None
        try:
            module = load()
        except Exception as error:  # noqa: BLE001 - whatever an import raises belongs to who waits for it
            failed = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, module, failed)

    threading.Thread(target=work, name="litellm-import", daemon=True).start()
    return await future


class LiteLLMProvider:
    """One model of a hosted provider."""

    def __init__(self, *, upstream_model: str, key: Key = NO_KEY, base_url: str | None = None) -> None:
        provider = upstream_model.partition("/")[0] if "/" in upstream_model else "openai"
        self.name = _CONVENTION_NAMES.get(provider, provider)
        self._upstream_model = upstream_model
        self._key = key
        self._base_url = base_url
        self._readiness = Readiness(False, key.missing) if key.missing else READY

    async def stream(self, call: Call) -> AsyncIterator[StreamItem]:
        """See `Provider.stream`."""
        deadline = time.monotonic() + call.timeout_s
        wrapper = None
        reading, attempt = _Reading(call), _Attempt(call.model)
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
                    text = reading.chunk(chunk)
                    if text:
                        yield TextChunk(text)
                    if reading.knows_all(wrapper):
                        break
                    reading.spare_assembly(wrapper)
            except ProviderError:
                raise
            except TimeoutError:
                raise ProviderTimeout(f"model {call.model!r} did not answer within {call.timeout_s:g} s") from None
            except Exception as error:  # noqa: BLE001 - litellm raises types of many libraries; see _translate
                # What goes wrong after the finish reason came takes nothing from the answer.
                if _received_finish(wrapper) is None:
                    raise _translate(error, call, self._key, begun=_has_begun(wrapper)) from None
            yield reading.completion(wrapper)
        finally:
            await _close(wrapper)

    async def _open(self, call: Call, attempt: _Attempt) -> Any:
        litellm = await _load_aside()
        token = _ATTEMPT.set(attempt)
        try:
            return await litellm.acompletion(**self._arguments(call))
        finally:
            _ATTEMPT.reset(token)

    def _arguments(self, call: Call) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self._upstream_model,
            "messages": [{"role": message.role, "content": message.content} for message in call.messages],
            "max_tokens": call.max_output_tokens,
            "timeout": NEVER_S,
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_retries": 0,
            "num_retries": 0,
            "drop_params": True,
        }
        if self._base_url is not None:
            # Without a key of its own another endpoint must not be sent the provider's.
            arguments |= {"api_base": self._base_url, "api_key": self._key.value or "none"}
        elif self._key.value is not None:
            arguments["api_key"] = self._key.value
        optional = {"temperature": call.temperature, "seed": call.seed, "stop": list(call.stop) or None}
        arguments |= {name: value for name, value in optional.items() if value is not None}
        if call.logprobs:
            arguments["logprobs"] = True  # dropped for models that do not know it
        if call.response_schema is not None:
            arguments["response_format"] = response_format(call)
        return arguments

    def readiness(self) -> Readiness:
        """See `Provider.readiness`: only the key is looked at."""
        return self._readiness

    async def aclose(self) -> None:
        """Nothing of its own to give up: litellm keeps its connections for the whole process."""


async def _next(chunks: AsyncIterator[Any], attempt: _Attempt) -> Any:
    """The next chunk, None at the end. For some makers litellm sends the request only now."""
    token = _ATTEMPT.set(attempt)
    try:
        return await anext(chunks, None)
    finally:
        _ATTEMPT.reset(token)


class _Reading:
    """What litellm's chunks have said so far."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.characters = 0
        self._finish_reason: str | None = None
        self._usage = Usage()
        self._model: str | None = None
        self._id: str | None = None
        self._logprobs = MeanLogprob()
        self._spared = False

    def chunk(self, chunk: Any) -> str:
        self._model = getattr(chunk, "model", None) or self._model
        self._id = getattr(chunk, "id", None) or self._id
        self._usage = _usage(getattr(chunk, "usage", None)) or self._usage
        choices = getattr(chunk, "choices", None)
        if not choices or (getattr(choices[0], "index", 0) or 0) != 0:
            return ""
        self._finish_reason = getattr(choices[0], "finish_reason", None) or self._finish_reason
        self._logprobs.add(_token_logprobs(choices[0]))
        text = getattr(getattr(choices[0], "delta", None), "content", None)
        if not isinstance(text, str):
            return ""
        self.characters += len(text)
        if self.characters > self._call.max_output_tokens * CHARACTERS_PER_TOKEN + 4096:
            raise BadUpstreamResponse(
                f"model {self._call.model!r}: the answer did not stop after {self.characters} characters"
            )
        return text.encode("utf-8", "replace").decode("utf-8")

    def knows_all(self, wrapper: Any) -> bool:
        """Whether the finish reason and the counts have come: from here on litellm would only put the answer together
        again, price it and tell its loggers, which takes longer than the whole of our routing."""
        return self._finish_reason is not None and _sent_usage(wrapper) is not None

    def spare_assembly(self, wrapper: Any) -> None:
        """Once the finish reason came, have the wrapper hand on the chunk with the counts like any other. By itself it
        would first put the whole answer together in a thread. Once only, or a stream without counts had no end."""
        if self._finish_reason is not None and not self._spared and hasattr(wrapper, "sent_last_chunk"):
            self._spared = True
            wrapper.sent_last_chunk = False

    def completion(self, wrapper: Any) -> Completion:
        model = self._call.model
        finish = self._finish_reason or _received_finish(wrapper)
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
        return Completion(finish, usage or Usage(), self._model, self._id, mean_logprob=self._logprobs.value)


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


def _translate(error: Exception, call: Call, key: Key, *, begun: bool) -> ProviderError:
    """litellm's exception as one of ours. Its classes are known by name, so that litellm need not be imported."""
    ours = next((link for link in _chain(error) if isinstance(link, ProviderError)), None)
    if ours is not None:
        return ours.with_traceback(None)
    names = {kind.__name__ for link in _chain(error) for kind in type(link).__mro__}
    own = {kind.__name__ for kind in type(error).__mro__}
    message = _sentence(error)
    reason = redact(message, (key.value,))
    about = f"model {call.model!r}: {reason}"
    if "ContextWindowExceededError" in own:
        return ContextTooLong(about)
    if "ContentPolicyViolationError" in own:
        return ContentFiltered(about)
    if names & _TIMEOUTS or "Timeout on reading" in message:
        return ProviderTimeout(f"model {call.model!r} did not answer within {call.timeout_s:g} s")
    if (said := _said_in_stream(error)) is not None:
        return error_from(call.model, said.status or 500, said, secrets=(key.value,))
    if names & _CONNECTION:
        if begun:
            return BadUpstreamResponse(f"model {call.model!r}: the stream broke off: {reason}")
        if names & _NOT_HTTP:
            return BadUpstreamResponse(f"model {call.model!r}: the answer is not HTTP: {reason}")
        return ProviderUnreachable(f"model {call.model!r} cannot be reached: {reason}")
    status = getattr(error, "status_code", None)
    if not isinstance(status, int):
        return UpstreamRejected(about)
    if begun and "MidStreamFallbackError" in own and status >= 500:
        return BadUpstreamResponse(f"model {call.model!r}: the stream broke off: {reason}")
    headers = getattr(error, "litellm_response_headers", None) or {}
    said = UpstreamError(message=message, code=str(getattr(error, "code", None) or ""))
    return error_from(call.model, status, said, secrets=(key.value,), retry_after=headers.get("retry-after"))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception, what it wraps and what it came from."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        link = waiting.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [link.__cause__, link.__context__, getattr(link, "original_exception", None)]


def _said_in_stream(error: Exception) -> UpstreamError | None:
    """An error object that came as an event: the OpenAI client's plain APIError, with the object as its body."""
    for link in _chain(error):
        body = getattr(link, "body", None)
        if type(link).__name__ == "APIError" and isinstance(body, Mapping):
            return UpstreamError.from_value({"error": body})
    return None


def _sentence(error: Exception) -> str:
    """The upstream's own words, without the names of litellm's classes in front of them."""
    text = str(getattr(error, "message", None) or error)
    return text.rpartition("Exception - ")[2] or type(error).__name__
