"""One model's trouble: errors, latency, fallbacks and incidents on one time axis, and its worst stretch in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import address, cache, cards, components, plot, theme
from app.dashboard.charts import timeline
from app.dashboard.charts.over_time import STEPS, Series
from app.dashboard.charts.timeline import Panel
from app.dashboard.view import View, own_range
from app.panels.latency import breakers
from app.panels.latency.worst import FEWEST, Stretch, Tally, worst_stretch
from telemetry.query import branch_errors, overview, speed
from telemetry.query import course as course_query
from telemetry.query.branch_errors import ErrorStep
from telemetry.query.cells import Step
from telemetry.query.course import Course
from telemetry.query.filters import Filters
from telemetry.query.overview import ModelTotals
from telemetry.query.proportion import Proportion

WATCHED: Final = "watched"
"""The query parameter: the model whose trouble is shown."""
_NAME: Final = 60
HOURLY: Final = timedelta(days=31)
"""The longest period that is searched hour by hour: of a longer one a picture shows days, and hours take too long."""
AROUND: Final = timedelta(hours=6)
"""Shown before and after a stretch that is looked at closely."""


def trouble(view: View) -> None:
    """A card about the model that the address names, or the one that failed most."""
    with cards.card(
        "One model's trouble",
        "Its errors, latency, fallbacks and incidents on one axis; the worst stretch is shaded",
        key="provider",
        help="The worst stretch is the run of at most 24 hours in which the model's calls failed, or were slow, most "
        f"unlike the rest of the period; in periods of more than {HOURLY.days} days, of at most 24 days. It is "
        "told only when chance would make one like it in fewer than 1 of 20 such periods (exact test, corrected for "
        "all runs that were looked at). Slow: slower than 95 % of its calls.",
    ):
        models = ordered(cache.ask(overview.by_model, replace(view.filters, models=())))
        if not models or view.span is None:
            cards.empty("No model was called", "Choose a longer period, or remove a filter.")
            return
        # By what is shown of them: a bound widget's address says what the reader sees.
        named = {plain.visible(model, _NAME): model for model in models}
        wanted = st.query_params.get(WATCHED)
        if wanted is not None:
            named.setdefault(plain.visible(wanted, _NAME), wanted)
        chosen = st.selectbox("Model", list(named), key=WATCHED, bind="query-params", width=320)
        _of(view, named.get(chosen or "", models[0]))


def ordered(rows: Sequence[ModelTotals]) -> list[str]:
    """Models, the one whose calls failed most often first; those with hardly a failure last; tools are left out."""
    failed: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.kind != "tool":
            so_far = failed.get(row.model, (0, 0))
            failed[row.model] = (so_far[0] + row.failed, so_far[1] + row.branches)

    def order(name: str) -> tuple[bool, float, int, str]:
        # By the lower end of the interval: a model that was called twice cannot be sure to be the worst.
        return failed[name][0] < FEWEST, -(Proportion.of(*failed[name]).low or 0.0), -failed[name][1], name

    return sorted(failed, key=order)


def _of(view: View, model: str) -> None:
    of_model, mode = replace(view.filters, models=(model,)), theme.mode()
    step = view.period.step
    assert view.span is not None
    fine: Step = "hour" if view.span[1] - view.span[0] <= HOURLY else "day"
    searched = cache.ask(course_query.course, view.filters, model, fine)
    failing, slowing = worst_of(searched, fine)
    sentences = [
        *([] if failing is None else [_failing_told(failing, view.filters, model)]),
        *([] if slowing is None else [_slowing_told(slowing, searched, view.filters, model)]),
    ]
    if not sentences:
        sentences = [_quiet_told(searched, model)]
    components.paragraphs(sentences)
    shown = failing or slowing
    if shown is not None:
        st.button(
            "Look at these hours",
            icon=":material/zoom_in:",
            key="zoom-worst",
            on_click=address.put,
            args=("range", own_range(shown.start - AROUND, shown.end + AROUND, "hour")),
        )
    shades, colour = theme.palette(mode), cache.colours(mode).get(model, theme.palette(mode).neutral)
    course = searched if step == fine else cache.ask(course_query.course, view.filters, model, step)
    intervals, buckets = breakers.of_model(of_model, step)
    panels = [
        Panel("calls failed", [Series("failed", _failed(course), shades.bad)], _share, "lines", share=True),
        Panel(
            "seconds",
            [
                Series("median", [(one.start, _seconds(one.p50_ms)) for one in course.steps], shades.neutral),
                Series("p95", [(one.start, _seconds(one.p95_ms)) for one in course.steps], colour),
            ],
            lambda seconds: units.duration(None if seconds is None else seconds * 1000),
            "lines",
        ),
    ]
    if any(one.fell_back for one in buckets):
        fell_back = [(one.start, one.fell_back) for one in buckets]
        panels.append(Panel("fell back", [Series("fell back", fell_back, colour)], units.count, "bars"))
    else:
        components.paragraphs([f"No request that asked {plain.visible(model, _NAME)} first fell back in the period."])
    plot.draw(
        timeline.timeline(
            breakers.lasting(intervals),
            panels,
            mode,
            step=step,
            span=view.span,
            shaded=None if shown is None else (shown.start, shown.end),
        ),
        key="provider-chart",
        alt=" ".join(sentences),
        zoom=view,
    )


def worst_of(course: Course, step: Step) -> tuple[Stretch | None, Stretch | None]:
    """The worst stretch by failures, and the one by slow calls; None where there is none that is no chance."""
    width = STEPS[step]
    return (
        worst_stretch([Tally(one.start, one.failed, one.calls) for one in course.steps], width),
        worst_stretch([Tally(one.start, one.slow, one.timed) for one in course.steps], width),
    )


def _failing_told(found: Stretch, filters: Filters, model: str) -> str:
    inside, rest = Proportion.of(found.hits, found.n), Proportion.of(found.rest_hits, found.rest_n)
    within = replace(filters, start=found.start, end=found.end, models=(model,))
    errors = mostly(cache.ask(branch_errors.error_series, within, "hour"))
    return (
        f"The worst stretch was {stretch_said(found)}: {of_calls(inside)} of {model} failed, against "
        f"{units.share(rest.share, 2)} of {units.count(rest.n)} in the rest of the period{errors}."
    )


def _slowing_told(found: Stretch, course: Course, filters: Filters, model: str) -> str:
    inside = Proportion.of(found.hits, found.n)
    within = replace(filters, start=found.start, end=found.end, models=(model,))
    p95 = next((one.p95_ms for one in cache.ask(speed.percentiles, within, by="model")), None)
    return (
        f"It was slowest {stretch_said(found)}: {of_calls(inside)} took longer than {units.duration(course.slow_ms)}, "
        f"which 5 % of the period's calls do; their 95th percentile was {units.duration(p95)}."
    )


def _quiet_told(course: Course, model: str) -> str:
    calls, failed = sum(one.calls for one in course.steps), sum(one.failed for one in course.steps)
    if not calls:
        return f"{model} was not called in this period."
    rate = Proportion.of(failed, calls)
    return (
        f"No stretch stands out: {of_calls(rate)} of {model} failed, and no hours or days in a row had more "
        "failed or slow calls than chance would give them."
    )


def of_calls(rate: Proportion) -> str:
    """``31.2 % (19.5 to 45.7 %) of 45 calls``."""
    if rate.low is None:
        return "no calls"
    return (
        f"{units.share(rate.share)} ({rate.low * 100:.1f} to {units.share(rate.high)}) of "
        f"{units.plural(rate.n, 'call')}"
    )


def stretch_said(found: Stretch) -> str:
    """``on Wed 28 Oct 2026 from 13:00 to 17:00 UTC``."""
    start, end = found.start, found.end
    if start.date() == (end - timedelta(seconds=1)).date():
        return f"on {start:%a} {units.day(start)} from {start:%H:%M} to {_hour(end)} UTC"
    return f"from {start:%a} {units.day(start)} {start:%H:%M} to {end:%a} {units.day(end)} {end:%H:%M} UTC"


def _hour(end: datetime) -> str:
    return "24:00" if end.hour == 0 else f"{end:%H:%M}"


def mostly(errors: Sequence[ErrorStep]) -> str:
    """``, mostly rate limited (9 of 14)``; empty where no error has a type."""
    by_type: dict[str, int] = {}
    for one in errors:
        by_type[one.error_type] = by_type.get(one.error_type, 0) + one.branches
    if not by_type:
        return ""
    first = min(by_type, key=lambda name: (-by_type[name], name))
    return f", mostly {first.replace('_', ' ')} ({by_type[first]:,} of {sum(by_type.values()):,})"


def _failed(course: Course) -> list[tuple[datetime, float | None]]:
    return [(one.start, Proportion.of(one.failed, one.calls).share) for one in course.steps]


def _share(value: float | None) -> str:
    return units.share(value, 1)


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000
