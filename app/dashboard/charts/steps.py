"""From a whole, by what is taken from it step by step, down to what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app import units
from app.dashboard import theme
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import figure, label
from app.dashboard.theme import Mode

ROW = 34
"""Pixels a step."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one step takes from the whole."""

    name: str
    value: float
    colour: str
    note: str = ""
    """A further line of the tooltip."""


def steps(
    whole: tuple[str, float],
    taken: Sequence[Taken],
    left: str,
    mode: Mode,
    *,
    unit: str,
    write: Callable[[float | None], str],
    tick_prefix: str = "",
) -> Drawing:
    """A bar a step, from the top down, each beginning where the one above it ends.

    Args:
        whole: its name and its value.
        taken: what leads away from it, in order.
        left: the name of what remains; below zero it is drawn to the left, as a loss.
        mode: the theme.
        unit: the axis title.
        write: a value in words.
        tick_prefix: before each number of the axis.
    """
    shades = theme.palette(mode)
    name, value = whole
    rest = value - sum(step.value for step in taken)
    names = [name, *(step.name for step in taken), left]
    ends, remaining = [(0.0, value)], value
    for step in taken:
        ends.append((remaining - step.value, remaining))
        remaining -= step.value
    ends.append((min(rest, 0.0), max(rest, 0.0)))
    values = [value, *(-step.value for step in taken), rest]
    colours = [shades.neutral, *(step.colour for step in taken), shades.ok if rest >= 0 else shades.bad]
    notes = ["", *(step.note for step in taken), ""]
    places = list(range(len(names)))
    low, high = min(start for start, _ in ends), max(end for _, end in ends)
    room = (high - low or 1.0) * 0.42
    drawn = figure(
        mode,
        height=58 + ROW * len(names),
        xaxis={
            "title": {"text": unit},
            "showgrid": True,
            "tickprefix": tick_prefix,
            "range": [low - (room if low < 0 else 0), high + room],
        },
        yaxis={
            "tickmode": "array",
            "tickvals": places,
            "ticktext": [label(one, 30) for one in names],
            "range": [max(len(names), 1) - 0.5, -0.5],
            "showgrid": False,
            "tickfont": {"size": 12, "color": shades.ink},
        },
        bargap=0.4,
        showlegend=False,
    )
    drawn.add_bar(
        orientation="h",
        y=places,
        base=[start for start, _ in ends],
        x=[end - start for start, end in ends],
        marker={"color": colours, "line": {"width": 0}},
        hovertext=[
            "<br>".join(filter(None, (f"<b>{label(one)}</b>", _told(amount, value, write), label(note, 160))))
            for one, amount, note in zip(names, values, notes, strict=True)
        ],
        hoverinfo="text",
    )
    _join(drawn, ends, shades)
    drawn.add_scatter(
        y=places,
        x=[end for _, end in ends],
        mode="text",
        text=["  " + _told(amount, value, write) for amount in values],
        textposition="middle right",
        textfont={"size": 11.5, "color": shades.muted},
        hoverinfo="skip",
        cliponaxis=False,
    )
    return drawn


def _join(drawn: Drawing, ends: Sequence[tuple[float, float]], shades: theme.Palette) -> None:
    """A hair from where each bar ends down to where the next begins."""
    x: list[float | None] = []
    y: list[float | None] = []
    for place, (start, end) in enumerate(ends[:-1]):
        at = end if place == 0 else start
        x += [at, at, None]
        y += [place, place + 1, None]
    drawn.add_scatter(x=x, y=y, mode="lines", line={"color": shades.muted, "width": 1, "dash": "dot"}, hoverinfo="skip")


def _told(amount: float, whole: float, write: Callable[[float | None], str]) -> str:
    if not amount:
        return write(0.0)
    if not whole or amount == whole:
        return write(amount)
    part = units.share(abs(amount) / whole)
    return f"{write(amount)} ({part})" if part != units.share(0.0) else write(amount)
