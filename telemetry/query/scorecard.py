"""Quality beside cost, by route and week: what share of the answers is good, what they cost, how they came about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from telemetry import histogram
from telemetry.evaluation import FEEDBACK
from telemetry.levels import BRANCHES, REQUESTS
from telemetry.query.cells import cells, known, sums
from telemetry.query.filters import Filters, on_facts
from telemetry.query.proportion import Proportion
from telemetry.storage.engine import reading
from telemetry.storage.evaluation import EVALUATION
from telemetry.text import clean

SAFETY_STOP: Final = "content_filtered"
"""The type of error of a branch that a provider's safety filter stopped."""
MONDAY_HOURS: Final = 72
"""From the Monday of the week in which the epoch lies to the epoch."""
WEEK_HOURS: Final = 168
_VALUES: Final = (
    *("requests", "cost_nano", "cost_unknown", "escalated", "fell_back", "failed", "savings_nano", "savings_n"),
    "latency_hist",
)


@dataclass(frozen=True, slots=True)
class EvaluatorUse:
    """What one evaluator has said."""

    name: str
    method: str
    """human, judge, reference or rules."""
    verdicts: int
    without: int
    """Times that it came to no verdict."""
    sampled: int
    """Of the verdicts: those on decisions that chance alone picked."""
    cost_nano: int
    """Nano-USD, as far as costs are known."""
    last: datetime
    """When it spoke last."""


@dataclass(frozen=True, slots=True)
class WeekVerdicts:
    """Verdicts on given answers of one route and model in one week."""

    week: date
    """Its Monday, UTC."""
    route: str
    model: str
    good: Proportion


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One route in one week."""

    week: date
    """Its Monday, UTC."""
    route: str
    requests: int
    accuracy: Proportion
    """Good answers of those that chance picked to be judged; of people's feedback, of all that was said."""
    cost_nano: int | None
    """Nano-USD of the requests whose cost is known; None when there is none such."""
    cost_unknown: int
    savings_nano: int | None
    """Against the baseline, where both are known."""
    p95_ms: float | None
    escalated: Proportion
    fell_back: Proportion
    failed: Proportion
    safety_stops: int
    """Branches that a provider's safety filter stopped."""

    @property
    def good_per_usd(self) -> tuple[float, float, float] | None:
        """Good answers for a dollar, and its interval at 95 % by that of the accuracy; None where one is unknown."""
        share, low, high = self.accuracy.share, self.accuracy.low, self.accuracy.high
        costed = self.requests - self.cost_unknown
        if share is None or low is None or high is None or not self.cost_nano or not costed:
            return None
        per_usd = costed / (self.cost_nano / 1e9)
        return share * per_usd, low * per_usd, high * per_usd


@dataclass(frozen=True, slots=True)
class Weekly:
    """Verdicts week by week, and the traffic beside them."""

    verdicts: list[WeekVerdicts]
    card: list[ScoreRow]


def evaluators(engine: sa.Engine, filters: Filters) -> list[EvaluatorUse]:
    """Who has judged answers of the filter, those with most verdicts by chance first."""
    columns = EVALUATION.c
    verdict = sa.case((columns.score.is_not(None), 1), else_=0)
    sampled = sa.case((sa.and_(columns.sampled.is_(True), columns.score.is_not(None)), 1), else_=0)
    statement = (
        sa.select(
            *(columns.name, columns.method, sa.func.sum(verdict).label("verdicts"), sa.func.count().label("n")),
            *(sa.func.sum(sampled).label("sampled"), sa.func.coalesce(sa.func.sum(columns.cost_nano), 0).label("nano")),
            sa.func.max(columns.given, type_=columns.given.type).label("last"),
        )
        .where(*on_facts(EVALUATION, "chosen", filters))
        .group_by(columns.name, columns.method)
        .order_by(sa.desc("sampled"), sa.desc("verdicts"), columns.name, columns.method)
    )
    with reading(engine) as connection:
        return [
            EvaluatorUse(
                *(row.name, row.method, row.verdicts, row.n - row.verdicts, row.sampled, int(row.nano), row.last)
            )
            for row in connection.execute(statement)
        ]


def verdicts(engine: sa.Engine, filters: Filters, evaluator: str) -> list[WeekVerdicts]:
    """By week, route and model, oldest first; of the sample alone, but all that people said."""
    columns = EVALUATION.c
    good = sa.func.sum(sa.case((columns.label == "good", 1), else_=0)).label("good")
    keys = (columns.route, columns.chosen)
    found: list[WeekVerdicts] = []
    with reading(engine) as connection:
        for week, part in _weeks(connection, filters):
            statement = (
                sa.select(*keys, good, sa.func.count().label("n"))
                .where(*on_facts(EVALUATION, "chosen", part), *representative(evaluator), columns.chosen.is_not(None))
                .group_by(*keys)
                .order_by(*keys)
            )
            found += [
                WeekVerdicts(week, row.route, row.chosen, Proportion.of(row.good, row.n))
                for row in connection.execute(statement)
            ]
    return found


def scorecard(engine: sa.Engine, filters: Filters, evaluator: str) -> list[ScoreRow]:
    """Every route in every week that has requests, the newest week first, then by requests.

    ``filters.start`` and ``end`` cut weeks off: ask for whole ones to compare them.
    """
    return _card(engine, filters, verdicts(engine, filters, evaluator))


def weekly(engine: sa.Engine, filters: Filters, evaluator: str) -> Weekly:
    """`verdicts` and `scorecard` at once, for whoever needs both: the verdicts are read once."""
    found = verdicts(engine, filters, evaluator)
    return Weekly(found, _card(engine, filters, found))


def representative(evaluator: str) -> list[sa.ColumnElement[bool]]:
    """Verdicts of one evaluator on given answers that stand for the traffic."""
    columns = EVALUATION.c
    conditions = [columns.name == clean(evaluator), columns.answer == "given", columns.label.is_not(None)]
    return conditions if evaluator == FEEDBACK else [*conditions, columns.sampled.is_(True)]


def _card(engine: sa.Engine, filters: Filters, given: Iterable[WeekVerdicts]) -> list[ScoreRow]:
    judged: defaultdict[tuple[date, str], list[Proportion]] = defaultdict(list)
    for one in given:
        judged[one.week, one.route].append(one.good)
    stops = _safety_stops(engine, filters)
    source = cells(REQUESTS, filters, keys=("route",), values=_VALUES, step="day")
    week = _week_of(source.c.hour)
    statement: sa.Select[Any] = sa.select(
        week.label("week"), source.c.route, *sums(source, REQUESTS, _VALUES)
    ).group_by(week, source.c.route)
    with reading(engine) as connection:
        rows = connection.execute(statement).all()
    found = []
    for row in rows:
        monday = _monday(row.week)
        some = judged.get((monday, row.route), [])
        found.append(
            ScoreRow(
                week=monday,
                route=row.route,
                requests=row.requests,
                accuracy=Proportion.of(sum(one.part for one in some), sum(one.n for one in some)),
                cost_nano=known(row.cost_nano, row.requests - row.cost_unknown),
                cost_unknown=row.cost_unknown,
                savings_nano=known(row.savings_nano, row.savings_n),
                p95_ms=histogram.percentiles(row.latency_hist, (0.95,))[0],
                escalated=Proportion.of(row.escalated, row.requests),
                fell_back=Proportion.of(row.fell_back, row.requests),
                failed=Proportion.of(row.failed, row.requests),
                safety_stops=stops.get((monday, row.route), 0),
            )
        )
    return sorted(found, key=lambda one: (-one.week.toordinal(), -one.requests, one.route))


def _safety_stops(engine: sa.Engine, filters: Filters) -> dict[tuple[date, str], int]:
    source = cells(BRANCHES, filters, keys=("route", "error_type"), values=("branches",), step="day")
    week = _week_of(source.c.hour)
    statement: sa.Select[Any] = (
        sa.select(week.label("week"), source.c.route, *sums(source, BRANCHES, ("branches",)))
        .where(source.c.error_type == SAFETY_STOP)
        .group_by(week, source.c.route)
    )
    with reading(engine) as connection:
        return {(_monday(row.week), row.route): row.branches for row in connection.execute(statement)}


def _week_of(hour: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Weeks since the one of the epoch, from Monday to Sunday, UTC."""
    return (hour + MONDAY_HOURS) // WEEK_HOURS


def _monday(week: int) -> date:
    return (datetime.fromtimestamp(0, tz=UTC) + timedelta(hours=week * WEEK_HOURS - MONDAY_HOURS)).date()


def _weeks(connection: sa.Connection, filters: Filters) -> Iterator[tuple[date, Filters]]:
    """The weeks that have evaluations, each with the filters for it alone."""
    period = on_facts(EVALUATION, "chosen", Filters(start=filters.start, end=filters.end, purposes=()))
    # Two statements: SQLite answers min and max from an index only when asked for one of them.
    first, last = (
        connection.scalar(sa.select(end(EVALUATION.c.ts, type_=EVALUATION.c.ts.type)).where(*period))
        for end in (sa.func.min, sa.func.max)
    )
    if first is None or last is None:
        return
    day = first.astimezone(UTC).date()
    monday = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=day.weekday())
    while monday <= last:
        after = monday + timedelta(days=7)
        start = monday if filters.start is None else max(monday, _aware(filters.start))
        end = after if filters.end is None else min(after, _aware(filters.end))
        yield monday.date(), replace(filters, start=start, end=end)
        monday = after


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
