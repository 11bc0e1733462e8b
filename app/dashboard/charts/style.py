"""What all charts share: an empty figure in our style, colours, and labels.

Labels are escaped: Plotly takes a part of HTML in every text that it draws.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from app import plain
from app.dashboard import theme
from app.dashboard.charts.drawing import Drawing, merged
from app.dashboard.theme import Mode

LABEL = 44
"""Characters of a name on a chart."""


def model_colours(names: Iterable[str], mode: Mode) -> dict[str, str]:
    """A colour a model or tool: its name's own place in the palette, or the next free one.

    The same set of names has the same colours whatever its order; a new name moves another one only when both want
    the same place. From the eleventh name on colours repeat.
    """
    series = theme.palette(mode).series
    given: dict[str, str] = {}
    free = set(range(len(series)))
    for name in sorted(set(names)):
        wanted = int.from_bytes(blake2b(name.encode("utf-8", "replace"), digest_size=4).digest()) % len(series)
        place = next(
            ((wanted + step) % len(series) for step in range(len(series)) if (wanted + step) % len(series) in free),
            wanted,
        )
        free.discard(place)
        given[name] = series[place]
    return given


def figure(mode: Mode, *, height: int = 260, **layout: Any) -> Drawing:
    """An empty figure in our style; ``layout`` is merged over the style at every level."""
    return Drawing(merged(theme.layout(mode, height=height), layout))


def label(text: object, limit: int = LABEL) -> str:
    """A name as Plotly may draw it."""
    return plain.html(text, limit)


def faded(colour: str, strength: float) -> str:
    """A ``#rrggbb`` colour at 0..1 of its strength."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{strength:.2f})"
