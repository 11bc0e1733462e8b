"""What an upstream's failure means: a status, a code and a sentence become one error of our tree."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from router_core.errors import (
    AuthenticationFailed,
    BadUpstreamResponse,
    ContentFiltered,
    ContextTooLong,
    NotServed,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    UpstreamFailure,
    UpstreamRejected,
)
from router_core.providers.keys import redact

_CONTEXT_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"})
_FILTER_CODES = frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation"})
_CONTEXT_WORDS = re.compile(
    r"(?i)context (?:length|window|size)|maximum context|max(?:imum)? (?:prompt|input) (?:length|tokens)"
    r"|prompt is too long|too many (?:input )?tokens|exceeds? the (?:available )?context"
)
_FILTER_WORDS = re.compile(r"(?i)content[ _](?:filter|policy|management)|safety (?:filter|system|settings)")


@dataclass(frozen=True, slots=True)
class UpstreamError:
    """What the body of a failure says, in whichever of the usual shapes."""

    message: str = ""
    code: str = ""
    status: int | None = None

    @classmethod
    def from_body(cls, body: bytes) -> UpstreamError:
        """Read ``{"error": {...}}``, ``{"error": "..."}``, ``{"message": ...}`` or plain text."""
        text = body.decode("utf-8", "replace")
        try:
            value = json.loads(text)
        except ValueError:
            return cls(message="" if text.lstrip().startswith("<") else text)
        return cls.from_value(value)

    @classmethod
    def from_value(cls, value: Any) -> UpstreamError:
        """Read a JSON value that holds an error."""
        if isinstance(value, list) and value:
            value = value[0]
        inner = value.get("error", value) if isinstance(value, Mapping) else value
        if not isinstance(inner, Mapping):
            return cls(message=inner if isinstance(inner, str) else "")
        message = inner.get("message") or inner.get("detail") or ""
        code = inner.get("code")
        status = code if isinstance(code, int) and not isinstance(code, bool) else None
        name = code if isinstance(code, str) else inner.get("type") or inner.get("status") or ""
        return cls(message=message if isinstance(message, str) else "", code=str(name), status=status)


def error_from(
    model: str,
    status: int,
    said: UpstreamError,
    *,
    secrets: Iterable[str | None] = (),
    retry_after: str | None = None,
) -> ProviderError:
    """The error of our tree for an HTTP status and what was said with it. Keys are taken out."""
    reason = redact(said.message, secrets)
    about = f"model {model!r}: upstream answered {status}" + (f": {reason}" if reason else "")
    code = said.code.lower()
    if status in (401, 403):
        if code in _FILTER_CODES:
            return ContentFiltered(about)
        return AuthenticationFailed(f"model {model!r}: upstream refused the key ({status})" + _after(reason))
    if status == 429:
        return RateLimited(about, retry_after_s=parse_retry_after(retry_after))
    if status in (408, 504):
        return ProviderTimeout(about)
    if status >= 500:
        # llama.cpp and some gateways answer 500 to a prompt that is too long.
        if code in _CONTEXT_CODES:
            return ContextTooLong(about)
        failure = UpstreamFailure(about)
        failure.retry_after_s = parse_retry_after(retry_after)
        return failure
    if 300 <= status < 400:
        return BadUpstreamResponse(f"model {model!r}: upstream answered {status}; redirects are not followed")
    if status == 413 or code in _CONTEXT_CODES or (status in (400, 422) and _CONTEXT_WORDS.search(said.message)):
        return ContextTooLong(about)
    if code in _FILTER_CODES or (status == 400 and _FILTER_WORDS.search(said.message)):
        return ContentFiltered(about)
    return NotServed(about) if status in (402, 404) else UpstreamRejected(about)


def _after(reason: str) -> str:
    return f": {reason}" if reason else ""


def parse_retry_after(value: str | None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: a number or an HTTP date; None when it says neither."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None
