"""Own intents: kinds of work that a policy adds to those that are built in."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from router_core.policy.schema.values import Share, Strict


class IntentEntry(Strict):
    """An intent of one's own, known by example sentences; see docs/intents.md for how well."""

    description: str = ""
    """One line for people who read decisions."""
    examples: Annotated[tuple[str, ...], Field(min_length=5, max_length=100)]
    """Sentences as users write them, 5 to 100; the more unlike each other, the better."""
    keywords: tuple[str, ...] = ()
    """Words that tell this intent from all others, each one or several words; `cancel*` is any word so beginning."""
    min_confidence: Share = 0.5
    """A lower confidence leaves the prompt its built-in intent. At 0.5 about one in 200 other prompts is taken."""
