"""The spans of one decision, a bar each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app import units
from app.dashboard import theme
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.theme import Mode
from telemetry.query.decision import SpanView


def waterfall(
    spans: Sequence[SpanView], mode: Mode, colours: Mapping[str, str], calls: Mapping[str, float] | None = None
) -> Drawing:
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
            "range": [max(len(spans), 1) - 0.5, -0.5],
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
        marker={"color": [_pale(colour, mode) for colour in paint], "line": {"width": 0}},
        hoverinfo="skip",
        showlegend=False,
    )
    drawn.add_bar(
        orientation="h",
        y=rows,
        base=[span.start_ms for span in spans],
        x=[max(length, total * 0.002) for length in lengths],
        marker={"color": paint, "line": {"width": 0}},
        text=[units.duration(length) if length else "" for length in lengths],
        textposition="outside",
        textfont={"size": 11, "color": shades.muted},
        cliponaxis=False,
        hovertext=[_span_told(span) for span in spans],
        hoverinfo="text",
        showlegend=False,
    )
    return drawn


def _span_told(span: SpanView) -> str:
    lines = [f"<b>{label(span.name)}</b>", f"from {units.step(span.start_ms)}, for {units.took(span.duration_ms)}"]
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


def _pale(colour: str, mode: Mode) -> str:
    return faded(colour, 0.3 if mode == "dark" else 0.24)
