"""The charts, all in one style. Labels are escaped here: Plotly takes a part of HTML in every text that it draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from app import plain, units
from app.dashboard import theme
from app.dashboard.theme import Mode
from telemetry.query.decision import SpanView
from telemetry.query.overview import Flow, Step

STEPS: dict[Step, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
LABEL = 44
"""Characters of a name on a chart."""


@dataclass(frozen=True, slots=True)
class Series:
    """One named line or stack. A point whose value is None, and a step without a point, is a gap."""

    name: str
    points: Sequence[tuple[datetime, float | None]]
    colour: str


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


def figure(mode: Mode, *, height: int = 260, **layout: Any) -> go.Figure:
    """An empty figure in our style; ``layout`` is merged over the style at every level."""
    return go.Figure(layout=_merged(theme.layout(mode, height=height), layout))


def _merged(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    whole = dict(below)
    for name, value in above.items():
        old = whole.get(name)
        whole[name] = _merged(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return whole


def label(text: object, limit: int = LABEL) -> str:
    """A name as Plotly may draw it."""
    return plain.html(text, limit)


def faded(colour: str, strength: float) -> str:
    """A ``#rrggbb`` colour at 0..1 of its strength."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{strength:.2f})"


def bars_over_time(
    series: Sequence[Series],
    mode: Mode,
    *,
    step: Step,
    unit: str,
    write: Callable[[float | None], str],
    span: tuple[datetime, datetime] | None = None,
    tick_prefix: str = "",
    height: int = 260,
) -> go.Figure:
    """Stacked bars, one a step. ``unit`` is the axis title, ``write`` gives the tooltip's exact value.

    ``span`` is the whole period, so that steps without data are seen as empty.
    """
    drawn = figure(
        mode,
        height=height,
        barmode="stack",
        yaxis={"title": {"text": unit}, "tickprefix": tick_prefix, "rangemode": "tozero"},
    )
    width = STEPS[step]
    for one in series:
        points = [(moment, value) for moment, value in one.points if value is not None]
        drawn.add_bar(
            x=[moment + width / 2 for moment, _ in points],
            y=[value for _, value in points],
            width=width.total_seconds() * 1000 * 0.78,
            name=label(one.name),
            marker={"color": one.colour, "line": {"width": 0}},
            hovertext=[
                f"<b>{label(one.name)}</b><br>{_moment(moment, step)}<br>{write(value)}" for moment, value in points
            ],
            hoverinfo="text",
        )
    _time_axis(drawn, span, step)
    drawn.update_layout(showlegend=len(series) > 1)
    return drawn


def lines_over_time(
    series: Sequence[Series],
    mode: Mode,
    *,
    step: Step,
    unit: str,
    write: Callable[[float | None], str],
    span: tuple[datetime, datetime] | None = None,
    height: int = 260,
) -> go.Figure:
    """Straight lines that break where a step has no value."""
    drawn = figure(mode, height=height, yaxis={"title": {"text": unit}, "rangemode": "tozero"})
    width = STEPS[step]
    for one in series:
        points = with_gaps(one.points, step)
        drawn.add_scatter(
            x=[moment + width / 2 for moment, _ in points],
            y=[value for _, value in points],
            mode="lines+markers",
            connectgaps=False,
            name=label(one.name),
            line={"color": one.colour, "width": 1.8, "shape": "linear"},
            marker={"size": 4, "color": one.colour},
            hovertext=[
                f"<b>{label(one.name)}</b><br>{_moment(moment, step)}<br>{write(value)}" for moment, value in points
            ],
            hoverinfo="text",
        )
    _time_axis(drawn, span, step)
    drawn.update_layout(showlegend=len(series) > 1)
    return drawn


def with_gaps(points: Sequence[tuple[datetime, float | None]], step: Step) -> list[tuple[datetime, float | None]]:
    """The points with a None for each run of missing steps between two of them."""
    filled: list[tuple[datetime, float | None]] = []
    for moment, value in sorted(points):
        if filled and moment - filled[-1][0] > STEPS[step]:
            filled.append((filled[-1][0] + STEPS[step], None))
        filled.append((moment, value))
    return filled


def course(
    points: Sequence[tuple[datetime, float | None]], step: Step, *, idle: float | None = None
) -> list[float | None]:
    """A value for every step from the first point to the last; ``idle`` for steps without a point.

    Give 0 for what is a count, so that nothing happened; None for what is then not known, as a rate or a latency.
    """
    known = dict(points)
    if not known:
        return []
    moment, last, values = min(known), max(known), []
    while moment <= last:
        values.append(known.get(moment, idle))
        moment += STEPS[step]
    return values


def flow_chart(flows: Sequence[Flow], mode: Mode, colours: Mapping[str, str], *, height: int = 330) -> go.Figure:
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
            "color": [_faded(paint[b], mode) for _, b in widths],
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
    return drawn


def waterfall(
    spans: Sequence[SpanView], mode: Mode, colours: Mapping[str, str], calls: Mapping[str, float] | None = None
) -> go.Figure:
    """One bar a span, from its start to its end, each below its parent. Bars too short to see get a hair's width.

    ``calls``: span id to the milliseconds of the call alone; the rest of that span is pale.
    """
    lengths = [min((calls or {}).get(span.span_id, span.duration_ms), span.duration_ms) for span in spans]
    shades = theme.palette(mode)
    paint = [_span_colour(span, colours, shades) for span in spans]
    total = max((span.start_ms + span.duration_ms for span in spans), default=1.0) or 1.0
    rows = list(range(len(spans)))
    drawn = figure(
        mode,
        height=44 + 26 * len(spans),
        xaxis={
            "title": {"text": "milliseconds from the start of the request"},
            "showgrid": True,
            "range": [0, total * 1.12],
            "rangemode": "tozero",
        },
        yaxis={
            "tickmode": "array",
            "tickvals": rows,
            "ticktext": ["\u2007\u2007" * span.depth + label(span.name, 38) for span in spans],
            "autorange": "reversed",
            "showgrid": False,
            "tickfont": {"size": 12, "color": shades.ink},
            "ticklabelposition": "outside",
        },
        bargap=0.42,
        barmode="overlay",
    )
    drawn.add_bar(
        orientation="h",
        y=rows,
        base=[span.start_ms for span in spans],
        x=[span.duration_ms for span in spans],
        marker={"color": [_faded(colour, mode) for colour in paint], "line": {"width": 0}},
        hoverinfo="skip",
        showlegend=False,
    )
    drawn.add_bar(
        orientation="h",
        y=rows,
        base=[span.start_ms for span in spans],
        x=[max(length, total * 0.002) for length in lengths],
        marker={"color": paint, "line": {"width": 0}},
        text=[units.duration(length) for length in lengths],
        textposition="outside",
        textfont={"size": 11, "color": shades.muted},
        cliponaxis=False,
        hovertext=[_span_told(span) for span in spans],
        hoverinfo="text",
        showlegend=False,
    )
    return drawn


def _span_told(span: SpanView) -> str:
    lines = [f"<b>{label(span.name)}</b>", f"from {units.step(span.start_ms)}, for {units.duration(span.duration_ms)}"]
    for name in ("outcome", "score", "error_type"):
        if span.attributes.get(name) is not None:
            lines.append(f"{name.replace('_', ' ')}: {label(span.attributes[name])}")
    return "<br>".join(lines)


def _span_colour(span: SpanView, colours: Mapping[str, str], shades: theme.Palette) -> str:
    if span.status == "error" and span.depth:
        return shades.bad
    kind, _, name = span.name.partition(" ")
    if kind in {"branch", "tool"}:
        return colours.get(name, shades.accent)
    return shades.neutral


def _station_colour(column: int, name: str, colours: Mapping[str, str], shades: theme.Palette) -> str:
    if column == 0:
        return shades.neutral
    return colours.get(name, shades.bad if name == "no answer" else shades.neutral)


def _faded(colour: str, mode: Mode) -> str:
    return faded(colour, 0.3 if mode == "dark" else 0.24)


def _time_axis(drawn: go.Figure, span: tuple[datetime, datetime] | None, step: Step) -> None:
    form = "%H:%M" if step == "hour" else "%-d %b"
    drawn.update_xaxes(type="date", tickformat=form, nticks=8, title={"text": "UTC", "standoff": 4})
    if span is not None:
        drawn.update_xaxes(range=[span[0], span[1]])


def _moment(moment: datetime, step: Step) -> str:
    return (
        f"{moment:%a} {units.day(moment)}, {moment:%H:%M} UTC"
        if step == "hour"
        else f"{moment:%a} {units.day(moment)} (UTC day)"
    )
