"""From where, through what, to where: as wide as the requests that went there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from app import plain, units
from app.dashboard import theme
from app.dashboard.charts import summary
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.theme import Mode
from telemetry.query.overview import Flow


def flow_chart(flows: Sequence[Flow], mode: Mode, colours: Mapping[str, str], *, height: int = 330) -> Drawing:
    """Intent by first model to the one that answered, as wide as its requests."""
    shades = theme.palette(mode)
    nodes: dict[tuple[int, str], int] = {}
    widths: dict[tuple[int, int], int] = {}
    for flow in flows:
        stations = [(0, flow.intent or "unknown"), (1, flow.first or "nothing ran"), (2, flow.chosen or "no answer")]
        places = [nodes.setdefault(station, len(nodes)) for station in stations]
        for pair in pairwise(places):
            widths[pair] = widths.get(pair, 0) + flow.requests
    through = [
        max(sum(n for (a, _), n in widths.items() if a == i), sum(n for (_, b), n in widths.items() if b == i))
        for i in range(len(nodes))
    ]
    total = sum(flow.requests for flow in flows)
    names = list(nodes)
    paint = [_station_colour(column, name, colours, shades) for column, name in names]
    drawn = figure(mode, height=height, margin={"l": 8, "r": 8, "t": 24, "b": 8})
    drawn.add_sankey(
        arrangement="snap",
        node={
            "label": [label(name) for _, name in names],
            "color": paint,
            "pad": 14,
            "thickness": 12,
            "line": {"width": 0},
            "customdata": [f"{units.count(n)} requests, {units.share(n / total if total else None)}" for n in through],
            "hovertemplate": "<b>%{label}</b><br>%{customdata}<extra></extra>",
        },
        link={
            "source": [a for a, _ in widths],
            "target": [b for _, b in widths],
            "value": list(widths.values()),
            "color": [_pale(paint[b], mode) for _, b in widths],
            "customdata": [
                f"{units.count(n)} requests, {units.share(n / total if total else None)}" for n in widths.values()
            ],
            "hovertemplate": "%{source.label} → %{target.label}<br>%{customdata}<extra></extra>",
        },
        textfont={"size": 11.5, "color": shades.ink, "shadow": "none"},
    )
    for x, anchor, title in ((0, "left", "Intent"), (0.5, "center", "Tried first"), (1, "right", "Answered")):
        drawn.add_annotation(
            x=x,
            y=1.0,
            yshift=20,
            xanchor=anchor,
            xref="paper",
            yref="paper",
            showarrow=False,
            text=title,
            font={"size": 11, "color": shades.muted},
        )
    widest = sorted(widths.items(), key=lambda one: -one[1])
    drawn.told = f"{units.plural(total, 'request')}. " + summary.listed(
        [
            (f"{plain.visible(names[a][1], 44)} to {plain.visible(names[b][1], 44)}", units.count(n))
            for (a, b), n in widest
        ]
    )
    return drawn


def _station_colour(column: int, name: str, colours: Mapping[str, str], shades: theme.Palette) -> str:
    if column == 0:
        return shades.neutral
    return colours.get(name, shades.bad if name == "no answer" else shades.neutral)


def _pale(colour: str, mode: Mode) -> str:
    return faded(colour, 0.3 if mode == "dark" else 0.24)
