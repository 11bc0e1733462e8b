"""Filters that stand in the address of a page which does not count by them: said, so that nobody reads them into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from app import plain
from app.dashboard import address, components, navigation
from app.dashboard.view import range_label

NAMES: Final = {
    "range": "period",
    "route": "route",
    "model": "model",
    "intent": "intent",
    "tenant": "tenant",
    "status": "status",
    "risk": "risk",
    "data_class": "data class",
    "policy": "policy",
    "simulated": "demo traffic",
    "playground": "playground",
}
"""Each filter of the address, as a sentence calls it. How to look (``compare``, ``refresh``) is none."""
SHORT: Final = 40
"""Characters of a value."""
SHOWN: Final = 3
"""Values of one filter."""


def draw(instead: str) -> None:
    """Name the filters that do not apply here, and lead to what they apply to. Nothing where none is on.

    Args:
        instead: what the page counts in their place, one sentence.
    """
    idle = named(address.carried())
    if not idle:
        return
    components.notice(f"In the address but not used on this page: {'; '.join(idle)}. {instead}", tone="muted")
    navigation.decisions_link("Decisions with these filters" if len(idle) > 1 else "Decisions with this filter")


def named(given: Mapping[str, Sequence[str]]) -> list[str]:
    """The filters that say something other than what holds without them: ``model harbor-8b``."""
    told = []
    for name, called in NAMES.items():
        parsed = address.parse(name, list(given.get(name, ())), playground=False)
        if parsed == address.parse(name, [], playground=False):
            continue
        if isinstance(parsed, list):
            more = f" and {len(parsed) - SHOWN} more" if len(parsed) > SHOWN else ""
            told.append(f"{called} {', '.join(plain.visible(value, SHORT) for value in parsed[:SHOWN])}{more}")
        elif isinstance(parsed, bool):
            told.append(f"{called} included")
        else:
            told.append(f"{called} {range_label(parsed) if name == 'range' else plain.visible(parsed, SHORT)}")
    return told
