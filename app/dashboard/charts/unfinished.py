"""The step of a time axis that is not over: what it has so far is drawn apart, for it stands for less time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.dashboard.charts.drawing import Drawing

SO_FAR: Final = "so far"
"""Said behind the value of a step that is not over."""


def clock(now: datetime | None) -> datetime:
    """The moment that a chart is drawn for: ``now``, or the present one."""
    return datetime.now(UTC) if now is None else now


def is_open(start: datetime, width: timedelta, now: datetime) -> bool:
    """Whether a step that begins at ``start`` ends after ``now``."""
    return start + width > now


def told(start: datetime, width: timedelta, now: datetime) -> str:
    """What follows a value: nothing for a step that is over."""
    return f" {SO_FAR}" if is_open(start, width, now) else ""


def hatched(starts: Sequence[datetime], width: timedelta, now: datetime) -> dict[str, Any] | None:
    """The pattern of bars: lines in place of the colour for steps that are not over; None where all are."""
    shapes = ["/" if is_open(start, width, now) else "" for start in starts]
    return {"shape": shapes, "fillmode": "replace", "size": 5, "solidity": 0.4} if any(shapes) else None


def add_line(drawn: Drawing, line: dict[str, Any], starts: Sequence[datetime], width: timedelta, now: datetime) -> None:
    """Add a line whose last point, if its step is not over, is hollow and reached by dashes.

    Args:
        drawn: the chart.
        line: a trace of a line as `Drawing.add_scatter` takes it, a point a step.
        starts: of the steps, in order.
        width: of a step.
        now: the present moment.
    """
    last = len(starts) - 1
    if last < 0 or not is_open(starts[last], width, now) or line["y"][last] is None:
        drawn.add_scatter(**line)
        return
    parts = ("x", "y", "hovertext")
    if last:
        drawn.add_scatter(**{**line, **{name: list(line[name])[:last] for name in parts}}, legendgroup=line["name"])
    # The dashes begin where the line ends; that point is told by the line itself.
    joined = last > 0 and line["y"][last - 1] is not None
    drawn.add_scatter(
        **{
            **line,
            **{name: list(line[name])[last - joined :] for name in parts},
            "mode": "lines+markers",
            "line": {**line["line"], "dash": "dash"},
            "marker": {"size": [0, 6] if joined else 6, "color": line["line"]["color"], "symbol": "circle-open"},
            "hoverinfo": ["skip", "text"] if joined else "text",
        },
        legendgroup=line["name"],
        showlegend=False if last else None,
    )
