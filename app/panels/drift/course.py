"""One metric of a model, week by week, with what happened meanwhile and when it changed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from app import drift_words, units
from app.dashboard import theme
from app.dashboard.charts import style, summary
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.over_time import Mark, draw_marks
from app.dashboard.theme import Mode
from app.panels.drift.weeks import NANO_USD, PLACE, UNIT_SAID
from telemetry.drift.weeks import WEEK, label_of, start_of
from telemetry.query.drift import MetricDrift, MetricWeek

_STATE: Final = {"ok": "steady", "drift": "drifted", "not_enough_data": "not enough data"}


def by_week(
    weeks: Sequence[MetricWeek],
    metric: MetricDrift,
    mode: Mode,
    *,
    chosen: date,
    now: datetime,
    marks: Sequence[Mark] = (),
) -> Drawing:
    """The median of each week, or the share of a category; weeks that drifted are marked, the chosen one is ringed.

    The band is the interval in which the change lies. Nothing is drawn after ``now``.
    """
    shades = theme.palette(mode)
    share = metric.unit == "share"
    scale = 1 / units.NANO if metric.unit == NANO_USD else 1.0
    unit = UNIT_SAID.get(metric.unit, metric.unit)
    of_what = f"share of {style.label(metric.category or '', 24)}" if share else f"median ({unit})"
    drawn = style.figure(mode, height=260, yaxis={"title": {"text": of_what}, "rangemode": "tozero"})
    if share or metric.unit == PLACE:
        drawn.update_yaxes(tickformat=".0%")
    if metric.unit == NANO_USD:
        drawn.update_yaxes(tickprefix="$", exponentformat="none")
    if metric.changed_from is not None and metric.changed_to is not None:
        drawn.add_shape(
            type="rect",
            xref="x",
            x0=metric.changed_from,
            x1=metric.changed_to,
            yref="y domain",
            y0=0,
            y1=1,
            fillcolor=shades.accent,
            opacity=0.14,
            line={"width": 0},
            layer="below",
        )
    drawn.add_scatter(
        x=[middle(one.week, now) for one in weeks],
        y=[None if one.value is None else one.value * scale for one in weeks],
        mode="lines+markers",
        name="week",
        line={"color": shades.accent, "width": 1.8},
        marker={
            "size": [11 if one.week == chosen else 8 for one in weeks],
            "symbol": ["triangle-up" if one.state == "drift" else "circle" for one in weeks],
            "color": [_colour(one, shades.accent, shades.bad, shades.muted) for one in weeks],
            "line": {"width": [2 if one.week == chosen else 0 for one in weeks], "color": shades.ink},
        },
        hovertext=[_told(one, metric) for one in weeks],
        hoverinfo="text",
        showlegend=False,
    )
    draw_marks(drawn, marks, mode)
    drawn.update_xaxes(type="date", tickformat="%-d %b", nticks=8, title={"text": "UTC", "standoff": 4})
    if weeks:
        # Left to itself the axis ends days after the last point, in the future.
        first, last = start_of(weeks[0].week), start_of(weeks[-1].week)
        drawn.update_xaxes(range=[first, max(min(last + WEEK, now), last + WEEK / 7)])
    drawn.told = summary.listed(
        [(label_of(one.week), f"{drift_words.value(metric, one.value)}, {_STATE[one.state]}") for one in weeks]
    )
    return drawn


def middle(week: date, now: datetime) -> datetime:
    """Of a week, or of what has passed of it so far."""
    start = start_of(week)
    return start + max(min(WEEK, now - start), timedelta()) / 2


def when_told(metric: MetricDrift) -> str | None:
    """When it changed, in words; None when that is not known."""
    if metric.changed is None or metric.changed_from is None or metric.changed_to is None:
        return None
    return (
        f"It changed about {metric.changed:%a %Y-%m-%d %H:%M} UTC, 95 % sure between "
        f"{_short(metric.changed_from)} and {_short(metric.changed_to)}."
    )


def _short(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _colour(one: MetricWeek, steady: str, drifted: str, unknown: str) -> str:
    return {"ok": steady, "drift": drifted, "not_enough_data": unknown}[one.state]


def _told(one: MetricWeek, metric: MetricDrift) -> str:
    value = style.label(drift_words.value(metric, one.value))
    return f"{label_of(one.week)}: {value}<br>{_STATE[one.state]}, n = {units.count(one.n)}"
