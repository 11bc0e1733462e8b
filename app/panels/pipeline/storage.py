"""What the database holds: how large, how far back, how long it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from app import plain, units
from app.dashboard import cache, cards, components, plot, theme
from app.dashboard.charts import over_time, ranked
from app.dashboard.charts.over_time import Series
from app.dashboard.components import Cell
from telemetry.query import pipeline as query
from telemetry.query import sizes as sizes_query
from telemetry.query.pipeline import JobState, StoreHealth, TableState
from telemetry.query.sizes import Reach, TableSize

MOST: Final = 10
"""Tables that are drawn, the largest."""
MEGABYTE: Final = 1_000_000
KINDS: Final = {
    "request": "decisions",
    "branch": "branches",
    "span": "spans",
    "content": "prompts and answers",
}


def draw(jobs: Sequence[JobState]) -> None:
    """Three cards."""
    health = cache.ask(query.store_health)
    with cards.grid("storage", narrowest="half"):
        _tables(health)
        _growth(cache.ask(sizes_query.sizes))
    with cards.grid("reach", narrowest="half"):
        _reach(health, cache.ask(sizes_query.reaches))
        _retention(health, next((job for job in jobs if job.job == "retention"), None))


def written_bytes(number: float | None) -> str:
    """``512 B``, ``139.8 MB``, ``2.1 GB``."""
    if number is None:
        return units.UNKNOWN
    for size, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number:.0f} B"


def _tables(health: StoreHealth) -> None:
    with cards.card(
        "What takes the room",
        f"{written_bytes(health.bytes)} on disk; tables as measured {_ago(health.measured)}",
        key="tables",
        help="On disk: all files of the database, now. Tables: with their indexes, as the jobs worker measures them "
        "once a day, since counting takes too long for a page; without bytes where the database does not tell.",
    ):
        if not health.tables:
            cards.empty(
                "The tables have not been measured yet",
                "The jobs worker measures them once a day: routescope up starts one, routescope db info counts now.",
            )
            return
        by_bytes = all(table.bytes is not None for table in health.tables)
        unit = "MB" if by_bytes else "rows"
        largest = sorted(health.tables, key=lambda one: -_size(one, by_bytes=by_bytes))[:MOST]
        shades = theme.palette(theme.mode())
        bars = [
            ranked.Bar(
                table.name,
                _size(table, by_bytes=by_bytes),
                shades.accent if table.name in KINDS else shades.neutral,
                note=f"{units.count(table.rows)} rows, {written_bytes(table.bytes)}",
            )
            for table in largest
        ]
        figure = ranked.bars(
            bars, theme.mode(), unit=unit, write=lambda size: units.count(size) if not by_bytes else _megabytes(size)
        )
        plot.draw(figure, key="tables-chart", alt=f"Bars: the largest tables by {unit}")


def _growth(measured: Sequence[TableSize]) -> None:
    with cards.card(
        "Growth",
        "Size of all tables at each measurement",
        key="growth",
        help="The tables with their indexes, added up, as the jobs worker measured them; in rows where the bytes of a "
        "table are not known. Measurements are kept for 30 days.",
    ):
        days = sorted({one.taken for one in measured})
        if len(days) < 2:
            cards.empty(
                "One measurement is no growth" if days else "Nothing has been measured yet",
                "The jobs worker measures once a day; from the second time on this shows how the store grows.",
            )
            return
        by_bytes = all(one.bytes is not None for one in measured)
        points = [
            (
                taken,
                sum((one.bytes or 0) / MEGABYTE if by_bytes else one.rows for one in measured if one.taken == taken),
            )
            for taken in days
        ]
        per_day = (points[-1][1] - points[0][1]) / max((days[-1] - days[0]) / timedelta(days=1), 1e-9)
        components.untrusted(_in_words(per_day, by_bytes=by_bytes), muted=True)
        figure = over_time.lines(
            [Series("all tables", points, theme.palette(theme.mode()).accent)],
            theme.mode(),
            step="day",
            unit="MB" if by_bytes else "rows",
            write=_megabytes if by_bytes else units.count,
            span=(days[0] - timedelta(days=1), days[-1] + timedelta(days=1)),
            # A measurement is of a moment; nothing of it is still to come.
            now=days[-1] + timedelta(days=1),
        )
        plot.draw(figure, key="growth-chart", alt="Line: size of the store over time")


def _reach(health: StoreHealth, rollups: Sequence[Reach]) -> None:
    with cards.card(
        "How far back it goes",
        "Single rows and what they add up to",
        key="reach",
        help="Pages count from rollups, which stay when rows are pruned; single decisions can be opened as far back as "
        "their rows are kept. A level is a set of dimensions by which the same facts are added up.",
    ):
        components.definition_list(
            [
                ("Decisions", _since(health.first)),
                ("Newest", _when(health.last)),
                ("Prompts and answers", _since(health.oldest_content) if health.oldest_content else "none kept"),
                ("Pruned before", _when(health.rows_since) if health.rows_since else "nothing was pruned"),
                ("Schema", _schema(health)),
            ]
        )
        components.table(
            ("Rollup", "Levels", "Since"),
            [(one.table, units.count(one.levels), _when(one.since) if one.since else "empty") for one in rollups],
            numbers=(1,),
        )


def _retention(health: StoreHealth, last: JobState | None) -> None:
    kept = health.kept
    with cards.card(
        "How long it is kept",
        "As the policy in force says",
        key="retention",
        help="Whole UTC days. Rollups and drift findings stay; samples, runs of jobs and sizes of tables go after 30 "
        "days in any case. The jobs worker removes what is older once a day.",
    ):
        components.definition_list(
            [
                ("Decisions", _days(kept.days)),
                ("Prompts and answers", _days(kept.content_days) if kept.content_days else "as long as the decisions"),
                ("Samples and runs", _days(kept.sample_days)),
                ("Says policy", plain.visible((kept.policy_version or "none known")[:12])),
                ("Last prune", _last(last)),
            ]
        )
        if kept.days is None:
            components.untrusted("To keep less, set keep_days under [telemetry] in the policy.", muted=True)


def _last(last: JobState | None) -> Cell | str:
    if last is None:
        return "never ran"
    if last.outcome == "failed":
        return Cell(f"failed {_when(last.started)}: {plain.visible(last.error or '', 200)}", "bad")
    return _when(last.started)


def _schema(health: StoreHealth) -> Cell | str:
    if health.schema_version == health.newest_schema_version:
        return f"version {health.schema_version}"
    return Cell(f"version {health.schema_version}; newest is {health.newest_schema_version}", "warn")


def _size(table: TableState, *, by_bytes: bool) -> float:
    return (table.bytes or 0) / MEGABYTE if by_bytes else float(table.rows)


def _megabytes(size: float | None) -> str:
    return written_bytes(None if size is None else size * MEGABYTE)


def _in_words(per_day: float, *, by_bytes: bool) -> str:
    if per_day < 0:
        return f"{_megabytes(-per_day) if by_bytes else units.count(-per_day) + ' rows'} less a day, on average."
    return f"{_megabytes(per_day) if by_bytes else units.count(per_day) + ' rows'} more a day, on average."


def _since(moment: datetime | None) -> str:
    return "none yet" if moment is None else f"since {units.when(moment)} UTC"


def _when(moment: datetime | None) -> str:
    return units.UNKNOWN if moment is None else f"{units.when(moment)} UTC"


def _ago(moment: datetime | None) -> str:
    return "never" if moment is None else f"at {units.when(moment)} UTC"


def _days(days: int | None) -> str:
    return "for ever" if days is None else units.plural(days, "day")
