"""What another threshold would have come to: the share that goes on, and what requests cost, at every threshold.

Between two hundredths a curve is level: no score lies there that is told apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from app import units
from app.dashboard import theme
from app.dashboard.charts import summary
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import faded, figure
from app.dashboard.theme import Mode
from telemetry.query.what_if import Outcome, WhatIf


def rate_by_threshold(what_if: WhatIf, looked_at: float, mode: Mode) -> Drawing:
    """The share of requests that go on, at every threshold, in its interval."""
    shades = theme.palette(mode)
    drawn = _by_threshold(mode, unit="of requests", share=True)
    points = what_if.points
    x = [point.threshold for point in points]
    _band(drawn, x, [p.escalated.low for p in points], [p.escalated.high for p in points], shades.accent)
    drawn.add_scatter(
        x=x,
        y=[point.escalated.share for point in points],
        mode="lines",
        line={"color": shades.accent, "width": 1.8, "shape": "vh"},
        name="share of requests",
        hovertext=[_rate_told(point) for point in points],
        hoverinfo="text",
    )
    mark_thresholds(drawn, [threshold for threshold, _ in what_if.thresholds], looked_at, shades)
    here = points[round(looked_at * (len(points) - 1))]
    _spot(drawn, looked_at, here.escalated.share, shades)
    top = max((point.escalated.share or 0.0 for point in points), default=0.0)
    drawn.update_yaxes(range=[0, min(max(top * 1.3, 0.01), 1.02)])
    drawn.told = _in_words(what_if, looked_at, [units.share(point.escalated.share) for point in points])
    return drawn


def cost_by_threshold(what_if: WhatIf, looked_at: float, mode: Mode) -> Drawing:
    """What a thousand requests cost, at every threshold; the band is where part of it is an estimate."""
    shades = theme.palette(mode)
    drawn = _by_threshold(mode, unit="USD per 1,000 requests", share=False)
    points = what_if.points
    x = [point.threshold for point in points]

    def dollars(nano: int | None) -> float | None:
        return None if nano is None or not what_if.costed else nano / units.NANO / what_if.costed * 1000

    lows, highs = [dollars(p.low_nano) for p in points], [dollars(p.high_nano) for p in points]
    _band(drawn, x, lows, highs, shades.accent)
    costs = [dollars(point.cost_nano) for point in points]
    drawn.add_scatter(
        x=x,
        y=costs,
        mode="lines",
        line={"color": shades.accent, "width": 1.8, "shape": "vh"},
        name="cost",
        hovertext=[
            f"<b>threshold {point.threshold:.2f}</b><br>{units.usd(cost)} per 1,000 requests"
            + (f"<br>95 % interval {units.usd(low)} to {units.usd(high)}" if low != high else "<br>all of it known")
            for point, cost, low, high in zip(points, costs, lows, highs, strict=True)
        ],
        hoverinfo="text",
    )
    mark_thresholds(drawn, [threshold for threshold, _ in what_if.thresholds], looked_at, shades)
    _spot(drawn, looked_at, costs[round(looked_at * (len(points) - 1))], shades)
    top = max((one for one in highs if one is not None), default=0.0)
    drawn.update_yaxes(range=[0, top * 1.15 or 1], tickprefix="$")
    drawn.told = _in_words(what_if, looked_at, [units.usd(cost) for cost in costs])
    return drawn


def _by_threshold(mode: Mode, *, unit: str, share: bool) -> Drawing:
    drawn = figure(
        mode,
        height=270,
        xaxis={"title": {"text": "threshold"}, "range": [-0.02, 1.03], "tickvals": [0, 0.25, 0.5, 0.75, 1]},
        yaxis={"title": {"text": unit}},
        showlegend=False,
    )
    if share:
        drawn.update_yaxes(tickformat=".0%")
    return drawn


def _in_words(what_if: WhatIf, looked_at: float, values: Sequence[str]) -> str:
    """The values at both ends, at the thresholds in force and at the one that is looked at."""
    in_force = {threshold for threshold, _ in what_if.thresholds}
    last = len(values) - 1
    return summary.listed(
        [
            (f"threshold {at:.2f}{' (in force)' if at in in_force else ''}", values[round(at * last)])
            for at in sorted({0.0, looked_at, 1.0, *in_force})
        ]
    )


def _rate_told(point: Outcome) -> str:
    return (
        f"<b>threshold {point.threshold:.2f}</b><br>{units.share(point.escalated.share)} of requests<br>"
        f"95 % interval {units.share(point.escalated.low)} to {units.share(point.escalated.high)}<br>"
        f"{units.count(point.escalated.part)} of {units.count(point.escalated.n)}"
    )


def _band(
    drawn: Drawing,
    x: Sequence[float | None],
    low: Sequence[float | None],
    high: Sequence[float | None],
    colour: str,
) -> None:
    for ends, fill in ((low, None), (high, "tonexty")):
        drawn.add_scatter(
            x=x,
            y=ends,
            mode="lines",
            fill=fill,
            fillcolor=faded(colour, 0.14),
            line={"width": 0, "shape": "vh"},
            hoverinfo="skip",
            name="95 % interval",
        )


def _spot(drawn: Drawing, x: float, y: float | None, shades: theme.Palette) -> None:
    if y is None:
        return
    drawn.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker={"size": 9, "color": shades.accent, "line": {"color": shades.ground, "width": 2}},
        hoverinfo="skip",
        name="looked at",
        cliponaxis=False,
    )


def mark_thresholds(drawn: Drawing, in_force: Sequence[float], looked_at: float | None, shades: theme.Palette) -> None:
    """Lines through a whole chart of scores: full where thresholds are in force, dashed where one is looked at."""
    for threshold in sorted(set(in_force)):
        drawn.add_shape(
            type="line",
            xref="x",
            yref="paper",
            x0=threshold,
            x1=threshold,
            y0=0,
            y1=1,
            line={"color": shades.ink, "width": 1.2},
        )
    if looked_at is not None and looked_at not in in_force:
        drawn.add_shape(
            type="line",
            xref="x",
            yref="paper",
            x0=looked_at,
            x1=looked_at,
            y0=0,
            y1=1,
            line={"color": shades.accent, "width": 1.4, "dash": "dash"},
        )
