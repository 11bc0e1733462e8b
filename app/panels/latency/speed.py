"""How fast models were: percentiles over time, where durations crowd, and tokens a second."""

from __future__ import annotations

from typing import Final

import streamlit as st

from app import units
from app.dashboard import cache, cards, plot, theme
from app.dashboard.charts import heat, percentiles, spread
from app.dashboard.charts.percentiles import Line, Measured
from app.dashboard.charts.spread import Spread
from app.dashboard.view import View
from app.panels.cost import prices
from app.panels.latency.service import SAID, SHARE, Percentile, value_of
from telemetry.query import speed
from telemetry.query.filters import Filters
from telemetry.query.overview import Step
from telemetry.query.speed import Measure

_TITLES: Final[dict[Measure, str]] = {"latency": "Latency by model", "ttft": "Time to first token by model"}
_WHAT: Final[dict[Measure, str]] = {
    "latency": "Of calls alone, without what the router did before and after",
    "ttft": "From the start of a call to its first text",
}
_HEATS: Final[dict[str, Measure]] = {"latency": "latency", "first token": "ttft"}
"""What the parameter ``heat`` may say; a bound widget's address says what its button says."""


def by_model(view: View, measure: Measure, percentile: Percentile) -> None:
    """A card of one percentile over time, a line each model in its colour."""
    mode, step = theme.mode(), view.period.step
    colours, share = cache.colours(mode), SHARE[percentile]
    with cards.card(
        _TITLES[measure],
        f"{_WHAT[measure]}; {SAID[percentile]}",
        key=f"{measure}-by-model",
        help=f"{_WHAT[measure]}: {share * 100:g} of 100 calls took at most this long, within 1.1 %. Probes and judges "
        f"count, tools do not. A hollow point is of fewer than {percentiles.needed(share)} calls, "
        "where this percentile is the slowest of them; a pale line is mostly of such points. "
        "A diamond is a new policy or price.",
    ):
        lines = _lines(view.filters, measure, percentile, step)
        earlier = _lines(view.before, measure, percentile, step) if view.compare and view.before else {}
        neutral = theme.palette(mode).neutral
        models = [
            Line(model, points, colours.get(model, neutral), earlier.get(model, ())) for model, points in lines.items()
        ]
        if not models:
            cards.empty("Nothing was measured", "No model's call in this period told how long it took.")
            return
        plot.draw(
            percentiles.lines(
                models,
                mode,
                share=share,
                step=step,
                span=view.span,
                shift=view.shift,
                marks=prices.marks(prices.known(view), view.span),
            ),
            key=f"{measure}-by-model-chart",
            alt=f"Lines: {SAID[percentile]} of {_TITLES[measure].lower()} a step, by model",
            zoom=view,
        )


def _lines(filters: Filters, measure: Measure, percentile: Percentile, step: Step) -> dict[str, list[Measured]]:
    """The points of each model, the models by name; tools are left out."""
    tools, lines = set(cache.facets().tools), dict[str, list[Measured]]()
    for one in cache.ask(speed.percentiles, filters, measure=measure, by="model", step=step):
        if one.n and one.start is not None and one.value not in tools:
            lines.setdefault(one.value, []).append(Measured(one.start, value_of(one, percentile), one.n))
    return dict(sorted(lines.items()))


def crowding(view: View) -> None:
    """A card of a heat map of whole requests; which duration is in the address."""
    with cards.card(
        "Where durations crowd",
        "Whole requests by how long they took; the more, the stronger. Lines: median and 95th percentile",
        key="heat",
        help="Each column is a step of time, each row half an octave: its upper end is 1.41 times its lower one. "
        "Two separate bands are two kinds of requests, which a percentile hides.",
    ):
        held = st.segmented_control(
            "Duration",
            list(_HEATS),
            default="latency",
            required=True,
            key="heat",
            bind="query-params",
            label_visibility="collapsed",
        )
        measure = _HEATS[held or "latency"]
        step = view.period.step
        cells = cache.ask(speed.heat_map, view.filters, step=step, measure=measure)
        if not cells:
            cards.empty("Nothing was measured", "No request of this period told how long it took.")
            return
        steps = [
            one
            for one in cache.ask(speed.percentiles, view.filters, measure=measure, step=step)
            if one.start is not None
        ]
        lines = {
            "median": [(one.start, one.p50_ms) for one in steps if one.start],
            "95th percentile": [(one.start, one.p95_ms) for one in steps if one.start],
        }
        plot.draw(
            heat.heat_map(
                cells,
                theme.mode(),
                step=step,
                what="requests",
                unit="time to first token" if measure == "ttft" else "latency",
                span=view.span,
                lines=lines,
            ),
            key=f"heat-{measure}",
            alt=f"Heat map: {units.count(sum(cell.n for cell in cells))} requests by step and duration, from "
            f"{units.duration(min(cell.low_ms for cell in cells))} to "
            f"{units.duration(max(cell.high_ms for cell in cells))}",
            zoom=view,
        )


def output(view: View) -> None:
    """A card of output tokens a second by model."""
    with cards.card(
        "Output speed by model",
        "Output tokens a second of a whole call, first token included. Click a model to filter",
        key="output",
        help="◆ mean: all output tokens over all seconds of the calls. The bar reaches from the 5th percentile of "
        "calls (nineteen of twenty were faster) to their median. n: calls whose tokens and time are known.",
    ):
        mode = theme.mode()
        colours = cache.colours(mode)
        rows = [
            Spread(
                name=f"{one.model}{'' if one.kind == 'model' else f' ({one.kind})'}",
                low=one.p5,
                middle=one.p50,
                mean=one.mean,
                n=one.n,
                colour=colours.get(one.model, theme.palette(mode).neutral),
                key=one.model,
            )
            for one in cache.ask(speed.token_speeds, view.filters)
        ]
        if not rows:
            cards.empty("No speed is known", "No call of a model in this period told both its tokens and its time.")
            return
        plot.draw(
            spread.spreads(
                rows,
                mode,
                unit="tokens a second",
                write=lambda value: units.UNKNOWN if value is None else f"{value:.1f}",
            ),
            key="output-chart",
            alt="Bars by model: output tokens a second, " + "; ".join(_spread_told(row) for row in rows),
            pick="model",
        )


def _spread_told(row: Spread) -> str:
    mean = units.UNKNOWN if row.mean is None else f"{row.mean:.1f}"
    return f"{row.name}: mean {mean}, n = {units.count(row.n)}"
