"""How decisions were kept, minute by minute: what became of them, how long it took, what waited."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from app import units
from app.dashboard import theme
from app.dashboard.charts import summary
from app.dashboard.charts.drawing import Drawing, in_the_middle
from app.dashboard.charts.style import figure
from app.dashboard.theme import Mode, Palette
from telemetry.query.pipeline import MOST_POINTS, PipelinePoint

PARTS: Final[tuple[tuple[str, Callable[[PipelinePoint], int], str], ...]] = (
    ("written at once", lambda point: point.written, "accent"),
    ("through the spool", lambda point: point.spooled, "warn"),
    ("kept aside", lambda point: point.refused, "neutral"),
    ("dropped", lambda point: point.dropped, "bad"),
)
"""What becomes of traces, how many of them, and the colour of it."""
GAP: Final = timedelta(seconds=150)
"""Without a sample for so long nothing is known."""


def width_of(start: datetime, end: datetime) -> timedelta:
    """How long a step of `telemetry.query.pipeline.series` is."""
    minutes = -(-(end - start).total_seconds() // 60)
    return timedelta(minutes=max(1, -(-minutes // MOST_POINTS)))


def kept(points: Sequence[PipelinePoint], mode: Mode, start: datetime, end: datetime) -> Drawing:
    """Stacked bars: decisions a step, by what became of them."""
    shades, width = theme.palette(mode), width_of(start, end)
    drawn = _figure(mode, start, end, unit=f"decisions in {_told(width)}")
    for name, read, colour in PARTS:
        if name != "written at once" and not any(map(read, points)):
            continue
        drawn.add_bar(
            x=[point.start + width / 2 for point in points],
            meta=in_the_middle(width),
            y=[read(point) for point in points],
            width=width.total_seconds() * 1000 * 0.86,
            name=name,
            marker={"color": getattr(shades, colour), "line": {"width": 0}},
            hovertext=[f"<b>{name}</b><br>{_when(point)}<br>{units.count(read(point))} decisions" for point in points],
            hoverinfo="text",
        )
    _whole_numbers(drawn, max((sum(read(point) for _, read, _ in PARTS) for point in points), default=0))
    drawn.told = summary.listed([(name, units.count(sum(map(read, points)))) for name, read, _ in PARTS])
    return drawn


def lag(points: Sequence[PipelinePoint], mode: Mode, start: datetime, end: datetime) -> Drawing:
    """How long after its end a decision was kept: the 95th percentile and the longest, the worst process's."""
    shades = theme.palette(mode)
    drawn = _figure(mode, start, end, unit="milliseconds")
    _line(drawn, points, "longest", lambda point: point.lag_max_ms, shades.neutral, start, end, units.duration)
    _line(drawn, points, "p95", lambda point: point.lag_p95_ms, shades.accent, start, end, units.duration)
    drawn.told = summary.listed(
        [
            ("longest", _in_words(points, lambda point: point.lag_max_ms, units.duration)),
            ("p95", _in_words(points, lambda point: point.lag_p95_ms, units.duration)),
        ]
    )
    return drawn


def waiting(points: Sequence[PipelinePoint], mode: Mode, start: datetime, end: datetime) -> Drawing:
    """The most that one process had in memory, and on its spool."""
    shades: Palette = theme.palette(mode)
    drawn = _figure(mode, start, end, unit="decisions")
    _line(drawn, points, "in memory, at most", lambda point: point.queue_high, shades.accent, start, end, units.count)
    _line(drawn, points, "on the spool", lambda point: point.spool_waiting, shades.warn, start, end, units.count)
    _whole_numbers(drawn, max((max(point.queue_high, point.spool_waiting) for point in points), default=0))
    drawn.told = summary.listed(
        [
            ("in memory, at most", _in_words(points, lambda point: point.queue_high, units.count)),
            ("on the spool", _in_words(points, lambda point: point.spool_waiting, units.count)),
        ]
    )
    return drawn


def _figure(mode: Mode, start: datetime, end: datetime, *, unit: str) -> Drawing:
    form = "%H:%M" if end - start <= timedelta(days=2) else "%-d %b"
    return figure(
        mode,
        height=230,
        barmode="stack",
        xaxis={
            "type": "date",
            "range": [start, end],
            "tickformat": form,
            "nticks": 7,
            "title": {"text": "UTC", "standoff": 4},
        },
        yaxis={"title": {"text": unit}, "rangemode": "tozero"},
        showlegend=True,
    )


def _whole_numbers(drawn: Drawing, most: int) -> None:
    """There are no halves of decisions."""
    if most <= 4:
        drawn.update_yaxes(dtick=1, range=[0, max(most, 1) * 1.1])


def _line(
    drawn: Drawing,
    points: Sequence[PipelinePoint],
    name: str,
    read: Callable[[PipelinePoint], float | None],
    colour: str,
    start: datetime,
    end: datetime,
    write: Callable[[float | None], str],
) -> None:
    width = width_of(start, end)
    x: list[datetime] = []
    y: list[float | None] = []
    told: list[str] = []
    for point in points:
        if x and point.start + width / 2 - x[-1] > max(GAP, width * 1.5):
            x.append(x[-1] + width)
            y.append(None)
            told.append("")
        x.append(point.start + width / 2)
        y.append(read(point))
        told.append(f"<b>{name}</b><br>{_when(point)}<br>{write(read(point))}")
    drawn.add_scatter(
        x=x,
        y=y,
        meta=in_the_middle(width),
        mode="lines+markers" if len(points) < 80 else "lines",
        connectgaps=False,
        name=name,
        line={"color": colour, "width": 1.6},
        marker={"size": 4, "color": colour},
        hovertext=told,
        hoverinfo="text",
    )


def _in_words(
    points: Sequence[PipelinePoint],
    read: Callable[[PipelinePoint], float | None],
    write: Callable[[float | None], str],
) -> str:
    known = [(value, point) for point in points if (value := read(point)) is not None]
    if not known:
        return units.UNKNOWN
    last, (most, peak) = known[-1], max(known, key=lambda one: one[0])
    return f"last {write(last[0])} at {_when(last[1])}; highest {write(most)} at {_when(peak)}"


def _when(point: PipelinePoint) -> str:
    return f"{point.start:%a} {units.day(point.start)}, {point.start:%H:%M} UTC"


def _told(width: timedelta) -> str:
    minutes = round(width.total_seconds() / 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
