"""Keys and passwords are taken out of all that is kept of a trace, whatever the field and whatever the content mode.

Errors quote what an upstream said, reasons and tags what somebody wrote, attributes anything. Content has a policy of
its own (`telemetry.content`). A trace without a secret costs one call of the redacting function.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from telemetry.content import Redact
from telemetry.rows import Bundle, Row
from telemetry.text import to_json

GONE = "[redacted]"
"""In the place of what cannot be masked alone."""

_IDS = frozenset(
    {
        *("span_id", "trace_id", "parent_span_id", "decision_id", "parent_decision_id"),
        *("caller_trace_id", "caller_span_id"),
    }
)
"""Made by us or by a tracer: random digits, which must stay what they are."""
_ESCAPE = re.compile(r"\\.")
_JSON = frozenset({"tags", "signals", "verdicts", "candidates", "scores", "attributes"})


_LONGEST_KNOWN = 100
_MOST_KNOWN = 4096
_ASKED_AT_ONCE = 32_768
"""Characters; whoever looks for secrets need not look at more than so many places of a text."""


def mask_keys(bundle: Bundle, redact: Redact, known: set[str] | None = None) -> None:
    """Redact every text of a trace's rows in place, content left alone.

    Args:
        redact: returns a text without secrets, and one that has none as it is. Where it raises, the text goes.
        known: short texts without a secret, which it has seen before; grows. Names and reasons come again and again.
    """
    if hold_no_keys([bundle], redact, set() if known is None else known):
        return
    for row in _rows(bundle):
        for name, text in list(_texts(row)):
            row[name] = _masked_json(text, redact) if name in _JSON else _masked(text, redact)


def hold_no_keys(bundles: Sequence[Bundle], redact: Redact, known: set[str]) -> bool:
    """Whether none of these traces has a text to be redacted: hardly any has, and all at once they are soon asked.

    Args:
        redact, known: as for `mask_keys`.
    """
    fresh: list[tuple[str, str]] = []
    size = 0
    for row in (row for bundle in bundles for row in _rows(bundle)):
        for name, text in _texts(row):
            if text not in known:
                fresh.append((name, text))
                size += len(text)
        if size > _ASKED_AT_ONCE:
            if not _are_clean(fresh, redact, known):
                return False
            fresh, size = [], 0
    return _are_clean(fresh, redact, known)


def _are_clean(fresh: Sequence[tuple[str, str]], redact: Redact, known: set[str]) -> bool:
    # A line each: no secret goes on beyond its line.
    if not _is_clean("\n".join(line for name, text in fresh for line in _lines(name, text)), redact):
        return False
    if len(known) > _MOST_KNOWN:
        known.clear()
    # Not those with escapes, of which JSON says more than the text does.
    known.update(text for _, text in fresh if len(text) <= _LONGEST_KNOWN and "\\" not in text)
    return True


def _rows(bundle: Bundle) -> list[Row]:
    return [*bundle.requests, *bundle.branches, *bundle.spans]


def mask_lines(text: str, redact: Redact) -> str:
    """A longer text with each line redacted for itself, so that one secret does not take the rest with it."""
    return text if _is_clean(text, redact) else "\n".join(_masked(line, redact) for line in text.split("\n"))


def _texts(row: Row) -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in row.items() if isinstance(text, str) and text and name not in _IDS)


def _lines(name: str, text: str) -> Iterator[str]:
    """What a text says, and for JSON what it says without its escapes, behind which a key could hide."""
    yield text
    if name in _JSON and "\\" in text:
        if "\\u" in text or "\\/" in text:
            yield from _strings(_decoded(text))
        else:
            yield _ESCAPE.sub("\n", text)


def _masked(text: str, redact: Redact) -> str:
    try:
        return redact(text)
    except Exception:  # noqa: BLE001 - somebody else's function: whatever it raises, the text must not leak
        return GONE


def _is_clean(text: str, redact: Redact) -> bool:
    return _masked(text, redact) == text


def _masked_json(text: str, redact: Redact) -> str:
    """JSON text with each string redacted for itself; readers bear with a text that is no JSON."""
    value = _decoded(text)
    if value is None:
        return _masked(text, redact)
    masked = to_json(_walk(value, "", redact))
    if _is_clean(masked, redact):
        return masked
    # What shows only in the text as a whole is not to be pointed at.
    return to_json({} if isinstance(value, dict) else [])


def _walk(value: Any, name: str, redact: Redact) -> Any:
    if isinstance(value, str):
        masked = _masked(value, redact)
        # "password": "..." is a secret only beside its name.
        return masked if not name or _is_clean(f"{name}={masked}", redact) else GONE
    if isinstance(value, list):
        return [_walk(item, name, redact) for item in value]
    if isinstance(value, dict):
        return {_masked(key, redact): _walk(item, key, redact) for key, item in value.items()}
    return value


def _decoded(text: str) -> Any:
    """The value of JSON text; None when it is broken."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
