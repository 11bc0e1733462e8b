"""A share over time in the band that it may be in: wide where few requests were counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app import units
from app.dashboard.charts import over_time, unfinished
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.over_time import STEPS, Mark, Series, moment_told
from app.dashboard.charts.style import faded, label
from app.dashboard.theme import Mode
from telemetry.query.overview import Step
from telemetry.query.proportion import Proportion


@dataclass(frozen=True, slots=True)
class Rate:
    """The share of one step."""

    start: datetime
    share: Proportion


def rate(
    name: str,
    points: Sequence[Rate],
    mode: Mode,
    colour: str,
    *,
    step: Step,
    span: tuple[datetime, datetime] | None = None,
    before: Sequence[Rate] = (),
    shift: timedelta = timedelta(0),
    marks: Sequence[Mark] = (),
    height: int = 300,
    now: datetime | None = None,
) -> Drawing:
    """One line with its intervals; the period before is dotted, without a band.

    Args:
        name: what is a share of the requests.
        points: a step each; a step without requests is a gap.
        mode: the theme.
        colour: of the line.
        step: what a point stands for.
        span: the whole period.
        before: the same of the period before, at its own moments.
        shift: from a moment of the period before to the one of this period that stands for it.
        marks: what happened meanwhile.
        height: in pixels.
        now: a step that is not over then is drawn apart; by default the present moment.
    """
    drawn = over_time.lines(
        [
            Series(
                name,
                [(one.start, one.share.share) for one in points],
                colour,
                [(one.start, one.share.share) for one in before],
            )
        ],
        mode,
        step=step,
        unit="of requests",
        write=units.share,
        span=span,
        shift=shift,
        marks=marks,
        share=True,
        height=height,
        now=now,
    )
    now = unfinished.clock(now)
    told = {one.start + STEPS[step] / 2: _told(name, one, step, now) for one in points}
    for trace in drawn.traces:
        if trace["name"] == label(name):
            trace["hovertext"] = [told.get(moment, "") for moment in trace["x"]]
    lines = len(drawn.traces)
    for run in runs(points, step):
        _band(drawn, run, colour, step)
    # Below the lines: what was added last is drawn on top otherwise.
    drawn.traces[:] = [*drawn.traces[lines:], *drawn.traces[:lines]]
    highest = max((one.share.share or 0.0 for one in (*points, *before)), default=0.0)
    # A step of two requests has a band up to the ceiling; it must not press all others to the floor.
    drawn.update_yaxes(range=[0, min(max(highest * 1.35, 0.01), 1.02)])
    return drawn


def runs(points: Sequence[Rate], step: Step) -> list[list[Rate]]:
    """The points whose share is known, parted where a step is missing."""
    found: list[list[Rate]] = []
    for one in sorted((one for one in points if one.share.share is not None), key=lambda one: one.start):
        if found and one.start - found[-1][-1].start <= STEPS[step]:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _band(drawn: Drawing, run: Sequence[Rate], colour: str, step: Step) -> None:
    moments = [one.start + STEPS[step] / 2 for one in run]
    low, high = [one.share.low for one in run], [one.share.high for one in run]
    drawn.add_scatter(
        x=[*moments, *reversed(moments)],
        y=[*high, *reversed(low)],
        mode="lines",
        fill="toself",
        fillcolor=faded(colour, 0.14),
        # A step that stands alone has no area; its interval is a hair.
        line={"width": 1 if len(run) == 1 else 0, "color": faded(colour, 0.5)},
        hoverinfo="skip",
        showlegend=False,
        name="95 % interval",
    )


def _told(name: str, one: Rate, step: Step, now: datetime) -> str:
    lines = [f"<b>{label(name)}</b>", moment_told(one.start, step)]
    lines.append(f"{units.share(one.share.share)}{unfinished.told(one.start, STEPS[step], now)}")
    if one.share.low is not None:
        lines.append(f"95 % interval {units.share(one.share.low)} to {units.share(one.share.high)}")
    lines.append(f"{units.count(one.share.part)} of {units.count(one.share.n)} requests")
    return "<br>".join(lines)
