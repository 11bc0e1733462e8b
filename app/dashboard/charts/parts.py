"""Names by what each is made of: one bar a name, cut into parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.dashboard import theme
from app.dashboard.charts import summary
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import figure, label
from app.dashboard.theme import Mode

ROW = 34
"""Pixels a bar."""


@dataclass(frozen=True, slots=True)
class Whole:
    """One name and its parts, as many as there are kinds."""

    name: str
    parts: Sequence[float]
    said: str = ""
    """Written at the end of the bar."""


def bars(
    wholes: Sequence[Whole],
    kinds: Sequence[tuple[str, str]],
    mode: Mode,
    *,
    unit: str,
    write: Callable[[float | None], str],
) -> Drawing:
    """Horizontal bars in the order given; a click on one gives its name.

    Args:
        wholes: from the top down.
        kinds: of the parts: name and colour, from the left.
        mode: the theme.
        unit: the axis title.
        write: a part in words.
    """
    shades = theme.palette(mode)
    places = list(range(len(wholes)))
    longest = max((sum(one.parts) for one in wholes), default=0) or 1
    drawn = figure(
        mode,
        height=84 + ROW * max(len(wholes), 1),
        barmode="stack",
        xaxis={"title": {"text": unit}, "showgrid": True, "range": [0, longest * 1.3]},
        yaxis={
            "tickmode": "array",
            "tickvals": places,
            "ticktext": [label(one.name, 30) for one in wholes],
            "range": [max(len(wholes), 1) - 0.5, -0.5],
            "showgrid": False,
            "tickfont": {"size": 12, "color": shades.ink},
        },
        bargap=0.4,
    )
    for number, (kind, colour) in enumerate(kinds):
        drawn.add_bar(
            orientation="h",
            y=places,
            x=[one.parts[number] for one in wholes],
            name=label(kind),
            marker={"color": colour, "line": {"width": 0}},
            hovertext=[f"<b>{label(one.name)}</b><br>{label(kind)}: {write(one.parts[number])}" for one in wholes],
            hoverinfo="text",
            customdata=[[one.name] for one in wholes],
        )
    drawn.add_scatter(
        y=places,
        x=[sum(one.parts) for one in wholes],
        mode="text",
        text=["  " + label(one.said) for one in wholes],
        textposition="middle right",
        textfont={"size": 11.5, "color": shades.muted},
        hoverinfo="skip",
        showlegend=False,
        cliponaxis=False,
    )
    drawn.told = summary.listed(
        [
            (one.name, ", ".join(f"{kind} {write(part)}" for (kind, _), part in zip(kinds, one.parts, strict=True)))
            for one in wholes
        ]
    )
    return drawn
