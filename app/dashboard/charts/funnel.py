"""How far requests had to go: a bar each step, parted by what was answered there and what went on."""

from __future__ import annotations

from collections.abc import Sequence

from app import units
from app.dashboard import theme
from app.dashboard.charts import summary
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.theme import Mode
from telemetry.query.funnel import Stage

ROW = 58
"""Pixels a step."""


def step_name(stage: Stage) -> str:
    """What a step is called."""
    if stage.kind == "model":
        return stage.tier or "models"
    return {"tool": "tools", "cache": "cache"}.get(stage.kind, stage.kind)


def funnel(requests: int, stages: Sequence[Stage], mode: Mode) -> Drawing:
    """All requests on top, then the steps in order; what stands at the end of each is told in words.

    Args:
        requests: all of the filter, whether anything was tried or not.
        stages: see `telemetry.query.funnel`.
        mode: the theme.
    """
    shades = theme.palette(mode)
    places = list(range(len(stages) + 1))
    longest = max([requests, *(stage.tried for stage in stages)], default=0) or 1
    drawn = figure(
        mode,
        height=70 + ROW * len(places),
        barmode="stack",
        bargap=0.52,
        xaxis={"title": {"text": "requests, and answers asked for"}, "showgrid": True, "range": [0, longest * 1.02]},
        yaxis={
            "tickmode": "array",
            "tickvals": places,
            "ticktext": ["all requests", *(label(step_name(stage), 24) for stage in stages)],
            "range": [len(places) - 0.4, -0.75],
            "showgrid": False,
            "tickfont": {"size": 12, "color": shades.ink},
        },
    )
    parts = (
        ("requests", [requests, *(0 for _ in stages)], faded(shades.neutral, 0.55)),
        ("answered here", [0, *(stage.accepted.part for stage in stages)], shades.accent),
        ("not good enough", [0, *(stage.rejected for stage in stages)], shades.warn),
        ("failed", [0, *(_failed(stage) for stage in stages)], shades.bad),
    )
    told = [f"<b>all requests</b><br>{units.count(requests)}", *(_told(stage, requests) for stage in stages)]
    for name, lengths, colour in parts:
        drawn.add_bar(
            orientation="h",
            y=places,
            x=lengths,
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertext=told,
            hoverinfo="text",
            showlegend=name != "requests",
        )
    for place, text in enumerate([units.count(requests), *(_summary(stage, requests) for stage in stages)]):
        drawn.add_annotation(
            x=0,
            y=place,
            yshift=21,
            xanchor="left",
            showarrow=False,
            text=text,
            font={"size": 11.5, "color": shades.muted},
        )
    drawn.told = f"{units.plural(requests, 'request')}. " + summary.listed(
        [(step_name(stage), _summary(stage, requests)) for stage in stages]
    )
    return drawn


def _failed(stage: Stage) -> int:
    """Of those that were tried; an attempt that was retried is none of them."""
    return max(stage.tried - stage.accepted.part - stage.rejected, 0)


def _summary(stage: Stage, requests: int) -> str:
    share = units.share(stage.tried / requests if requests else None)
    each = None if stage.cost_nano is None or not stage.tried else round(stage.cost_nano / stage.tried)
    cost = "no cost" if stage.cost_nano == 0 else f"{units.nano_usd(stage.cost_nano)}, {units.nano_usd(each)} each"
    return f"{units.count(stage.tried)} ({share}); {units.share(stage.accepted.share)} answered here; {cost}"


def _told(stage: Stage, requests: int) -> str:
    lines = [
        f"<b>{label(step_name(stage))}</b>",
        f"{units.count(stage.tried)} answers asked for, {units.share(stage.tried / requests if requests else None)} of "
        f"{units.count(requests)} requests",
        f"answered here: {units.count(stage.accepted.part)}, {units.share(stage.accepted.share)} "
        f"({units.share(stage.accepted.low)} to {units.share(stage.accepted.high)})",
        f"not good enough: {units.count(stage.rejected)}",
        f"failed: {units.count(_failed(stage))}; retries: {units.count(stage.retries)}",
        f"cost: {units.nano_usd(stage.cost_nano)}"
        + (f"; {units.count(stage.cost_unknown)} of unknown cost" if stage.cost_unknown else ""),
    ]
    return "<br>".join(lines)
