"""A chart in words, for who cannot see it: the numbers that a reader would take from it.

Written from the very points that are drawn. How many are told is limited, since the words are sent with each page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from app import plain, units
from app.dashboard.charts.unfinished import SO_FAR
from telemetry.query.overview import Step

MOST: Final = 8
"""Series that are told one by one."""
LISTED: Final = 12
"""Names of a list."""
_NAME: Final = 44


def over_time(
    series: Mapping[str, Sequence[tuple[datetime, float | None]]],
    *,
    step: Step,
    unit: str,
    write: Callable[[float | None], str],
    counted: bool,
    open_from: datetime | None = None,
    before: float | None = None,
) -> str:
    """Of each series its first and last value, its highest, and what it comes to.

    Args:
        series: the points by name, in the order in which they are drawn; None is a value that is not known.
        step: what a point stands for.
        unit: the axis title.
        write: a value in words.
        counted: the values add up, over time and over the series; else they are measured, and have no sum.
        open_from: where the step begins that is not over; None where all are.
        before: what the period before came to.
    """
    known = {
        name: [(at, value) for at, value in sorted(points) if value is not None] for name, points in series.items()
    }
    known = {name: points for name, points in known.items() if points}
    if not known:
        return "No value is known."
    said = [f"By {step}, {unit}"]
    if counted and len(known) > 1:
        sums: dict[datetime, float] = {}
        for at, value in (point for points in known.values() for point in points):
            sums[at] = sums.get(at, 0.0) + value
        said.append(_one("All", sorted(sums.items()), step, write, counted, open_from))
    said += [
        _one(plain.visible(name, _NAME), points, step, write, counted, open_from)
        for name, points in list(known.items())[:MOST]
    ]
    if len(known) > MOST:
        said.append(f"and {len(known) - MOST} more")
    if before is not None:
        said.append(f"The period before: {write(before)} in all")
    return ". ".join(said) + "."


def listed(values: Sequence[tuple[str, str]]) -> str:
    """Names, each with its value in words, in the order in which they are drawn."""
    said = [f"{plain.visible(name, 2 * _NAME + 4)}: {value}" for name, value in values[:LISTED]]
    if len(values) > LISTED:
        said.append(f"and {len(values) - LISTED} more")
    return f"{'; '.join(said)}." if said else ""


def _one(
    name: str,
    points: Sequence[tuple[datetime, float]],
    step: Step,
    write: Callable[[float | None], str],
    counted: bool,
    open_from: datetime | None,
) -> str:
    def at(moment: datetime) -> str:
        when = f"{units.day(moment)} {moment:%H:%M}" if step == "hour" else units.day(moment)
        return f"{when}, {SO_FAR}" if open_from is not None and moment >= open_from else when

    parts = [f"{write(points[-1][1])} on {at(points[-1][0])}"]
    if len(points) > 1:
        top = max(points, key=lambda point: point[1])
        parts = [
            f"first {write(points[0][1])} on {at(points[0][0])}",
            f"last {parts[0]}",
            f"highest {write(top[1])} on {at(top[0])}",
        ]
        if counted:
            parts.append(f"in all {write(sum(value for _, value in points))}")
    return f"{name}: {'; '.join(parts)}"
