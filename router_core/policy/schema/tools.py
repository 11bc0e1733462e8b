"""Tools: structured resolvers that are tried before any model."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router_core.policy.schema.values import Seconds, Share, Strict


class CalculatorTool(Strict):
    """Exact arithmetic, for prompts that are nothing but a calculation."""

    kind: Literal["calculator"]
    threshold: Share = 0.9
    """Lowest confidence at which its answer ends the request."""
    timeout_s: Seconds = 1.0
    """Longest time it may take; then the next tool or a model is asked."""


class SearchTool(Strict):
    """Full-text search over a folder of Markdown and text files; answers with the passage and its source."""

    kind: Literal["search"]
    folder: str
    """Folder of .md and .txt files, relative to the policy file."""
    threshold: Share = 0.6
    """Lowest confidence (share of the question's weight that the passage covers) that ends the request."""
    timeout_s: Seconds = 2.0
    """Longest time it may take; then the next tool or a model is asked."""


ToolEntry: TypeAlias = Annotated[CalculatorTool | SearchTool, Field(discriminator="kind")]
