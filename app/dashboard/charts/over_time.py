"""What changed over time: bars for what is counted, lines for what is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from app import units
from app.dashboard import theme
from app.dashboard.charts import summary, unfinished
from app.dashboard.charts.drawing import Drawing, in_the_middle
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.theme import Mode
from telemetry.query.overview import Step

Points: TypeAlias = Sequence[tuple[datetime, float | None]]

CROWDED: Final = 45
"""Values of a line from which on its points are not drawn: they would touch, and each is a shape of its own to draw."""
STEPS: dict[Step, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Series:
    """One named line or stack. A point whose value is None, and a step without a point, is a gap."""

    name: str
    points: Points
    colour: str
    before: Points = ()
    """The same of the period before, at its own moments; drawn ``shift`` later."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, drawn across a chart: a new policy, a new price, an incident."""

    at: datetime
    text: str
    """What happened, as the tooltip says it."""
    tone: Literal["neutral", "warn", "bad"] = "neutral"


def bars(
    series: Sequence[Series],
    mode: Mode,
    *,
    step: Step,
    unit: str,
    write: Callable[[float | None], str],
    span: tuple[datetime, datetime] | None = None,
    shift: timedelta = timedelta(0),
    marks: Sequence[Mark] = (),
    tick_prefix: str = "",
    height: int = 260,
    now: datetime | None = None,
) -> Drawing:
    """Stacked bars, one a step; what the period before had in all is a dotted line.

    Args:
        series: one colour of the stack each, from the bottom up.
        mode: the theme.
        step: what a bar stands for.
        unit: the axis title.
        write: gives the tooltip's exact value.
        span: the whole period, so that steps without data are seen as empty.
        shift: from a moment of the period before to the one of this period that stands for it.
        marks: what happened meanwhile.
        tick_prefix: before each number of the axis.
        height: in pixels.
        now: a step that is not over then is hatched; by default the present moment.
    """
    drawn = figure(
        mode,
        height=height,
        barmode="stack",
        yaxis={"title": {"text": unit}, "tickprefix": tick_prefix, "rangemode": "tozero"},
    )
    width, now = STEPS[step], unfinished.clock(now)
    for one in series:
        points = [(moment, value) for moment, value in one.points if value is not None]
        drawn.add_bar(
            x=[moment + width / 2 for moment, _ in points],
            meta=in_the_middle(width),
            y=[value for _, value in points],
            width=width.total_seconds() * 1000 * 0.78,
            name=label(one.name),
            marker={
                "color": one.colour,
                "line": {"width": 0},
                "pattern": unfinished.hatched([moment for moment, _ in points], width, now),
            },
            hovertext=point_texts(one.name, points, step, write, now),
            hoverinfo="text",
        )
    sums: dict[datetime, float] = {}
    for moment, value in (point for one in series for point in one.before):
        sums[moment] = sums.get(moment, 0.0) + (value or 0.0)
    if sums:
        _before(drawn, "period before", sorted(sums.items()), theme.palette(mode).muted, step, write, shift)
    time_axis(drawn, span, step)
    draw_marks(drawn, marks, mode)
    drawn.update_layout(showlegend=len(series) > 1 or bool(sums))
    whole = sum(sums.values()) if sums else None
    drawn.told = _summary(series, step=step, unit=unit, write=write, now=now, counted=True, before=whole)
    return drawn


def lines(
    series: Sequence[Series],
    mode: Mode,
    *,
    step: Step,
    unit: str,
    write: Callable[[float | None], str],
    span: tuple[datetime, datetime] | None = None,
    shift: timedelta = timedelta(0),
    marks: Sequence[Mark] = (),
    share: bool = False,
    height: int = 260,
    now: datetime | None = None,
) -> Drawing:
    """Straight lines that break where a step has no value; the period before is dotted, in the same colour.

    ``share``: the values are 0..1 and the axis says per cent. A step that is not over is a hollow point at the end of
    dashes. The rest as for `bars`.
    """
    drawn = figure(mode, height=height, yaxis={"title": {"text": unit}, "rangemode": "tozero"})
    if share:
        drawn.update_yaxes(tickformat=".0%" if _highest(series) > 0.05 else ".1%")
    width, now = STEPS[step], unfinished.clock(now)
    for one in series:
        if one.before:
            _before(drawn, f"{one.name}, period before", one.before, faded(one.colour, 0.6), step, write, shift)
        points = with_gaps(one.points, step)
        line = {
            "x": [moment + width / 2 for moment, _ in points],
            "meta": in_the_middle(width),
            "y": [value for _, value in points],
            "mode": mode_of(points),
            "connectgaps": False,
            "name": label(one.name),
            "line": {"color": one.colour, "width": 1.8, "shape": "linear"},
            "marker": {"size": 4, "color": one.colour},
            "hovertext": point_texts(one.name, points, step, write, now),
            "hoverinfo": "text",
        }
        unfinished.add_line(drawn, line, [moment for moment, _ in points], width, now)
    time_axis(drawn, span, step)
    draw_marks(drawn, marks, mode)
    drawn.update_layout(showlegend=len({trace["name"] for trace in drawn.traces}) > 1)
    drawn.told = _summary(series, step=step, unit=unit, write=write, now=now, counted=False)
    return drawn


def point_texts(
    name: str, points: Points, step: Step, write: Callable[[float | None], str], now: datetime
) -> list[str]:
    """The tooltip of each point: whose it is, when, and its value."""
    width = STEPS[step]
    return [
        f"<b>{label(name)}</b><br>{moment_told(moment, step)}<br>{write(value)}{unfinished.told(moment, width, now)}"
        for moment, value in points
    ]


def _summary(
    series: Sequence[Series],
    *,
    step: Step,
    unit: str,
    write: Callable[[float | None], str],
    now: datetime,
    counted: bool,
    before: float | None = None,
) -> str:
    starts = [moment for one in series for moment, _ in one.points]
    return summary.over_time(
        {one.name: one.points for one in series},
        step=step,
        unit=unit,
        write=write,
        counted=counted,
        open_from=min((moment for moment in starts if unfinished.is_open(moment, STEPS[step], now)), default=None),
        before=before,
    )


def mode_of(points: Points) -> Literal["lines", "lines+markers"]:
    """How Plotly draws a line `with_gaps`: with its points, unless they crowd. A lone value is all point."""
    known = [False, *(value is not None for _, value in points), False]
    lone = any(known[i] and not known[i - 1] and not known[i + 1] for i in range(1, len(known) - 1))
    return "lines+markers" if lone or sum(known) <= CROWDED else "lines"


def with_gaps(points: Points, step: Step) -> list[tuple[datetime, float | None]]:
    """The points with a None for each run of missing steps between two of them."""
    filled: list[tuple[datetime, float | None]] = []
    for moment, value in sorted(points):
        if filled and moment - filled[-1][0] > STEPS[step]:
            filled.append((filled[-1][0] + STEPS[step], None))
        filled.append((moment, value))
    return filled


def course(points: Points, step: Step, *, idle: float | None = None) -> list[float | None]:
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


def _before(
    drawn: Drawing,
    name: str,
    points: Points,
    colour: str,
    step: Step,
    write: Callable[[float | None], str],
    shift: timedelta,
) -> None:
    known = with_gaps(points, step)
    drawn.add_scatter(
        x=[moment + shift + STEPS[step] / 2 for moment, _ in known],
        meta=in_the_middle(STEPS[step]),
        y=[value for _, value in known],
        mode="lines",
        connectgaps=False,
        name=label(name),
        line={"color": colour, "width": 1.4, "dash": "dot"},
        hovertext=[f"<b>{label(name)}</b><br>{moment_told(moment, step)}<br>{write(value)}" for moment, value in known],
        hoverinfo="text",
    )


def draw_marks(drawn: Drawing, marks: Sequence[Mark], mode: Mode) -> None:
    """A thin line each, and a small diamond on top of it that tells what happened when it is pointed at."""
    if not marks:
        return
    shades = theme.palette(mode)
    colours = {"neutral": shades.muted, "warn": shades.warn, "bad": shades.bad}
    upright(drawn, [(mark.at, colours[mark.tone]) for mark in marks])
    drawn.add_scatter(
        x=[mark.at for mark in marks],
        y=[1.0] * len(marks),
        yaxis="y2",
        mode="markers",
        cliponaxis=False,
        marker={"symbol": "diamond", "size": 8, "color": [colours[mark.tone] for mark in marks]},
        hovertext=[f"{label(mark.text, 160)}<br>{mark.at:%Y-%m-%d %H:%M} UTC" for mark in marks],
        hoverinfo="text",
        name="what happened",
        showlegend=False,
    )
    drawn.update_layout(
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True, "showgrid": False}
    )


def upright(drawn: Drawing, at: Sequence[tuple[datetime, str]]) -> None:
    """Draw dotted lines from bottom to top, each at its moment and in its colour."""
    added = [
        {
            "type": "line",
            "xref": "x",
            "x0": moment,
            "x1": moment,
            "yref": "y domain",
            "y0": 0,
            "y1": 1,
            "line": {"color": colour, "width": 1, "dash": "dot"},
            "layer": "below",
        }
        for moment, colour in at
    ]
    drawn.update_layout(shapes=[*drawn.looks.get("shapes", ()), *added])


def _highest(series: Sequence[Series]) -> float:
    return max((value for one in series for _, value in one.points if value is not None), default=0.0)


def time_axis(drawn: Drawing, span: tuple[datetime, datetime] | None, step: Step) -> None:
    """Make the horizontal axis one of time: UTC, the whole of ``span``, days or hours."""
    form = "%H:%M" if step == "hour" else "%-d %b"
    drawn.update_xaxes(type="date", tickformat=form, nticks=8, title={"text": "UTC", "standoff": 4})
    if span is not None:
        drawn.update_xaxes(range=[span[0], span[1]])


@lru_cache(maxsize=4096)
def moment_told(moment: datetime, step: Step) -> str:
    """A step in words: ``Wed 4 Mar 2026 (UTC day)``, ``Wed 4 Mar 2026, 13:00 UTC``."""
    return (
        f"{moment:%a} {units.day(moment)}, {moment:%H:%M} UTC"
        if step == "hour"
        else f"{moment:%a} {units.day(moment)} (UTC day)"
    )
