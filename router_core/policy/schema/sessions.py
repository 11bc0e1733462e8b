"""Sessions: turns of one conversation that stay with one model."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router_core.policy.schema.values import Count, Strict


class StickyEntry(Strict):
    """The next turn of a conversation goes first to the model that answered it last, whose prompt cache is warm."""

    ttl_s: Annotated[float, Field(gt=0, le=604_800)] = 3600.0
    """Seconds without a turn after which a conversation is forgotten."""
    max_conversations: Annotated[Count, Field(le=10_000_000)] = 100_000
    """How many are remembered; those whose last turn is longest ago are forgotten first."""
