"""What is kept of a text under `content = "redacted"`: personal data and secrets masked, and in doubt nothing.

Masks what has a plain shape; then asks the same detectors that guard rules trust. If they still find something, the
whole text goes: a redaction that leaks is worse than none.
"""

from __future__ import annotations

import re

from router_core.signals.pii import find_pii
from router_core.signals.secrets import find_secrets
from router_core.signals.text import reveal

_EMAIL = re.compile(r"[^\s@<>\"'(),;:]{1,64}@[^\s@<>\"'(),;:]{1,255}")
_LONG_NUMBER = re.compile(r"[+(]?\d(?:[ ./()\-]?\d){6,40}")
_IBAN = re.compile(r"\b[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){10,30}\b")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{1,4}\b")


def redact_text(text: str) -> str:
    """The text with e-mail addresses, long numbers and network addresses masked; or one word saying what it held."""
    masked = _EMAIL.sub("[email]", text)
    masked = _ADDRESS.sub("[address]", masked)
    masked = _IBAN.sub("[account]", masked)
    masked = _LONG_NUMBER.sub("[number]", masked)
    shown = reveal(masked)
    left = (*find_pii(shown), *find_secrets(shown))
    return f"[redacted: {', '.join(left)}]" if left else masked
