"""How the dashboard tells the gateway for whom it acts."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

HEADER: Final = "x-routescope-operator"
"""The name, as percent-encoded UTF-8: headers are ASCII, and names are not."""
LONGEST: Final = 200
"""Characters of a name."""


def header_of(name: str) -> str:
    """The header's value for a name that a login provider gave: what cannot be printed is left out."""
    return quote("".join(char for char in name if char.isprintable())[:LONGEST], safe=" @.+-_", errors="replace")
