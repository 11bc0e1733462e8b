"""What becomes of prompts and answers: off, hash, redacted or full, decided where they would be written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from telemetry.errors import RedactionMissing
from telemetry.text import clean

ContentMode: TypeAlias = Literal["off", "hash", "redacted", "full"]
MODES: tuple[ContentMode, ...] = get_args(ContentMode)
Redact: TypeAlias = Callable[[str], str]
"""Returns the text without what must not be kept."""

_OUR_WORDS = frozenset({"role", "content", "system", "developer", "user", "assistant", "tool"})
"""Words of the format, not of people."""


@dataclass(frozen=True, slots=True)
class KeptContent:
    """What is written of one list of messages."""

    mode: ContentMode
    text: str | None
    sha256: str
    characters: int


@dataclass(frozen=True, slots=True)
class ContentPolicy:
    """The content mode, and the function that redacts."""

    mode: ContentMode = "off"
    redact: Redact | None = None

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"content mode {self.mode!r} is unknown; use one of {', '.join(MODES)}")
        if self.mode == "redacted" and self.redact is None:
            raise RedactionMissing("content = redacted needs a function that redacts; hand one to Telemetry.open")

    def keep(self, messages: str) -> KeptContent | None:
        """Apply the policy to messages as JSON text; None when nothing may be kept.

        What the redacting function cannot do (it raises) is kept as a hash alone: never the plain text.
        """
        if self.mode == "off":
            return None
        text = clean(messages)
        if self.mode == "full":
            return KeptContent("full", text, _sha256(text), len(text))
        if self.mode == "redacted" and self.redact is not None:
            try:
                redacted = clean(_redact_messages(text, self.redact))
            except Exception:  # noqa: BLE001 - somebody else's function: whatever it raises, the text must not leak
                return KeptContent("hash", None, _sha256(text), len(text))
            # The hash is of what is kept: that of the plain text would give a short secret away to a guesser.
            return KeptContent("redacted", redacted, _sha256(redacted), len(text))
        return KeptContent("hash", None, _sha256(text), len(text))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _redact_messages(text: str, redact: Redact) -> str:
    """Redact what people wrote, not the JSON around it, where escapes would hide it from the function."""
    try:
        messages = json.loads(text)
    except (ValueError, RecursionError):
        return redact(text)
    if not isinstance(messages, (list, dict)):
        return redact(text)
    return json.dumps(_redacted(messages, redact), ensure_ascii=False, separators=(",", ":"))


def _redacted(value: Any, redact: Redact) -> Any:
    if isinstance(value, str):
        return value if value in _OUR_WORDS else redact(value)
    if isinstance(value, list):
        return [_redacted(item, redact) for item in value]
    if isinstance(value, dict):
        return {_redacted(key, redact): _redacted(item, redact) for key, item in value.items()}
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # A number can be a card's.
        redacted = redact(str(value))
        return value if redacted == str(value) else redacted
    return value
