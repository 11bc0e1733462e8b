"""The room that a chart's labels need, said before it is drawn.

Plotly finds out by itself, but only by drawing the chart, measuring its labels, and drawing it once more. What is said
here is never less than what the labels take at their usual lengths; where one needs more, Plotly still finds out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from html import unescape
from typing import Any, Final

_Y_AXIS: Final = re.compile(r"yaxis\d*")
_CARTESIAN: Final = frozenset({"bar", "scatter", "heatmap"})
_WIDE: Final = frozenset("mwMW@%…\u2007")
_NARROW: Final = frozenset("iljtfrI.,:;|!' ()[]-1")
EDGE: Final = 12
"""Pixels between labels and the edge of the chart: as many as Plotly takes where all margins are that wide."""
NUMBERS: Final = 34
"""Of the numbers of an axis."""
TITLE: Final = 18
"""Of an axis's title, turned."""
BELOW: Final = 25
"""Of the labels below a chart and their title, without what stands between them."""
HALF_A_MOMENT: Final = 14
"""What the label of the last moment takes beyond the axis."""
LEGEND: Final = 29
"""Above a chart, one line of a legend and what stands around it."""
COLOUR_BAR: Final = 80
LEAST_HEIGHT: Final = 200
"""A lower chart needs its height itself."""


def of(looks: Mapping[str, Any], traces: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The margins of a chart in pixels, ``l``, ``r``, ``t`` and ``b``.

    Args:
        looks: the layout; margins that it gives are the least ones.
        traces: all of them; for charts without axes the given margins are returned.
    """
    given = {side: float(looks.get("margin", {}).get(side, 0)) for side in "lrtb"}
    if not traces or any(trace["type"] not in _CARTESIAN for trace in traces):
        return given
    height, across = float(looks.get("height", 0)), looks.get("xaxis", {})
    axes = [looks[name] for name in looks if _Y_AXIS.fullmatch(name) and looks[name].get("visible") is not False]
    needed = {"l": EDGE + max(map(_beside, axes), default=0.0), "r": 16.0}
    if across.get("type") == "date":
        needed["r"] = EDGE + HALF_A_MOMENT
    if any("colorbar" in trace for trace in traces):
        needed["r"] += COLOUR_BAR
    if height >= LEAST_HEIGHT:
        needed["t"] = 16.0
        needed["b"] = EDGE + _below(across)
        if looks.get("showlegend", len(traces) > 1):
            # It stands a fiftieth of the plot's own height above it.
            needed["t"] = EDGE + LEGEND + math.ceil((height - 80) / 50)
    return {side: max(given[side], needed.get(side, 0.0)) for side in given}


def width(text: str, size: float) -> float:
    """About how wide a line of text is, in pixels; rather more than less. ``size``: of the font, in pixels."""
    return size * sum(0.88 if one in _WIDE else 0.36 if one in _NARROW else 0.62 for one in unescape(text))


def _beside(axis: Mapping[str, Any]) -> float:
    size = float(axis.get("tickfont", {}).get("size", 12))
    names = axis.get("ticktext")
    labels = NUMBERS if names is None else 8 + max((width(str(name), size) for name in names), default=0.0)
    return labels + (TITLE if axis.get("title", {}).get("text") else 0)


def _below(axis: Mapping[str, Any]) -> float:
    title = axis.get("title", {})
    return BELOW + float(title.get("standoff", 0)) if title.get("text") else 0.0
