"""A reliability diagram: what a score says against what is found, with the line on which both are the same."""

from __future__ import annotations

from app import units
from app.dashboard import theme
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import figure, label
from app.dashboard.theme import Mode
from telemetry.query.calibration import Calibration

SMALLEST, LARGEST = 7.0, 22.0
"""Pixels of a point: its area goes with the number of answers."""


def reliability(one: Calibration, mode: Mode, *, height: int = 320) -> Drawing:
    """Share of good answers by score, a point for each tenth of the scale, each with its interval at 95 %."""
    palette = theme.palette(mode)
    drawn = figure(
        mode,
        height=height,
        showlegend=False,
        xaxis={"title": {"text": "score of the validator"}, "range": [-0.04, 1.04]},
        yaxis={"title": {"text": "good answers"}, "tickformat": ".0%", "range": [-0.04, 1.04]},
    )
    drawn.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": palette.neutral, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        name="as good as it says",
    )
    most = max(bin_.n for bin_ in one.bins)
    drawn.add_scatter(
        x=[bin_.mean_score for bin_ in one.bins],
        y=[bin_.good.share for bin_ in one.bins],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [(bin_.good.high or 0.0) - (bin_.good.share or 0.0) for bin_ in one.bins],
            "arrayminus": [(bin_.good.share or 0.0) - (bin_.good.low or 0.0) for bin_ in one.bins],
            "color": palette.muted,
            "thickness": 1.2,
            "width": 3,
        },
        mode="markers",
        marker={
            "color": palette.accent,
            "size": [SMALLEST + (LARGEST - SMALLEST) * (bin_.n / most) ** 0.5 for bin_ in one.bins],
            "line": {"width": 0},
        },
        name=label(one.validator),
        hovertext=[
            f"<b>{label(one.validator)}</b><br>mean score {units.score(bin_.mean_score)}<br>"
            f"{units.share(bin_.good.share)} good, 95 % interval {units.share(bin_.good.low)} to "
            f"{units.share(bin_.good.high)}<br>n = {units.count(bin_.n)}"
            for bin_ in one.bins
        ],
        hoverinfo="text",
    )
    return drawn
