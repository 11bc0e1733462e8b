"""What litellm raises, as errors of ours. Its classes are known by name, so that litellm need not be imported.

Keys stand in its exceptions' messages: they are taken out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from router_core.errors import (
    BadUpstreamResponse,
    ContentFiltered,
    ContextTooLong,
    ProviderError,
    ProviderTimeout,
    ProviderUnreachable,
    UpstreamRejected,
)
from router_core.providers.base import Call
from router_core.providers.keys import Key, redact
from router_core.providers.upstream_errors import UpstreamError, error_from

_TIMEOUTS: Final = frozenset({"Timeout", "APITimeoutError", "ReadTimeout", "ConnectTimeout", "TimeoutError"})
_CONNECTION: Final = frozenset(
    {"APIConnectionError", "ConnectError", "ReadError", "RemoteProtocolError", "ClientError"}
)
_NOT_HTTP: Final = frozenset({"ClientResponseError", "HttpProcessingError"})


def translate(error: Exception, call: Call, key: Key, *, begun: bool) -> ProviderError:
    """litellm's exception as one of ours. ``begun``: the upstream had begun to answer."""
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
