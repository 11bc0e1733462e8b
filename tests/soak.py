"""Whether tests run at full counts (`make soak`) or at those of every day (`make test`)."""

from __future__ import annotations

import os

SOAK = os.environ.get("ROUTESCOPE_SOAK") == "1"


def counts(daily: int, soak: int) -> int:
    """How often something is done: ``daily`` by `make test`, ``soak`` by `make soak`."""
    return soak if SOAK else daily
