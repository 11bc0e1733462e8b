"""The number on quality: the share of good answers by whoever judges most of them, or what to do about it."""

from __future__ import annotations

from collections.abc import Sequence

from app import plain, units
from app.dashboard import cache, cards, navigation
from app.dashboard.view import View
from telemetry.query import scorecard
from telemetry.query.proportion import Proportion
from telemetry.query.scorecard import WeekVerdicts

NAME = 40
"""Characters of an evaluator's name."""
NOT_YET = "not evaluated yet"


def number(view: View) -> None:
    """The card. Its evaluator is the one that the Quality page begins with."""
    uses = cache.ask(scorecard.evaluators, view.filters)
    evaluator = plain.visible(uses[0].name, NAME) if uses else None
    weeks = cache.ask(scorecard.verdicts, view.filters, uses[0].name) if uses else []
    earlier = cache.ask(scorecard.verdicts, view.before, uses[0].name) if uses and view.before is not None else []
    good = whole(weeks)
    cards.kpi(
        "Good answers",
        units.share(good.share) if good.n else NOT_YET,
        change=units.change(good.share, whole(earlier).share, points=True),
        better="up",
        sure=good.differs_from(whole(earlier)),
        line=course(weeks),
        note=_note(good, evaluator),
        help="Share of the answers that were found good, of those that chance alone picked to be judged, so that it "
        "stands for the traffic; by the evaluator with most verdicts of the period. The line goes by week. The "
        "interval is Wilson's, at 95 %.",
        key="quality",
        more=lambda: navigation.leads_to(navigation.QUALITY, "Quality" if good.n else "How to judge"),
    )


def whole(weeks: Sequence[WeekVerdicts]) -> Proportion:
    """Of all weeks, routes and models."""
    return Proportion.of(sum(one.good.part for one in weeks), sum(one.good.n for one in weeks))


def course(weeks: Sequence[WeekVerdicts]) -> list[float | None]:
    """The share a week, oldest first."""
    mondays = sorted({one.week for one in weeks})
    return [whole([one for one in weeks if one.week == monday]).share for monday in mondays]


def _note(good: Proportion, evaluator: str | None) -> str:
    if evaluator is None:
        return "Say in the policy who judges which answers, or judge some by hand"
    if not good.n:
        return f"{evaluator} judged none of the answers that chance picked"
    between = f"95 % interval {units.share(good.low)} to {units.share(good.high)}"
    return f"{between}; n = {units.count(good.n)}, judged by {evaluator}"
