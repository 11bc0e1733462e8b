"""Scores by who was scored, and where the threshold stands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app import units
from app.dashboard import theme
from app.dashboard.charts.drawing import Drawing
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.charts.thresholds import mark_thresholds
from app.dashboard.theme import Mode

ROW = 92
"""Pixels a model."""
BIN = 5
"""Hundredths a bar."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The scores of one model's answers by one validator."""

    model: str
    histogram: Mapping[int, int]
    """Number of scores by hundredths, 0 to 100, the last for 1 alone."""


def distribution(
    rows: Sequence[Scored], in_force: Sequence[float], looked_at: float | None, mode: Mode, colours: Mapping[str, str]
) -> Drawing:
    """A histogram each model, below one another; bars below every threshold in force are pale.

    Args:
        rows: from the top down.
        in_force: the thresholds that were, drawn through all of them.
        looked_at: another one, drawn in the accent's colour.
        mode: the theme.
        colours: by model.
    """
    shades = theme.palette(mode)
    drawn = figure(mode, height=66 + ROW * max(len(rows), 1), barmode="overlay", showlegend=False, bargap=0.0)
    gap = 0.16 / max(len(rows), 1)
    for number, row in enumerate(rows):
        binned = bins(row.histogram)
        colour = colours.get(row.model, shades.neutral)
        axis = "y" if number == 0 else f"y{number + 1}"
        drawn.add_bar(
            x=[(low + min(low + BIN, 101)) / 200 for low in binned],
            y=list(binned.values()),
            width=[0.042 if low < 100 else 0.012 for low in binned],
            yaxis=axis,
            name=label(row.model),
            marker={
                "color": [
                    colour if not in_force or low / 100 >= min(in_force) - 1e-9 else faded(colour, 0.45)
                    for low in binned
                ],
                "line": {"width": 0},
            },
            hovertext=[
                f"<b>{label(row.model)}</b><br>{_between(low)}<br>{units.count(number)} scores, "
                f"{units.share(number / sum(binned.values()))}"
                for low, number in binned.items()
            ],
            hoverinfo="text",
        )
        top, bottom = 1 - number / len(rows), 1 - (number + 1) / len(rows)
        most = max(binned.values(), default=1)
        drawn.looks["yaxis" if number == 0 else f"yaxis{number + 1}"] = {
            **_axis(shades),
            "domain": [bottom + gap / 2, top - gap],
            "anchor": "x",
            # Most answers get the same score: on a linear axis the few that matter would not be seen.
            "type": "log",
            "range": [math.log10(0.6), math.log10(max(most, 2)) + 0.25],
            "tickvals": _ticks(most),
            "ticktext": [units.compact(one) for one in _ticks(most)],
        }
        drawn.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            y=top - gap,
            yref="paper",
            yanchor="bottom",
            showarrow=False,
            text=f"{label(row.model, 30)}, {units.plural(sum(row.histogram.values()), 'score')}",
            font={"size": 11.5, "color": shades.ink},
        )
    drawn.update_xaxes(
        range=[-0.02, 1.03],
        title={"text": "score; the bars' height is logarithmic"},
        tickvals=[0, 0.25, 0.5, 0.75, 1],
        anchor="free" if len(rows) > 1 else "y",
        position=0 if len(rows) > 1 else None,
        showgrid=False,
    )
    mark_thresholds(drawn, in_force, looked_at, shades)
    return drawn


def bins(histogram: Mapping[int, int]) -> dict[int, int]:
    """Hundredths put together by `BIN`; 100 stays alone, since a full score is no score like others."""
    found: dict[int, int] = {}
    for bucket, number in sorted(histogram.items()):
        low = 100 if bucket >= 100 else bucket // BIN * BIN
        found[low] = found.get(low, 0) + number
    return found


def _axis(shades: theme.Palette) -> dict[str, object]:
    return {
        "gridcolor": shades.grid,
        "zeroline": False,
        "tickfont": {"size": 10, "color": shades.muted},
        "automargin": True,
        "fixedrange": True,
    }


def _ticks(most: int) -> list[int]:
    return [10**power for power in range(len(str(most)))]


def _between(low: int) -> str:
    return "a score of 1" if low >= 100 else f"{low / 100:.2f} to {(low + BIN) / 100:.2f}"
