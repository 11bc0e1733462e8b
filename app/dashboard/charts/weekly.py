"""Shares by week with their intervals, one line a name: few are counted a week, so each point shows how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from app import units
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.theme import Mode
from telemetry.query.proportion import Proportion


def weekly(
    lines: Mapping[str, Sequence[tuple[date, Proportion]]],
    mode: Mode,
    colours: Mapping[str, str],
    *,
    unit: str,
    what: str,
    height: int = 300,
) -> Drawing:
    """Lines over Mondays, each point with its interval at 95 %.

    Args:
        lines: by name; a week without anything counted is a gap.
        mode: the theme.
        colours: by name.
        unit: the axis title.
        what: of which ``n`` is counted, in the plural.
        height: in pixels.
    """
    drawn = figure(
        mode,
        height=height,
        yaxis={"title": {"text": unit}, "tickformat": ".0%"},
        xaxis={"title": {"text": "week, from Monday, UTC"}, "tickformat": "%-d %b"},
    )
    lowest = 1.0
    for place, (name, points) in enumerate(lines.items()):
        known = [(week, one) for week, one in points if one.share is not None]
        if not known:
            continue
        colour = colours.get(name, "#8b8b92")
        lowest = min(lowest, *(one.low or 0.0 for _, one in known))
        drawn.add_scatter(
            # Some hours apart, so that the intervals of two names do not cover each other.
            x=[f"{week.isoformat()}T{min(place * 8, 23):02}:00" for week, _ in known],
            y=[one.share for _, one in known],
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [(one.high or 0.0) - (one.share or 0.0) for _, one in known],
                "arrayminus": [(one.share or 0.0) - (one.low or 0.0) for _, one in known],
                "color": faded(colour, 0.45),
                "thickness": 1.2,
                "width": 3,
            },
            mode="lines+markers",
            line={"color": colour, "width": 2},
            marker={"size": 7},
            name=label(name),
            hovertext=[_told(name, week, one, what) for week, one in known],
            hoverinfo="text",
        )
    drawn.update_yaxes(range=[max(lowest - 0.04, 0.0), 1.01])
    weeks = sorted({week for points in lines.values() for week, _ in points})
    if weeks:
        # Of a single week the axis would otherwise be its hours, each with the same date.
        around = (weeks[0] - timedelta(days=4)).isoformat(), (weeks[-1] + timedelta(days=5)).isoformat()
        drawn.update_xaxes(range=around, **({"tickvals": [weeks[0].isoformat()]} if len(weeks) == 1 else {}))
    return drawn


def _told(name: str, week: date, one: Proportion, what: str) -> str:
    return "<br>".join(
        (
            f"<b>{label(name)}</b>",
            f"week of {week.day} {week:%b %Y}",
            f"{units.share(one.share)}, 95 % interval {units.share(one.low)} to {units.share(one.high)}",
            f"{units.count(one.part)} of {units.count(one.n)} {what}",
        )
    )
