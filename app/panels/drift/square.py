"""One model's week: what moved and why, the metric then and now, its course, and the decisions behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import streamlit as st

from app import drift_words, plain, units
from app.dashboard import cache, cards, components, navigation, plot, theme
from app.dashboard.components import Cell
from app.dashboard.view import own_range
from app.panels.drift import course, happenings, report, weeks
from telemetry.drift.weeks import WEEK, label_of, monday_of, start_of
from telemetry.query import drift
from telemetry.query.drift import Against, DriftCell, DriftFinding, MetricDrift, Purpose

METRIC: Final = "metric"
"""The query parameter that names the metric in view."""
COURSE_WEEKS: Final = 26
AGAINST_SAID: Final[dict[Against, str]] = {
    "trailing": "the four weeks before",
    "previous": "the week before",
    "baseline": "the pinned week",
}


@dataclass(frozen=True, slots=True)
class Square:
    """A cell of the heat map and what it was compared with."""

    cell: DriftCell
    against: Against
    purpose: Purpose


def draw(square: Square, metrics: Sequence[MetricDrift]) -> None:
    """All cards of a square."""
    chosen = square.cell
    label = f"{plain.visible(chosen.model, 60)}, {chosen.week_label}"
    with cards.card(
        label,
        _compared(chosen, square.against),
        key="metrics",
        help="From what to what: medians, or the share of the category that moved most. Effect: its size by its "
        "threshold; above 1 it matters. Same prompts: the same, with the reference weighted to the week's intents, "
        "languages and lengths. q: how likely chance alone makes an effect like it, corrected for "
        "the number of tests of the week.",
    ):
        components.paragraphs(_story(metrics))
        components.table(
            ("Metric", "State", "Cause", "Before → week", "Effect / threshold", "On same prompts", "q", "n"),
            [_row(one) for one in metrics],
            numbers=(4, 5, 6, 7),
        )
        components.untrusted(
            "Effect / threshold: above 1 it matters, if q is small. q: how likely chance alone makes an effect like "
            "it, corrected for the number of tests of the week.",
            muted=True,
        )
    picked = _picked(metrics)
    with cards.grid("cell", narrowest="half"):
        with cards.card("Reference and week", "The metric before and in the week", key="distributions"):
            picked = _choose(metrics, picked)
            _distribution(picked, square.against)
        with cards.card(
            "Course",
            "The same metric by week, with what happened",
            key="course",
            help="Medians, or the share of one category. The band is the interval in which the change lies: where "
            "two means explain most, resampled 200 times. Diamonds: prices, policies, incidents of the model.",
        ):
            _course(square, picked)
        with cards.card("Behind it", "Decisions of the week that show the change", key="behind"):
            _decisions(chosen, picked, square.purpose)
            report.offer(chosen, square.purpose, square.against)
        with cards.card(
            "Where",
            "Routes and intents of the model that drifted in the week",
            key="parts",
            help="Each against the same route or intent of the four weeks before; those with 200 branches or more.",
        ):
            _parts(square)


def _compared(chosen: DriftCell, against: Against) -> str:
    """How much with what; of a week that is not over, with as much of the weeks before."""
    before = AGAINST_SAID[against]
    if against == "baseline":
        pinned = cache.ask(drift.baselines)
        week = pinned.get(chosen.model, pinned.get(""))
        before += "" if week is None else f" {label_of(week)}"
    if chosen.week == monday_of(datetime.now(UTC)):
        return f"{units.count(chosen.n)} branches so far, against the same days and hours of {before}"
    return f"{units.count(chosen.n)} branches against {before}, each metric by itself"


def _story(metrics: Sequence[MetricDrift]) -> list[str]:
    """One sentence a cause, with the metrics that it moved."""
    told = []
    for cause, explained in drift_words.CAUSES_EXPLAINED.items():
        names = [drift_words.title(one.metric) for one in metrics if one.state == "drift" and one.cause == cause]
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            told.append(f"{explained} Moved: {', '.join(names[:5])}{more}.")
    if told or any(one.state == "drift" for one in metrics):
        return told
    tested = sum(one.state == "ok" for one in metrics)
    return [f"Nothing drifted: {units.plural(tested, 'metric')} tested."] if tested else []


def _row(one: MetricDrift) -> tuple[Cell | object, ...]:
    tone = {"drift": "bad", "ok": "ok", "not_enough_data": "muted"}[one.state]
    mark = {"drift": "▲ ", "ok": "", "not_enough_data": ""}[one.state]
    return (
        drift_words.title(one.metric),
        Cell(mark + weeks.STATE_SAID[one.state], tone),  # type: ignore[arg-type]
        "" if one.cause is None else drift_words.CAUSES[one.cause],
        drift_words.moved(one),
        _times(one.effect, one.threshold),
        _times(one.like_effect, one.threshold),
        _q(one),
        units.count(one.n),
    )


def effect_told(effect: float, threshold: float | None, name: str) -> str:
    """An effect in its own unit, and as the table has it."""
    told = f"Effect {effect:.3f} ({name})"
    return f"{told}, {_times(effect, threshold)} times its threshold of {threshold:.3f}" if threshold else told


def _times(effect: float | None, threshold: float | None) -> str:
    return "" if effect is None or not threshold else f"{effect / threshold:.2f}"


def _q(one: MetricDrift) -> str:
    known = [q for q in (one.q, one.like_q) if q is not None]
    return "" if not known else "< 0.001" if min(known) < 0.001 else f"{min(known):.3f}"


def _picked(metrics: Sequence[MetricDrift]) -> MetricDrift:
    """The metric in the address, or the first, which moved most."""
    named = st.query_params.get(METRIC)
    return next((one for one in metrics if one.metric == named), metrics[0])


def _choose(metrics: Sequence[MetricDrift], picked: MetricDrift) -> MetricDrift:
    names = [metric.metric for metric in metrics]
    # The place and not the name: a widget's label would say a hostile name as Markdown.
    place = st.selectbox(
        "Metric",
        range(len(names)),
        index=names.index(picked.metric),
        format_func=lambda at: plain.markdown(drift_words.title(names[at]), 60),
    )
    chosen = metrics[place]
    if chosen != picked:
        st.query_params[METRIC] = chosen.metric
    return chosen


def _distribution(one: MetricDrift, against: Against) -> None:
    if not one.current.shares and not one.reference.shares:
        components.untrusted("There is no data of this metric in either period.", muted=True)
        return
    told = f"Not enough data to judge: {units.count(one.n)} in the week, {units.count(one.n_reference)} before"
    if one.effect is not None and one.p is not None:
        told = effect_told(one.effect, one.threshold, drift_words.title(one.effect_name or ""))
        told += f", {drift_words.chance(one.p)}"
    components.untrusted(told, muted=True)
    if one.unit == weeks.PLACE:
        components.untrusted(
            "Each text stands at its place among those before, in the direction in which the week differs: half of "
            "them at 50 % or above when nothing has changed.",
            muted=True,
        )
    if one.like_effect is not None and one.threshold and one.like_share is not None:
        components.untrusted(
            f"On the same prompts {one.like_effect:.3f}, {_times(one.like_effect, one.threshold)} times the threshold; "
            f"{units.share(one.like_share)} of the week have their like in the reference",
            muted=True,
        )
    alt = f"{drift_words.title(one.metric)}: reference against the week"
    name = f"Reference ({AGAINST_SAID[against].removeprefix('the ')})"
    figure = weeks.distributions(one, theme.mode(), reference=name)
    plot.draw(figure, key=f"distribution-{one.metric}", alt=alt)


def _course(square: Square, one: MetricDrift) -> None:
    chosen = square.cell
    who, category, purpose = (chosen.model, one.metric, chosen.simulated), one.category, square.purpose
    known = cache.ask(drift.course, *who, category=category, purpose=purpose)
    known = [week for week in known if abs((week.week - chosen.week) / WEEK) <= COURSE_WEEKS]
    mondays = [week.week for week in known]
    marks = happenings.marks(mondays, simulated=chosen.simulated, model=chosen.model)
    said = course.when_told(one)
    if said is not None:
        components.untrusted(said)
        near = [
            mark
            for mark in marks
            if one.changed_from is not None
            and one.changed_to is not None
            and one.changed_from - timedelta(hours=12) <= mark.at <= one.changed_to + timedelta(hours=12)
        ]
        for mark in near[:3]:
            components.untrusted(f"About then, {mark.at:%Y-%m-%d %H:%M} UTC: {mark.text}", muted=True)
    if not any(week.value is not None for week in known):
        components.untrusted("Its course is not known: an older RouteScope did not keep it.", muted=True)
        return
    figure = course.by_week(known, one, theme.mode(), chosen=chosen.week, now=datetime.now(UTC), marks=marks)
    alt = f"{drift_words.title(one.metric)} of {plain.visible(chosen.model, 60)} by week"
    plot.draw(figure, key=f"course-{one.metric}", alt=alt)


def _decisions(chosen: DriftCell, one: MetricDrift, purpose: Purpose) -> None:
    start = start_of(chosen.week)
    if not one.examples:
        why = "none is named for it" if one.state == "drift" else "the metric did not drift"
        components.untrusted(f"No single decision shows it: {why}.", muted=True)
    for number, decision_id in enumerate(one.examples, start=1):
        navigation.decision_link(decision_id, label=f"Example {number}: {plain.markdown(decision_id, 16)}")
    if purpose == "user":
        navigation.decisions_link(
            "All of the model in the week",
            model=chosen.model,
            range=own_range(start, start + WEEK),
            simulated="simulated" if chosen.simulated else "real",
        )


def _parts(square: Square) -> None:
    chosen = square.cell
    found = cache.ask(
        drift.findings,
        weeks=(chosen.week,),
        models=(chosen.model,),
        simulated=chosen.simulated,
        purpose=square.purpose,
        scope=None,
    )
    parts = [one for one in found if one.scope != "model"]
    if not parts:
        components.untrusted("None by itself, of those with enough branches.", muted=True)
        return
    by_part: dict[tuple[str, str], list[DriftFinding]] = {}
    for one in parts:
        by_part.setdefault((one.scope, one.part), []).append(one)
    components.table(
        ("Route or intent", "Metrics that drifted", "Largest effect"),
        [
            (
                f"{scope} {plain.visible(name, 40)}",
                ", ".join(drift_words.title(one.metric) for one in several[:4])
                + (f" and {len(several) - 4} more" if len(several) > 4 else ""),
                f"{several[0].ratio:.1f} x the threshold",
            )
            for (scope, name), several in by_part.items()
        ],
    )
