"""Images in a conversation: handed on to models that can see, and looked into by nobody here.

What stands in one cannot be searched: rules that ask for personal data or secrets treat it as holding some, and a rule
that has the prompt redacted lets none through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Detail: TypeAlias = Literal["auto", "low", "high"]

TOKENS: Final = 1105
"""What an image is taken to cost, for windows, caps and budgets: OpenAI's count for 1,024 x 1,024 pixels in detail is
765, for 2,048 x 4,096 it is 1,105. The bill goes by what the provider counts."""


@dataclass(frozen=True, slots=True)
class Image:
    """One image, by its address or as data."""

    url: str
    """``https:`` for an image that the model's provider fetches; ``data:`` for one that comes along."""
    detail: Detail | None = None
    """How closely it is to be looked at; None: as the model likes."""

    @property
    def in_words(self) -> str:
        """What is kept of it."""
        if not self.url.startswith("data:"):
            return "[image by its address]"
        kind = self.url[len("data:") :].partition(",")[0].partition(";")[0] or "unknown"
        return f"[image of type {kind[:40]}, {len(self.url):,} characters]"
