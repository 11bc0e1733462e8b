"""An account that is spent from: what is gone, what the pace leads to, and the limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.dashboard import theme
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import faded, figure
from app.dashboard.theme import Mode


@dataclass(frozen=True, slots=True)
class Ahead:
    """The end of the period and what the account comes to by then."""

    end: datetime
    value: float | None
    """None where that is not known: no line leads on."""
    low: float | None
    high: float | None


def burn_down(
    spent: Sequence[tuple[datetime, float]],
    ahead: Ahead,
    limit: float,
    mode: Mode,
    *,
    write: Callable[[float | None], str],
    reached: datetime | None = None,
    height: int = 250,
) -> Drawing:
    """What was spent as a line to now, the pace as a dashed one from there, its interval as a band.

    Args:
        spent: the sum at each moment, oldest first; the last is now. At least one.
        ahead: where it leads to.
        limit: drawn across the whole period.
        mode: the theme.
        write: an amount in words.
        reached: when the dashed line comes to the limit; marked.
        height: in pixels.
    """
    shades = theme.palette(mode)
    start, (now, gone) = spent[0][0], spent[-1]
    top = max(limit, gone, ahead.value or 0.0)
    form = "%H:%M" if ahead.end - start <= timedelta(days=1) else "%-d %b"
    drawn = figure(
        mode,
        height=height,
        xaxis={
            "type": "date",
            "title": {"text": "UTC", "standoff": 4},
            "tickformat": form,
            "range": [start, ahead.end],
            "nticks": 7,
        },
        yaxis={"title": {"text": "USD"}, "tickprefix": "$", "range": [0, top * 1.22 or 1]},
    )
    if ahead.low is not None and ahead.high is not None:
        drawn.add_scatter(
            x=[now, ahead.end, ahead.end, now],
            y=[gone, ahead.low, ahead.high, gone],
            fill="toself",
            mode="lines",
            line={"width": 0},
            fillcolor=faded(shades.accent, 0.2),
            name="95 % interval",
            hoverinfo="skip",
        )
    drawn.add_scatter(
        x=[moment for moment, _ in spent],
        y=[value for _, value in spent],
        mode="lines",
        name="spent",
        line={"color": shades.accent, "width": 2},
        hovertext=[f"<b>spent by</b> {_when(moment)}<br>{write(value)}" for moment, value in spent],
        hoverinfo="text",
    )
    if ahead.value is not None:
        drawn.add_scatter(
            x=[now, ahead.end],
            y=[gone, ahead.value],
            mode="lines",
            name="forecast",
            line={"color": shades.accent, "width": 1.6, "dash": "dash"},
            hovertext=[f"<b>now</b><br>{write(gone)}", _end_told(ahead, write)],
            hoverinfo="text",
        )
    drawn.add_scatter(
        x=[start, ahead.end],
        y=[limit, limit],
        mode="lines",
        name="limit",
        line={"color": shades.bad, "width": 1.4},
        hovertext=[f"<b>limit</b><br>{write(limit)}"] * 2,
        hoverinfo="text",
    )
    if reached is not None:
        drawn.add_scatter(
            x=[reached],
            y=[limit],
            mode="markers",
            name="exhausted",
            marker={"symbol": "diamond", "size": 9, "color": shades.bad},
            hovertext=[f"<b>exhausted</b><br>{_when(reached)}"],
            hoverinfo="text",
        )
    return drawn


def _end_told(ahead: Ahead, write: Callable[[float | None], str]) -> str:
    between = (
        ""
        if ahead.low is None or ahead.high is None
        else f"<br>95 % interval {write(ahead.low)} to {write(ahead.high)}"
    )
    return f"<b>at the end</b>, {_when(ahead.end)}<br>{write(ahead.value)}{between}"


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
