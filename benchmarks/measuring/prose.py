"""Words of prose to measure with."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MINUTES: Final = (
    "Please summarise the following minutes for the members who could not come. The committee met on Tuesday to review "
    "the budget for the coming year; spending on maintenance rose by 12 percent, mostly because two pumps had to be "
    "replaced in March. Reserves remain above 40,000 euros. Members agreed to ask three suppliers for offers by April. "
)
_HANDBOOK: Final = Path(__file__).resolve().parents[2] / "policies" / "docs"


def minutes(words: int) -> str:
    """So many words, the same few sentences over and over."""
    found = MINUTES.split()
    return " ".join((found * (words // len(found) + 1))[:words])


def handbook() -> list[str]:
    """The words of the shipped example documents, as different as words of prose are."""
    return " ".join(page.read_text("utf-8") for page in sorted(_HANDBOOK.glob("*.md"))).split()
