"""The numbers of a chart as the rows of a file: its columns are called as its axes are, with their units."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import plotly.graph_objects as go

from app.dashboard.charts.drawing import FROM_START, Drawing

Row = tuple[object, ...]
_ALWAYS: Final = 3
"""Columns that stay even if they are empty: the series and the two axes."""


def rows_of(figure: go.Figure) -> list[Row]:
    """A head, then every value: the trace's name, its place on both axes, its value and its text, as far as there are
    any.
    """
    whole = figure.checked() if isinstance(figure, Drawing) else figure
    rows: list[Row] = []
    units: dict[str, None] = {}
    for trace in whole.data:
        if trace.type == "sankey":
            names = list(trace.node.label)
            links = zip(trace.link.source, trace.link.target, trace.link.value, strict=True)
            rows += [("flow", names[a], names[b], value, "", "") for a, b, value in links]
        elif trace.type == "heatmap":
            rows += [
                (trace.name or "", x, y, value, "", "")
                for y, line in zip(_named(whole, trace, "y"), trace.z, strict=False)
                for x, value in zip(_named(whole, trace, "x"), line, strict=False)
            ]
        elif getattr(trace, "hoverinfo", None) != "skip":
            # What happened meanwhile stands on an axis that nobody sees: it has a moment and no height.
            marks = _axis(whole, trace, "y").visible is False
            unit = "" if marks else _title(whole, trace, "y")
            units |= {} if marks else {unit: None}
            told, silent = _column(trace.hovertext), _column(trace.hoverinfo)
            places = zip(_named(whole, trace, "x"), _named(whole, trace, "y"), strict=False)
            rows += [
                (trace.name or "", x, "" if marks else y, "", told[i] if i < len(told) else "", unit)
                for i, (x, y) in enumerate(places)
                if silent[i : i + 1] != ["skip"]
            ]
    # Where panels stand above each other each row says its unit; otherwise the head does.
    head = _head(whole, mixed=len(units) > 1)
    if len(units) <= 1:
        head, rows = head[:-1], [row[:-1] for row in rows]
    kept = [i for i in range(len(head)) if i < _ALWAYS or any(row[i] not in ("", None) for row in rows)]
    return [tuple(row[i] for i in kept) for row in (head, *rows)]


def _head(whole: go.Figure, *, mixed: bool) -> Row:
    drawn = list(whole.data)
    if drawn and drawn[0].type == "sankey":
        return "series", "from", "to", "value", "told", "unit"
    first: Any = drawn[0] if drawn else go.Scatter()
    heat = next((trace for trace in drawn if trace.type == "heatmap"), None)
    value = "" if heat is None else str(heat.colorbar.title.text or "")
    x, y = _title(whole, first, "x") or "x", "y" if mixed else _title(whole, first, "y") or "y"
    if any(_meta(trace) for trace in drawn):
        x = f"start, {x}"
    return "series", x, y, html.unescape(value) or "value", "told", "unit"


def _title(whole: go.Figure, trace: Any, which: str) -> str:
    """What an axis is called, its unit with it."""
    axis = _axis(whole, trace, which)
    title = html.unescape(str(axis.title.text or ""))
    share = str(axis.tickformat or "").endswith("%")
    return f"{title or which} (share, 0 to 1)" if share else title


def _named(whole: go.Figure, trace: Any, which: str) -> list[Any]:
    """A trace's places on an axis: by their names where all have one. A chart draws a day at its noon; here its moment
    is the day's start.
    """
    places = _column(getattr(trace, which))
    begun = _column(getattr(trace, "base", None)) if which == "x" else []
    if begun and all(isinstance(moment, datetime) for moment in begun):
        # A bar along the time axis is as long as something lasted; it is found by when that began.
        return list(begun)
    axis = _axis(whole, trace, which)
    names = dict(zip(_column(axis.tickvals), _column(axis.ticktext), strict=False))
    if names and all(place in names for place in places):
        return [html.unescape(str(names[place])) for place in places]
    back = timedelta(seconds=_meta(trace))
    return [place - back if isinstance(place, datetime) else place for place in places]


def _axis(whole: go.Figure, trace: Any, which: str) -> Any:
    number = str(getattr(trace, f"{which}axis", None) or which)[1:]
    return getattr(whole.layout, f"{which}axis{number}")


def _meta(trace: Any) -> float:
    meta = trace.meta
    return float(meta.get(FROM_START, 0.0)) if isinstance(meta, dict) else 0.0


def _column(values: Any) -> Sequence[Any]:
    return [] if values is None else [values] if isinstance(values, str) else list(values)
