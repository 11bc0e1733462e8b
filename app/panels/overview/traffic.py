"""What was asked over time: what it cost, how it ended, where it went, how long it took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st

from app import units
from app.dashboard import cache, cards, navigation, plot, theme
from app.dashboard.charts import flow, over_time
from app.dashboard.charts.over_time import Points, Series
from app.dashboard.view import View
from telemetry.query import overview
from telemetry.query.filters import Filters
from telemetry.query.overview import Bucket, Step


def spend_by_model(view: View) -> None:
    """A card of bars, the models in their colours."""
    mode = theme.mode()
    with cards.card(
        "Spend by model",
        "US dollars, every branch, used or not",
        key="spend",
        help="What branches of known cost have cost, by the model that was called; tools that cost "
        "nothing are left out. Draw over the chart to look closer.",
    ):
        before = view.before if view.compare else None
        earlier = {} if before is None else _model_spend(before, view.period.step)
        colours = cache.colours(mode)
        spent = [
            Series(model, points, colours.get(model, theme.palette(mode).neutral), before=earlier.pop(model, ()))
            for model, points in _model_spend(view.filters, view.period.step).items()
        ]
        # What only the period before had counts in its line all the same.
        spent += [Series(model, (), theme.palette(mode).neutral, before=points) for model, points in earlier.items()]
        plot.draw(
            over_time.bars(
                spent,
                mode,
                step=view.period.step,
                unit="USD",
                write=units.usd,
                span=view.span,
                shift=view.shift,
                tick_prefix="$",
            ),
            key="spend-chart",
            alt="Stacked bars: spend a step, by model",
            zoom=view,
        )


def _model_spend(filters: Filters, step: Step) -> dict[str, Points]:
    """US dollars a step by model, the dearest first; models that cost nothing are left out."""
    costs: dict[str, dict[datetime, float]] = {}
    for bucket in cache.ask(overview.model_series, filters, step):
        if bucket.cost_nano is not None:
            steps = costs.setdefault(bucket.model, {})
            steps[bucket.start] = steps.get(bucket.start, 0.0) + bucket.cost_nano / units.NANO
    dearest = sorted(costs.items(), key=lambda item: -sum(item[1].values()))
    return {model: sorted(steps.items()) for model, steps in dearest if any(steps.values())}


def how_they_ended(view: View, buckets: Sequence[Bucket], earlier: Sequence[Bucket]) -> None:
    """A card of bars, a colour each way that requests end."""
    shades = theme.palette(theme.mode())
    kinds: list[tuple[str, Callable[[Bucket], int], str]] = [
        ("answered", lambda one: one.requests - one.failed - one.denied - one.cancelled, shades.accent),
        ("cancelled", lambda one: one.cancelled, shades.neutral),
        ("denied", lambda one: one.denied, shades.warn),
        ("failed", lambda one: one.failed, shades.bad),
    ]
    ended = [
        Series(
            name,
            [(bucket.start, read(bucket)) for bucket in buckets],
            colour,
            before=[(bucket.start, read(bucket)) for bucket in earlier],
        )
        for name, read, colour in kinds
    ]
    with cards.card(
        "Requests",
        "How they ended",
        key="requests",
        help="Answered: ended with an answer, whatever its score. Failed: every branch failed. Denied: a "
        "rule or a budget refused it. Cancelled: the caller left.",
    ):
        plot.draw(
            over_time.bars(
                [one for one in ended if any(value for _, value in (*one.points, *one.before))],
                theme.mode(),
                step=view.period.step,
                unit="requests",
                write=units.count,
                span=view.span,
                shift=view.shift,
            ),
            key="requests-chart",
            alt="Stacked bars: requests a step, by how they ended",
            zoom=view,
        )


def where_they_went(view: View) -> None:
    """A card of the flow from intent to the model that answered."""
    with cards.card(
        "Where requests went",
        "From intent, by what was tried first, to what answered",
        key="flow",
        help="Requests of the period. The left column is the intent that was recognised, the middle what "
        "was tried first, the right what gave the answer. A band from one model to another is an "
        "escalation or a fallback.",
    ):
        mode = theme.mode()
        plot.draw(
            flow.flow_chart(cache.ask(overview.flows, view.filters), mode, cache.colours(mode)),
            key="flow-chart",
            alt="Flow from intent by first model to the model that answered",
        )
        # Streamlit hears no click on a flow, so what leaves the straight way is led to from here.
        with st.container(horizontal=True, key="more-flow"):
            navigation.decisions_link("Escalated", path="escalated")
            navigation.decisions_link("Fell back", path="fell_back")
            navigation.decisions_link("By a tool", path="by_tool")


def how_long_they_took(view: View, buckets: Sequence[Bucket], earlier: Sequence[Bucket]) -> None:
    """A card of two lines, the median and the 95th percentile."""
    shades = theme.palette(theme.mode())
    kinds: list[tuple[str, Callable[[Bucket], float | None], str]] = [
        ("median", lambda bucket: bucket.latency_p50_ms, shades.neutral),
        ("p95", lambda bucket: bucket.latency_p95_ms, shades.accent),
    ]
    with cards.card(
        "Latency",
        "Whole request, median and 95th percentile",
        key="latency",
        help="Request in to decision settled: half of the requests, and 95 of 100, took at most this "
        "long. From histograms, within 1.1 %.",
    ):
        plot.draw(
            over_time.lines(
                [
                    Series(name, _seconds(buckets, read), colour, _seconds(earlier, read))
                    for name, read, colour in kinds
                ],
                theme.mode(),
                step=view.period.step,
                unit="seconds",
                write=lambda seconds: units.duration(None if seconds is None else seconds * 1000),
                span=view.span,
                shift=view.shift,
                height=330,
            ),
            key="latency-chart",
            alt="Lines: median and 95th percentile of latency a step",
            zoom=view,
        )


def _seconds(buckets: Sequence[Bucket], read: Callable[[Bucket], float | None]) -> Points:
    return [(bucket.start, None if (ms := read(bucket)) is None else ms / 1000) for bucket in buckets]
