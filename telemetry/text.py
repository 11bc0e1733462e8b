"""Text and JSON that any database takes, whatever a span carried."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson

_STRICT = orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
"""Nothing but what JSON has: all else is written below, as ever."""
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def clean(text: str) -> str:
    """The text without NUL and lone surrogates, which no database keeps: each becomes U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", _REPLACEMENT)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_REPLACEMENT if "\ud800" <= character <= "\udfff" else character for character in text)
    return text


def to_json(value: Any) -> str:
    """JSON text of anything: what JSON cannot hold (NaN, bytes, objects) becomes null or its printed form."""
    try:
        # What this cannot do, as numbers beyond 64 bits, the slower ways below can; it makes NaN null by itself.
        return clean(orjson.dumps(value, option=_STRICT).decode())
    except (TypeError, ValueError, RecursionError):
        pass
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        text = json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    return clean(text)


def from_json(text: str | None, default: Any) -> Any:
    """The value of JSON text, clean; ``default`` when it is absent, broken, or of another type than the default."""
    if not text:
        return default
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return default
    if default is not None and not isinstance(value, type(default)):
        return default
    # Escapes are the one way in which a NUL or a surrogate gets past `clean`.
    return _cleaned(value) if "\\u0000" in text or "\\ud" in text.lower() else value


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): _cleaned(item) for key, item in value.items()}
    return value


def _plain(value: Any, depth: int = 0) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if depth > 16:
        return str(type(value))
    if isinstance(value, dict):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)
