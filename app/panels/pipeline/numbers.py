"""How decisions were kept in some time: six numbers, three charts, and each process by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from app import plain, units
from app.dashboard import cards, components, navigation, plot, theme
from app.dashboard.charts import pipeline as chart
from app.dashboard.components import Cell, Tone
from telemetry.query.pipeline import PipelinePoint, ProcessState

STATES: dict[str, Tone] = {"running": "ok", "ended": "muted", "silent": "warn"}
"""How a process that gave samples stands, and the tone it is told in."""


def numbers(processes: Sequence[ProcessState], points: Sequence[PipelinePoint], *, period: str) -> None:
    """Six numbers, each with its course. ``period``: the one of the decisions that were kept, as addresses say it."""
    alive = [one for one in processes if one.state == "running"]
    written = sum(one.written for one in processes)
    spooled = sum(one.spooled for one in processes)
    dropped = sum(one.dropped for one in processes)
    waiting = [one for one in processes if one.state != "ended"]

    def course(read: Callable[[PipelinePoint], float | None]) -> list[float | None]:
        return [read(point) for point in points]

    with cards.grid("pipeline-numbers", narrowest="kpi"):
        cards.kpi(
            "Kept",
            units.count(written + spooled),
            change=None,
            line=course(lambda point: point.written + point.spooled),
            note=f"{units.count(spooled)} of them through the spool",
            help="Decisions that went to the database at once, or to the spool at first, by what the processes say.",
            key="kept",
            more=lambda: navigation.decisions_link(range=period, playground="true"),
        )
        cards.kpi(
            "Dropped",
            units.count(dropped),
            change=None,
            line=course(lambda point: point.dropped),
            note=f"{units.count(sum(one.not_durable for one in processes))} not durable, "
            f"{units.count(sum(one.abandoned for one in processes))} never ended",
            help="Decisions that are nowhere. Not durable: neither the database nor the spool took it, and the answer "
            "said so. Never ended: the root of its trace did not come.",
            key="dropped",
        )
        cards.kpi(
            "Waiting",
            units.count(sum(one.queued + one.spool_waiting for one in waiting)),
            change=None,
            line=course(lambda point: point.spool_waiting),
            note=f"{units.count(sum(one.queued for one in waiting))} in memory, "
            f"{units.count(sum(one.spool_waiting for one in waiting))} on spools",
            help="Decisions on their way at the last sample of each process that has not ended. The line: the most on "
            "one process's spool.",
            key="waiting",
        )
        cards.kpi(
            "Longest queue",
            units.count(max((one.queue_high for one in processes), default=None)),
            change=None,
            line=course(lambda point: point.queue_high),
            note="decisions in one process's memory",
            help="The most decisions that were in one process's memory at once.",
            key="queue",
        )
        cards.kpi(
            "Write lag, p95",
            units.duration(max((one.lag_p95_ms for one in processes if one.lag_p95_ms is not None), default=None)),
            change=None,
            line=course(lambda point: point.lag_p95_ms),
            note="of the slowest process, its last sample",
            help="From a decision's end until it was kept: 95 of 100 took at most this long. It is the last sample in "
            "which a process kept anything.",
            key="lag",
        )
        cards.kpi(
            "Processes",
            units.count(len(alive)),
            change=None,
            line=(),
            note=f"running now; {units.count(len(processes))} seen in the period",
            help="Gateways that report. One without a sample for two and a half minutes counts as silent.",
            key="processes",
        )


def charts(points: Sequence[PipelinePoint], start: datetime, end: datetime, beside: Callable[[], None]) -> None:
    """Three cards over the same time, and one ``beside`` them."""
    mode = theme.mode()
    with cards.grid("pipeline-charts", narrowest="half"):
        if not points:
            with cards.card(
                "Over time",
                "How decisions were kept",
                key="over-time",
                help="Decisions a step by what became of them on the way to the database. Spooled ones wait in a "
                "file and are written later; dropped ones are lost, and counted.",
            ):
                cards.empty("No sample in this time", "Choose a longer period, or start a gateway: routescope up")
            beside()
            return
        with cards.card(
            "What became of them",
            "Decisions, all processes",
            key="became",
            help="Written at once: to the database. Through the spool: the database did not take it at once. Kept "
            "aside: it fits no database. Dropped: it is nowhere.",
        ):
            plot.draw(
                chart.kept(points, mode, start, end),
                key="became-chart",
                alt="Stacked bars: decisions over time by what became of them",
            )
        with cards.card(
            "Write lag",
            "From a decision's end until it was kept",
            key="lag",
            help="Of the process that was slowest in each step. Through the spool it is the time until it was on the "
            "spool. Simulated decisions are left out: they ended at another time than they were written.",
        ):
            if any(point.lag_p95_ms is not None for point in points):
                plot.draw(
                    chart.lag(points, mode, start, end),
                    key="lag-chart",
                    alt="Lines: longest and 95th percentile of the write lag over time",
                )
            else:
                cards.empty("No lag is known", "No decision was kept in this time; simulated ones have none.")
        with cards.card(
            "What waited",
            "The most in one process's memory, and on its spool",
            key="waited",
            help="A queue that grows means that the database is slower than requests come; a spool in use, that it "
            "takes nothing.",
        ):
            plot.draw(
                chart.waiting(points, mode, start, end),
                key="waited-chart",
                alt="Lines: decisions in memory and on the spool over time",
            )
        beside()


def each(processes: Sequence[ProcessState]) -> None:
    """A card of the processes."""
    with cards.card(
        "Processes",
        "Each process that reported in the period, the one that was seen last first",
        key="each-process",
        help="Counts are decisions in the period. A silent process has neither reported nor ended as it should.",
    ):
        if not processes:
            cards.empty("No process reported", "Choose a longer period, or start a gateway: routescope up")
            return
        components.table(
            (
                "Process",
                "State",
                "Since",
                "Last seen",
                "Kept",
                "Spooled",
                "Dropped",
                "Aside",
                "Queue",
                "Waiting",
                "Lag p95",
            ),
            [_row(one) for one in processes],
            numbers=(4, 5, 6, 7, 8, 9, 10),
            notes=["" if one.last_error is None else f"Refused: {one.last_error}" for one in processes],
        )
        plot.save(lambda: plot.written(_csv(processes)), key="processes", what="this table")


def _row(one: ProcessState) -> tuple[Cell | object, ...]:
    return (
        plain.visible(one.process, 48),
        Cell(one.state, STATES.get(one.state, "muted")),
        units.when(one.started),
        units.when(one.last_seen),
        units.count(one.written + one.spooled),
        units.count(one.spooled),
        Cell(units.count(one.dropped), "bad") if one.dropped else "0",
        Cell(units.count(one.refused), "bad") if one.refused else "0",
        units.count(one.queue_high),
        Cell(units.count(one.spool_waiting), "warn") if one.spool_waiting else "0",
        units.duration(one.lag_p95_ms),
    )


def _csv(processes: Sequence[ProcessState]) -> list[tuple[object, ...]]:
    names = (
        *("process", "state", "started", "last_seen", "written", "spooled", "not_durable", "abandoned", "refused"),
        *("queued", "queue_high", "spool_waiting", "spool_bytes", "lag_p95_ms", "last_error"),
    )
    return [names, *(tuple(getattr(one, name) for name in names) for one in processes)]
