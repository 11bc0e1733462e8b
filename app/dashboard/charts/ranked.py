"""Names by how much of something each has: one bar a name, the longest on top."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.dashboard import theme
from app.dashboard.charts import summary
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.theme import Mode

ROW = 30
"""Pixels a bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One name."""

    name: str
    value: float | None
    """None is unknown: the name stays, without a bar, and says so."""
    colour: str
    note: str = ""
    """A further line of the tooltip."""
    low: float | None = None
    """The interval around the value, drawn as a whisker when both ends are given."""
    high: float | None = None
    key: str | None = None
    """What a click on it filters by, when that is not its name."""


def bars(
    rows: Sequence[Bar],
    mode: Mode,
    *,
    unit: str,
    write: Callable[[float | None], str],
    share: bool = False,
    tick_prefix: str = "",
) -> Drawing:
    """Horizontal bars in the order given, each with its value written at its end.

    Args:
        rows: from the top down.
        mode: the theme.
        unit: the axis title.
        write: a value in words, ``unknown`` for None.
        share: the values are 0..1 and the axis says per cent.
        tick_prefix: before each number of the axis.
    """
    shades = theme.palette(mode)
    places = list(range(len(rows)))
    drawn = figure(
        mode,
        height=58 + ROW * max(len(rows), 1),
        xaxis={"title": {"text": unit}, "showgrid": True, "rangemode": "tozero", "tickprefix": tick_prefix},
        yaxis={
            "tickmode": "array",
            "tickvals": places,
            "ticktext": [label(row.name, 30) for row in rows],
            "range": [max(len(rows), 1) - 0.5, -0.5],
            "showgrid": False,
            "tickfont": {"size": 12, "color": shades.ink},
        },
        bargap=0.38,
        showlegend=False,
    )
    if share:
        drawn.update_xaxes(tickformat=".0%")
    ends = [max(row.value or 0.0, row.high or 0.0) for row in rows]
    drawn.update_xaxes(
        range=[min(0.0, *(row.value or 0.0 for row in rows)) if rows else 0, (max(ends, default=0) or 1) * 1.22]
    )
    drawn.add_bar(
        orientation="h",
        y=places,
        x=[row.value or 0.0 for row in rows],
        marker={"color": [row.colour for row in rows], "line": {"width": 0}},
        error_x=_whiskers(rows, shades.muted),
        hovertext=[_told(row, write) for row in rows],
        hoverinfo="text",
        customdata=[[row.key or row.name] for row in rows],
    )
    drawn.add_scatter(
        y=places,
        x=ends,
        mode="text",
        text=["  " + write(row.value) for row in rows],
        textposition="middle right",
        textfont={"size": 11.5, "color": shades.muted},
        hoverinfo="skip",
        cliponaxis=False,
    )
    drawn.told = summary.listed([(row.name, f"{write(row.value)}{_interval(row, write)}") for row in rows])
    return drawn


def _whiskers(rows: Sequence[Bar], colour: str) -> dict[str, object]:
    above = [0.0 if row.high is None or row.value is None else row.high - row.value for row in rows]
    below = [0.0 if row.low is None or row.value is None else row.value - row.low for row in rows]
    return {
        "visible": any(above) or any(below),
        "type": "data",
        "symmetric": False,
        "array": above,
        "arrayminus": below,
        "color": faded(colour, 0.9),
        "thickness": 1.2,
        "width": 3,
    }


def _interval(row: Bar, write: Callable[[float | None], str]) -> str:
    known = row.low is not None and row.high is not None
    return f" (95 % interval {write(row.low)} to {write(row.high)})" if known else ""


def _told(row: Bar, write: Callable[[float | None], str]) -> str:
    lines = [f"<b>{label(row.name)}</b>", write(row.value)]
    if row.low is not None and row.high is not None:
        lines.append(f"95 % interval {write(row.low)} to {write(row.high)}")
    if row.note:
        lines.append(label(row.note, 120))
    return "<br>".join(lines)
