"""How many of what happened in a step took how long: time across, durations up, the more the stronger."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from app import units
from app.dashboard import theme
from app.dashboard.charts import unfinished
from app.dashboard.charts.drawing import Drawing, in_the_middle
from app.dashboard.charts.over_time import STEPS, Points, mode_of, moment_told, point_texts, time_axis, with_gaps
from app.dashboard.charts.style import faded, figure, label
from app.dashboard.theme import Mode
from telemetry.query.overview import Step
from telemetry.query.speed import HeatCell

HALF_OCTAVE: Final = math.log10(2) / 2
"""Height of a band on the axis, as a logarithm to the base of ten."""
_TICKS_MS: Final = (1, 3, 10, 30, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000)
_STOPS: Final = 9
_UNDER: Final = -1
"""The band of everything under a millisecond, as answers of tools: how far under is no matter. It stands right below
the others, since the octaves between would take most of the axis."""


def heat_map(
    cells: Sequence[HeatCell],
    mode: Mode,
    *,
    step: Step,
    what: str,
    unit: str,
    span: tuple[datetime, datetime] | None = None,
    lines: Mapping[str, Points] | None = None,
    height: int = 340,
) -> Drawing:
    """One square a step and half-octave; an empty one is left open.

    Args:
        cells: the squares that are not empty.
        mode: the theme.
        step: what a column stands for.
        what: is counted, in the plural.
        unit: the title of the axis of durations.
        span: the whole period, so that steps without data are seen as empty.
        lines: percentiles over time in milliseconds, drawn over the squares, by name.
        height: in pixels.
    """
    shades = theme.palette(mode)
    width, now = STEPS[step], unfinished.clock(None)
    columns = _columns(cells, width)
    bands, place = _bands(cells), _places(cells)
    counts: dict[tuple[datetime, int], int] = {}
    totals: dict[datetime, int] = {}
    for cell in cells:
        counts[cell.start, _band(cell)] = counts.get((cell.start, _band(cell)), 0) + cell.n
        totals[cell.start] = totals.get(cell.start, 0) + cell.n
    drawn = figure(mode, height=height, yaxis={"title": {"text": unit}, "showgrid": False, "type": "log"})
    most = max(counts.values(), default=1)
    drawn.add_heatmap(
        x=[start + width / 2 for start in columns],
        meta=in_the_middle(width),
        y=[10 ** place(band) for band in bands],
        # The counts themselves and not their logarithms: they are what the file of numbers holds.
        z=[[counts.get((start, band)) for start in columns] for band in bands],
        zmin=0,
        zmax=most,
        colorscale=_scale(shades, most),
        xgap=1,
        ygap=1,
        name=what,
        hovertext=[[_told(counts, totals, start, band, step, what) for start in columns] for band in bands],
        hoverinfo="text",
        colorbar={
            "title": {"text": what, "font": {"size": 11, "color": shades.muted}, "side": "right"},
            "thickness": 8,
            "outlinewidth": 0,
            "tickfont": {"size": 11, "color": shades.muted},
            "len": 0.96,
            "tickformat": ",d",
        },
    )
    for dash, (name, points) in zip(("solid", "dot", "dash"), (lines or {}).items(), strict=False):
        known = with_gaps([(at, ms) for at, ms in points if ms], step)
        drawn.add_scatter(
            x=[at + width / 2 for at, _ in known],
            meta=in_the_middle(width),
            y=[None if ms is None else max(ms, 10 ** place(_UNDER)) for _, ms in known],
            mode=mode_of(known),
            connectgaps=False,
            name=label(name),
            line={"color": shades.ink, "width": 1.4, "dash": dash},
            marker={"size": 4, "color": shades.ink},
            hovertext=point_texts(name, known, step, units.duration, now),
            hoverinfo="text",
        )
    if bands:
        under = bands[0] == _UNDER
        low, high = place(bands[0]) - HALF_OCTAVE / 2, place(bands[-1]) + HALF_OCTAVE / 2
        ticks = [tick for tick in _TICKS_MS if low + 1.6 * HALF_OCTAVE * under <= math.log10(tick) <= high]
        drawn.update_yaxes(
            range=[low - 0.03, high + 0.03],
            tickmode="array",
            tickvals=[*([10 ** place(_UNDER)] if under else []), *ticks],
            ticktext=[*(["under 1 ms"] if under else []), *map(_tick, ticks)],
        )
    time_axis(drawn, span, step)
    drawn.update_layout(showlegend=bool(lines))
    return drawn


def _columns(cells: Sequence[HeatCell], width: timedelta) -> list[datetime]:
    """Every step from the first to the last: one without requests is an empty column, and makes no other wider."""
    starts = [cell.start for cell in cells]
    return [min(starts) + n * width for n in range((max(starts) - min(starts)) // width + 1)] if starts else []


def _bands(cells: Sequence[HeatCell]) -> list[int]:
    """Every band from the lowest to the highest, so that a gap between them is as high as it is wide."""
    found = {_band(cell) for cell in cells}
    timed = found - {_UNDER}
    between = range(min(timed), max(timed) + 1) if timed else ()
    return [*([_UNDER] if _UNDER in found else []), *between]


def _places(cells: Sequence[HeatCell]) -> Callable[[int], float]:
    """Where the middle of a band is on the axis: the logarithm of milliseconds to the base of ten."""
    lowest = min({_band(cell) for cell in cells} - {_UNDER}, default=0)
    return lambda band: ((lowest - 1 if band == _UNDER else band) + 0.5) * HALF_OCTAVE


def _band(cell: HeatCell) -> int:
    return max(round(math.log10(cell.low_ms) / HALF_OCTAVE), _UNDER)


def _scale(shades: theme.Palette, most: int) -> list[list[object]]:
    """From pale to the accent by the logarithm of the count: one request among thousands is still seen."""
    top = math.log1p(most)
    stops: list[list[object]] = []
    for number in range(_STOPS + 1):
        part = number / _STOPS
        place = math.expm1(part * top) / most
        stops.append([min(max(place, 0.0), 1.0), faded(shades.accent, 0.12 + 0.83 * part)])
    stops[0][0], stops[-1][0] = 0.0, 1.0
    return stops


def _told(
    counts: Mapping[tuple[datetime, int], int],
    totals: Mapping[datetime, int],
    start: datetime,
    band: int,
    step: Step,
    what: str,
) -> str:
    n = counts.get((start, band))
    if n is None:
        return ""
    low, high = (units.duration(10 ** (edge * HALF_OCTAVE)) for edge in (band, band + 1))
    return (
        f"<b>{'under 1 ms' if band == _UNDER else f'{low} to {high}'}</b><br>{moment_told(start, step)}<br>"
        f"{units.count(n)} of {units.count(totals[start])} {what}, {units.share(n / totals[start])}"
    )


def _tick(ms: float) -> str:
    if ms < 1_000:
        return f"{ms:g} ms"
    return f"{ms / 1_000:g} s" if ms < 60_000 else f"{ms / 60_000:g} min"
