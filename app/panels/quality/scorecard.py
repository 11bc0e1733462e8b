"""The scorecard, a route and week a row, and quality over time by model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

from app import units
from app.dashboard import cache, cards, navigation, plot, rows, theme
from app.dashboard.charts.weekly import weekly
from app.dashboard.rows import Column
from app.panels.quality.numbers import Judged
from telemetry.query.proportion import Proportion
from telemetry.query.scorecard import ScoreRow, WeekVerdicts

MOST: Final = 40
"""Rows, the newest weeks first."""
FEWEST: Final = 5
"""Judged answers of a model in a week below which the share says next to nothing, and is not drawn."""
LINES: Final = 6
"""Models over time, those that were judged most often."""


def card(judged: Judged) -> None:
    """What each route's answers were worth and cost, week by week."""
    with cards.card(
        "Scorecard",
        "Quality beside cost, by week and route; a click opens the decisions",
        key="scorecard",
        help="Weeks run from Monday to Sunday, UTC; the period cuts off the first and the last one. Good answers: of "
        "those that chance picked to be judged. All other numbers count every request.",
    ):
        shown = list(judged.card[:MOST])
        chosen = rows.draw(_columns(shown), key="scorecard", names=[_name(row) for row in shown], tall=420)
        plot.save(lambda: plot.written(_csv(judged.card)), key="scorecard", what="this table")
        row = next((one for one in shown if _name(one) == chosen), None)
        if row is not None:
            navigation.open_decisions(route=row.route, range=_range(row.week))


def over_time(judged: Judged) -> None:
    """Whether a model's answers get better or worse."""
    with cards.card(
        "Good answers by model",
        "Share of judged answers that are good, by week, with intervals at 95 %",
        key="quality-models",
        help="Of the answers that chance picked to be judged, by the model or tool that gave them. Points whose "
        f"intervals overlap may be the same. A model's weeks with fewer than {FEWEST} judged answers are left out.",
    ):
        lines = _lines(judged.weeks)
        if not lines:
            cards.empty(
                f"No model has {FEWEST} judged answers of the sample in a week",
                "Choose a longer period or raise the rate.",
            )
            return
        mode = theme.mode()
        figure = weekly(lines, mode, cache.colours(mode), unit="good answers", what="judged answers", height=370)
        said = ", ".join(f"{name}: {units.share(_whole(points).share)}" for name, points in lines.items())
        plot.draw(figure, key="quality-models", alt=f"Share of good answers by week. Over the period: {said}.")


def _columns(some: Sequence[ScoreRow]) -> list[Column]:
    per_usd = [row.good_per_usd for row in some]
    return [
        Column(
            "Week of", [units.day(_midnight(row.week)) for row in some], sort=[row.week.toordinal() for row in some]
        ),
        Column("Route", [row.route for row in some]),
        Column(
            "Requests", [units.count(row.requests) for row in some], number=True, sort=[row.requests for row in some]
        ),
        Column(
            "Good answers",
            [units.share(row.accuracy.share) for row in some],
            number=True,
            sort=[row.accuracy.share for row in some],
            shares=[row.accuracy.share for row in some],
            help="Of those that chance picked to be judged.",
        ),
        Column(
            "95 % interval; n",
            [_between(row.accuracy) for row in some],
            number=True,
            sort=[row.accuracy.low for row in some],
            help="Wilson's interval of the share, and how many answers it stands on.",
        ),
        Column(
            "Good per $",
            [units.UNKNOWN if one is None else units.compact(one[0]) for one in per_usd],
            number=True,
            sort=[None if one is None else one[0] for one in per_usd],
            help="Good answers for a dollar.",
        ),
        Column(
            "Cost",
            [units.nano_usd(row.cost_nano) for row in some],
            number=True,
            sort=[row.cost_nano for row in some],
            help="Of the requests whose cost is known, unused answers included.",
        ),
        Column(
            "Saved",
            [units.nano_usd(row.savings_nano) for row in some],
            number=True,
            sort=[row.savings_nano for row in some],
            help="Against the baseline, where both costs are known. What quality that had, the shadow calls tell.",
        ),
        Column("p95", [units.duration(row.p95_ms) for row in some], number=True, sort=[row.p95_ms for row in some]),
        _share("Escalated", [row.escalated for row in some]),
        _share("Fell back", [row.fell_back for row in some]),
        Column(
            "Safety stops",
            [units.count(row.safety_stops) for row in some],
            number=True,
            sort=[row.safety_stops for row in some],
            help="Branches that a provider's safety filter stopped.",
        ),
    ]


def _share(title: str, some: Sequence[Proportion]) -> Column:
    return Column(title, [units.share(one.share) for one in some], number=True, sort=[one.share for one in some])


def _lines(weeks: Sequence[WeekVerdicts]) -> dict[str, list[tuple[date, Proportion]]]:
    """By model, over all routes; those judged most often first."""
    counts: defaultdict[str, defaultdict[date, list[Proportion]]] = defaultdict(lambda: defaultdict(list))
    for one in weeks:
        counts[one.model][one.week].append(one.good)
    lines = {
        model: [(week, _joined(some)) for week, some in sorted(by_week.items()) if _joined(some).n >= FEWEST]
        for model, by_week in counts.items()
    }
    order = sorted(lines, key=lambda model: (-_whole(lines[model]).n, model))
    return {model: lines[model] for model in order[:LINES] if lines[model]}


def _whole(points: Sequence[tuple[date, Proportion]]) -> Proportion:
    return _joined([one for _, one in points])


def _joined(some: Sequence[Proportion]) -> Proportion:
    return Proportion.of(sum(one.part for one in some), sum(one.n for one in some))


def _between(one: Proportion) -> str:
    if one.low is None:
        return "not judged"
    return f"{units.share(one.low, 0)} to {units.share(one.high, 0)}; {units.count(one.n)}"


def _name(row: ScoreRow) -> str:
    return f"{row.week.isoformat()} {row.route}"


def _range(week: date) -> str:
    return f"{week.isoformat()}..{(week + timedelta(days=6)).isoformat()}"


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _csv(some: Sequence[ScoreRow]) -> list[tuple[object, ...]]:
    head = (
        *("week", "route", "requests", "good", "judged", "share", "low", "high", "cost_usd", "savings_usd", "p95_ms"),
        *("escalated", "fell_back", "failed", "safety_stops"),
    )
    return [
        head,
        *(
            (
                *(row.week.isoformat(), row.route, row.requests, row.accuracy.part, row.accuracy.n),
                *(row.accuracy.share, row.accuracy.low, row.accuracy.high, _usd(row.cost_nano), _usd(row.savings_nano)),
                *(row.p95_ms, row.escalated.part, row.fell_back.part, row.failed.part, row.safety_stops),
            )
            for row in some
        ),
    ]


def _usd(nano: int | None) -> float | None:
    return None if nano is None else nano / units.NANO
