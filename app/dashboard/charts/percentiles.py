"""One percentile over time, a line each model. A point of too few calls to have that percentile is hollow.

Where points crowd they are not drawn: a line most of whose points are of too few calls is pale.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import units
from app.dashboard import theme
from app.dashboard.charts import over_time
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.over_time import STEPS, Mark, Series
from app.dashboard.charts.style import faded, label
from app.dashboard.theme import Mode
from telemetry.query.overview import Step


@dataclass(frozen=True, slots=True)
class Measured:
    """A percentile of one step, in milliseconds, and of how many."""

    start: datetime
    ms: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Line:
    """One model."""

    name: str
    points: Sequence[Measured]
    colour: str
    before: Sequence[Measured] = ()
    """The same of the period before, at its own moments."""


def needed(share: float) -> int:
    """How many calls there must be for a percentile to be anything but the slowest of them: 100 for 0.99."""
    return math.ceil(round(1 / (1 - share), 9))


def lines(
    models: Sequence[Line],
    mode: Mode,
    *,
    share: float,
    step: Step,
    span: tuple[datetime, datetime] | None = None,
    shift: timedelta = timedelta(0),
    marks: Sequence[Mark] = (),
    height: int = 300,
) -> Drawing:
    """Seconds over time; every tooltip says n.

    Args:
        models: in the order of the legend.
        mode: the theme.
        share: which percentile, 0..1.
        step: what a point stands for.
        span: the whole period.
        shift: from a moment of the period before to the one of this period that stands for it.
        marks: what happened meanwhile.
        height: in pixels.
    """
    drawn = over_time.lines(
        [Series(one.name, _seconds(one.points), one.colour, _seconds(one.before)) for one in models],
        mode,
        step=step,
        unit="seconds",
        write=_write,
        span=span,
        shift=shift,
        marks=marks,
        height=height,
    )
    few, ground = needed(share), theme.palette(mode).ground
    # A model's own line, and the end of it that is not over, have its name; the period before has another one.
    by_name = {label(one.name): one for one in models}
    for trace in drawn.traces:
        one = by_name.get(trace["name"])
        if one is None or trace["mode"] == "markers":
            continue
        counts = {point.start + STEPS[step] / 2: point.n for point in one.points}
        found = [counts.get(moment, 0) for moment in trace["x"]]
        trace["hovertext"] = [
            text if n == 0 else f"{text}<br>n = {units.count(n)}{'' if n >= few else ': too few, the slowest call'}"
            for text, n in zip(trace["hovertext"], found, strict=True)
        ]
        if trace["line"].get("dash") is None and trace["mode"] == "lines+markers":
            trace["marker"] |= {
                "color": [one.colour if n >= few else ground for n in found],
                "line": {"color": one.colour, "width": 1.2},
            }
        elif 2 * sum(n < few for n in found) > len(found):
            trace["line"]["color"] = faded(one.colour, 0.45)
    return drawn


def _seconds(points: Sequence[Measured]) -> list[tuple[datetime, float | None]]:
    return [(point.start, None if point.ms is None else point.ms / 1000) for point in points]


def _write(seconds: float | None) -> str:
    return units.duration(None if seconds is None else seconds * 1000)
