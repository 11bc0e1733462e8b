"""Lanes over one time axis: what lasted as a bar in the lane of its name, what was counted in panels below.

One axis for all, so that what happened at the same time stands above each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from app import units
from app.dashboard import theme
from app.dashboard.charts import unfinished
from app.dashboard.charts.drawing import Drawing, in_the_middle
from app.dashboard.charts.over_time import STEPS, Points, Series, mode_of, point_texts, time_axis, with_gaps
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.theme import Mode
from telemetry.query.overview import Step

Tone: TypeAlias = Literal["bad", "warn", "neutral"]

LANE: Final = 24
"""Pixels a lane."""
PANEL: Final = 130
"""Pixels a panel."""
_GAP: Final = 26
_EDGES: Final = 74
"""Pixels for the legend above and the axis below."""
_WORST_FIRST: Final[tuple[Tone, ...]] = ("bad", "warn", "neutral")
_PATTERN: Final[dict[Tone, str]] = {"bad": "", "warn": "/", "neutral": "."}
_FEW: Final = 3
"""Up to this count an axis says every whole number; it would say halves by itself."""
_THINNEST: Final = 0.004
"""Of the axis: what is shorter is drawn as long as this, or nobody would see it."""
_APART: Final = 60
"""From this many of a kind on, those that would be drawn over each other are one bar, which says how many they are."""


@dataclass(frozen=True, slots=True)
class Lasting:
    """Something that lasted."""

    lane: str
    start: datetime
    end: datetime | None
    """None: it still lasts."""
    kind: str
    """What it is, as the legend says it."""
    tone: Tone
    told: str
    """More of it, for the tooltip."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One row of what was counted or measured over time."""

    unit: str
    """The title of its axis."""
    series: Sequence[Series]
    write: Callable[[float | None], str]
    form: Literal["bars", "lines"]
    share: bool = False
    """The values are 0..1 and the axis says per cent."""


def timeline(
    lasting: Sequence[Lasting],
    panels: Sequence[Panel],
    mode: Mode,
    *,
    step: Step,
    span: tuple[datetime, datetime],
    shaded: tuple[datetime, datetime] | None = None,
) -> Drawing:
    """Lanes on top, one a name, then the panels.

    Args:
        lasting: what lasted; it may begin before ``span`` and end after it.
        panels: from the top down.
        mode: the theme.
        step: what a bar or a point of a panel stands for.
        span: the whole of the axis.
        shaded: a stretch to look at.
    """
    shades = theme.palette(mode)
    lanes = list(dict.fromkeys(sorted(one.lane for one in lasting)))
    lanes_px = LANE * len(lanes) + (_GAP if lanes else 0)
    whole = lanes_px + (PANEL + _GAP) * len(panels) - (_GAP if panels else 0)
    drawn = figure(mode, height=whole + _EDGES, barmode="stack")
    time_axis(drawn, span, step)
    drawn.update_xaxes(anchor="free", position=0)
    top = 1.0
    for number, panel in enumerate(reversed(panels)):
        bottom = number * (PANEL + _GAP) / whole
        _panel(drawn, panel, mode, step, number, (bottom, bottom + PANEL / whole))
    if lanes:
        low = 1 - LANE * len(lanes) / whole
        _lanes(drawn, lasting, lanes, mode, span, len(panels), (low, top))
    if shaded is not None:
        drawn.add_shape(
            type="rect",
            x0=max(shaded[0], span[0]),
            x1=min(shaded[1], span[1]),
            xref="x",
            y0=0,
            y1=1,
            yref="paper",
            fillcolor=faded(shades.bad, 0.1),
            line={"width": 0},
            layer="below",
        )
    drawn.update_layout(
        showlegend=len({trace.get("name") for trace in drawn.traces if trace.get("showlegend") is not False}) > 1
    )
    return drawn


def _lanes(
    drawn: Drawing,
    lasting: Sequence[Lasting],
    lanes: Sequence[str],
    mode: Mode,
    span: tuple[datetime, datetime],
    number: int,
    domain: tuple[float, float],
) -> None:
    axis, shades = _axis(number), theme.palette(mode)
    paint = {"bad": shades.bad, "warn": shades.warn, "neutral": shades.neutral}
    thinnest = (span[1] - span[0]) * _THINNEST
    # The worst last, and so on top, where bars are too short to lie apart.
    for kind in dict.fromkeys(one.kind for one in sorted(lasting, key=lambda one: -_WORST_FIRST.index(one.tone))):
        of_kind = [one for one in lasting if one.kind == kind]
        if len(of_kind) >= _APART:
            of_kind = _joined(of_kind, thinnest, span)
        starts = [max(one.start, span[0]) for one in of_kind]
        ends = [min(one.end or span[1], span[1]) for one in of_kind]
        lengths = [max(end - start, thinnest) for start, end in zip(starts, ends, strict=True)]
        tone = of_kind[0].tone
        drawn.add_bar(
            orientation="h",
            y=[lanes.index(one.lane) for one in of_kind],
            base=starts,
            x=[length.total_seconds() * 1000 for length in lengths],
            width=0.62,
            name=label(kind),
            marker={
                "color": paint[tone],
                "line": {"width": 0},
                "pattern": {
                    "shape": _PATTERN[tone],
                    "fillmode": "overlay",
                    "fgcolor": shades.ground,
                    "size": 5,
                    "solidity": 0.3,
                },
            },
            hovertext=[_lasting_told(one) for one in of_kind],
            hoverinfo="text",
            yaxis=axis,
        )
    drawn.update_layout(
        **{
            axis.replace("y", "yaxis", 1): {
                "domain": list(domain),
                "tickmode": "array",
                "tickvals": list(range(len(lanes))),
                "ticktext": [label(lane, 26) for lane in lanes],
                "range": [len(lanes) - 0.4, -0.6],
                "showgrid": False,
                "fixedrange": True,
                "zeroline": False,
                "ticks": "",
                "ticklabeloverflow": "allow",
                "automargin": True,
                "tickfont": {"size": 11.5, "color": shades.ink},
            }
        }
    )


def _joined(lasting: Sequence[Lasting], thinnest: timedelta, span: tuple[datetime, datetime]) -> list[Lasting]:
    """Those of one kind whose bars would lie over each other as one bar each, from the first start to the last end."""
    runs: dict[str, list[list[Lasting]]] = {}
    drawn_to: dict[str, datetime] = {}
    for one in sorted(lasting, key=lambda one: one.start):
        start = max(one.start, span[0])
        end = max(start + thinnest, min(one.end or span[1], span[1]))
        of_lane = runs.setdefault(one.lane, [])
        if of_lane and start <= drawn_to[one.lane]:
            of_lane[-1].append(one)
            drawn_to[one.lane] = max(drawn_to[one.lane], end)
        else:
            of_lane.append([one])
            drawn_to[one.lane] = end
    return [run[0] if len(run) == 1 else _one_of(run) for of_lane in runs.values() for run in of_lane]


def _one_of(run: Sequence[Lasting]) -> Lasting:
    first, last = run[0], max(run, key=lambda one: one.start)
    ends = [one.end for one in run if one.end is not None]
    told = f"{len(run)} times, too close to be drawn apart: look at a shorter period. The last: {last.told}"
    return replace(first, end=max(ends) if len(ends) == len(run) else None, told=told)


def _panel(drawn: Drawing, panel: Panel, mode: Mode, step: Step, number: int, domain: tuple[float, float]) -> None:
    axis, width, now = _axis(number), STEPS[step], unfinished.clock(None)
    for one in panel.series:
        points = _known(one.points) if panel.form == "bars" else with_gaps(one.points, step)
        starts = [at for at, _ in points]
        shared = {
            "x": [at + width / 2 for at, _ in points],
            "meta": in_the_middle(width),
            "y": [value for _, value in points],
            "name": label(one.name),
            "hovertext": point_texts(one.name, points, step, panel.write, now),
            "hoverinfo": "text",
            "yaxis": axis,
        }
        if panel.form == "bars":
            drawn.add_bar(
                **shared,
                width=width.total_seconds() * 780,
                marker={
                    "color": one.colour,
                    "line": {"width": 0},
                    "pattern": unfinished.hatched(starts, width, now),
                },
            )
        else:
            line = {
                **shared,
                "mode": mode_of(points),
                "connectgaps": False,
                "line": {"color": one.colour, "width": 1.7},
                "marker": {"size": 3.5, "color": one.colour},
            }
            unfinished.add_line(drawn, line, starts, width, now)
    below = theme.layout(mode, height=1)["yaxis"]
    highest = max((value for one in panel.series for _, value in one.points if value is not None), default=0.0)
    drawn.update_layout(
        **{
            axis.replace("y", "yaxis", 1): {
                **below,
                "domain": list(domain),
                "title": {**below["title"], "text": panel.unit},
                "rangemode": "tozero",
                "nticks": 4,
                **({"tickformat": ".0%" if highest > 0.05 else ".1%"} if panel.share else {}),
                **({"range": [0, 1]} if highest == 0 else {}),
                **({"dtick": 1} if panel.form == "bars" and highest <= _FEW else {}),
            }
        }
    )


def _axis(number: int) -> str:
    return "y" if number == 0 else f"y{number + 1}"


def _known(points: Points) -> list[tuple[datetime, float]]:
    return [(at, value) for at, value in points if value is not None]


def _lasting_told(one: Lasting) -> str:
    end = "still" if one.end is None else f"{one.end:%Y-%m-%d %H:%M:%S} UTC"
    took = "" if one.end is None else f" ({_length(one.end - one.start)})"
    more = f"<br>{label(one.told, 160)}" if one.told else ""
    return f"<b>{label(one.lane)}</b>: {label(one.kind)}<br>{one.start:%Y-%m-%d %H:%M:%S} to {end}{took}{more}"


def _length(lasted: timedelta) -> str:
    return units.duration(lasted.total_seconds() * 1000)
