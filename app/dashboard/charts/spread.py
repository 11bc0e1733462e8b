"""How far the values of each name lie apart: a bar from the low end to the middle, and a diamond at the mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app import units
from app.dashboard import theme
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.theme import Mode

ROW = 40
"""Pixels a name."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One name. A value that is not known is None, and is not drawn."""

    name: str
    low: float | None
    """The 5th percentile."""
    middle: float | None
    """The median."""
    mean: float | None
    n: int
    colour: str
    key: str
    """What a click on it filters by."""


def spreads(rows: Sequence[Spread], mode: Mode, *, unit: str, write: Callable[[float | None], str]) -> Drawing:
    """In the order given, from the top down; the numbers stand at the right of each.

    Args:
        rows: from the top down.
        mode: the theme.
        unit: the axis title.
        write: a value in words, ``unknown`` for None.
    """
    shades = theme.palette(mode)
    places = list(range(len(rows)))
    drawn = figure(
        mode,
        height=70 + ROW * max(len(rows), 1),
        xaxis={"title": {"text": unit}, "showgrid": True, "rangemode": "tozero"},
        yaxis={
            "tickmode": "array",
            "tickvals": places,
            "ticktext": [label(row.name, 30) for row in rows],
            "range": [len(rows) - 0.4, -0.6],
            "showgrid": False,
            "tickfont": {"size": 12, "color": shades.ink},
        },
        bargap=0.6,
        barmode="overlay",
        showlegend=False,
    )
    ends = [max(row.mean or 0.0, row.middle or 0.0) for row in rows]
    drawn.update_xaxes(range=[0, (max(ends, default=0) or 1) * 1.45])
    drawn.add_bar(
        orientation="h",
        y=places,
        base=[row.low or 0.0 for row in rows],
        x=[(row.middle or 0.0) - (row.low or 0.0) for row in rows],
        marker={"color": [faded(row.colour, 0.75) for row in rows], "line": {"width": 0}},
        name="5th percentile to median",
        hovertext=[_told(row, write) for row in rows],
        hoverinfo="text",
        customdata=[[row.key] for row in rows],
    )
    known = [place for place in places if rows[place].mean is not None]
    drawn.add_scatter(
        y=known,
        x=[rows[place].mean for place in known],
        mode="markers",
        marker={
            "symbol": "diamond",
            "size": 9,
            "color": [rows[place].colour for place in known],
            "line": {"color": shades.ground, "width": 1},
        },
        name="mean",
        hovertext=[_told(rows[place], write) for place in known],
        hoverinfo="text",
        customdata=[[rows[place].key] for place in known],
    )
    drawn.add_scatter(
        y=places,
        x=ends,
        mode="text",
        text=[f"    {write(row.mean)}, n = {units.compact(row.n)}" for row in rows],
        textposition="middle right",
        textfont={"size": 11.5, "color": shades.muted},
        hoverinfo="skip",
        cliponaxis=False,
    )
    return drawn


def _told(row: Spread, write: Callable[[float | None], str]) -> str:
    return (
        f"<b>{label(row.name)}</b><br>mean {write(row.mean)}<br>median {write(row.middle)}<br>"
        f"5th percentile {write(row.low)}<br>n = {units.count(row.n)}"
    )
