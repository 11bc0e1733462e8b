"""Tooltips as they are sent: what those of a trace have in common is said once, with the moment that the point has.

Charts write every tooltip whole, as files of numbers and tests read it; a browser puts the parts together again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

MANY: Final = 20
"""Fewer tooltips are sent as they are."""
_BREAK: Final = "<br>"
_FORMS: Final[tuple[tuple[str, Callable[[datetime], str]], ...]] = (
    ("%{x|%a %-d %b %Y} (UTC day)", lambda at: f"{at:%a} {at.day} {at:%b %Y} (UTC day)"),
    ("%{x|%a %-d %b %Y, %H}:00 UTC", lambda at: f"{at:%a} {at.day} {at:%b %Y}, {at:%H}:00 UTC"),
)
"""How Plotly writes a moment, and the same in Python: only what is equal to the letter is left to Plotly."""


def trace(whole: Mapping[str, Any]) -> dict[str, Any]:
    """A trace that shows the same tooltips in fewer letters; itself where they have nothing in common."""
    told = whole.get("hovertext")
    if not isinstance(told, list) or whole.get("hoverinfo") != "text" or "hovertemplate" in whole:
        return dict(whole)
    if whole["type"] == "heatmap":
        return _squares(whole, told)
    if len(told) < MANY or not all(isinstance(text, str) and text for text in told):
        return dict(whole)
    begin = _shared(told)
    rest = [text[len(begin) :] for text in told]
    moment = _moment(whole.get("x", ()), rest)
    if moment is not None:
        rest = [text.partition(_BREAK)[2] for text in rest]
    begin += "" if moment is None else f"{moment}{_BREAK}"
    # What people called a thing stands in it as well, and may look like a place to be filled.
    if not begin or "%{" in begin.replace(moment or "", ""):
        return dict(whole)
    return {**whole, "hovertext": rest, "hovertemplate": f"{begin}%{{hovertext}}<extra></extra>"}


def _squares(whole: Mapping[str, Any], told: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Of three lines each: what the row is, the moment of the column, and the rest."""
    parts = [[text.split(_BREAK) for text in row] for row in told]
    full = [(at, part) for row in parts for at, part in zip(whole["x"], row, strict=True) if part != [""]]
    if len(full) < MANY or any(len(part) != 3 for _, part in full):
        return dict(whole)
    moment = _moment([at for at, _ in full], [_BREAK.join(part[1:]) for _, part in full])
    if moment is None:
        return dict(whole)
    return {
        **whole,
        "text": [[part[0] for part in row] for row in parts],
        "hovertext": [[part[-1] for part in row] for row in parts],
        "hovertemplate": f"%{{text}}{_BREAK}{moment}{_BREAK}%{{hovertext}}<extra></extra>",
        "hoverongaps": False,
    }


def _shared(texts: Sequence[str]) -> str:
    """What all of them begin with, up to the end of a line, so that no name or number is cut in two."""
    # What the first and the last in order have in common, all between them have.
    first, last = min(texts), max(texts)
    same = next((place for place, one in enumerate(first) if not last.startswith(one, place)), len(first))
    end = first.rfind(_BREAK, 0, same)
    return "" if end < 0 else first[: end + len(_BREAK)]


def _moment(x: Sequence[object], texts: Sequence[str]) -> str | None:
    """Plotly's words for the first lines of all texts, when these are the moments of their points."""
    lines = [text.partition(_BREAK)[0] for text in texts]
    for form, written in _FORMS:
        if len(lines) == len(x) and all(
            isinstance(at, datetime) and written(at) == line for at, line in zip(x, lines, strict=True)
        ):
            return form
    return None
