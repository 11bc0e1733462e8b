"""Overview: what was asked, what it cost, what that saved, and whether it went well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import streamlit as st

from app import units
from app.dashboard import address, cache, charts, components, navigation, tables, theme, toolbar
from app.dashboard.charts import Series
from app.dashboard.view import View
from app.demo_progress import DemoProgress, progress
from telemetry.query.overview import Bucket, Step, Totals
from telemetry.query.store import StoreState

LATEST = 8
DEMO_SIZES = {2_000: "half a minute", 20_000: "two minutes"}
"""Requests of a demo, and about how long they take to write and to look through."""


def show() -> None:
    """The page."""
    with components.errors_shown("overview"):
        state = cache.store_state()
        if not state.requests:
            _first_screen()
            return
        view = toolbar.draw("Overview", "What was asked, what it cost, what routing saved")
        now = progress(cache.settings())
        if now is not None and now.running:
            _demo_under_way()
        with components.loading(420):
            _body(view, state)


def _body(view: View, state: StoreState) -> None:
    now = cache.totals(view.filters)
    if not now.requests:
        _nothing_here(view, state)
        return
    simulated = cache.totals(replace(view.filters, simulated=True)).requests if state.simulated_requests else 0
    components.simulated_banner(simulated if view.filters.simulated is not False else 0, now.requests)
    before = _totals_before(view, state)
    buckets = cache.series(view.filters, view.period.step)
    _cards(now, before, buckets, view.period.step)
    _over_time(view, buckets, state)
    _flow_and_latency(view, buckets, state)
    _models(view)
    _latest(view)


def _totals_before(view: View, state: StoreState) -> Totals | None:
    """Of the period before; None when the store does not cover all of it, since that would compare unlike things."""
    earlier = view.before
    if earlier is None or earlier.start is None or state.first is None or state.first > earlier.start:
        return None
    return cache.totals(earlier)


def _cards(now: Totals, before: Totals | None, buckets: Sequence[Bucket], step: Step) -> None:
    def course(read: Callable[[Bucket], float | None], idle: float | None = None) -> list[float | None]:
        return charts.course([(bucket.start, read(bucket)) for bucket in buckets], step, idle=idle)

    with components.grid("numbers", narrowest="kpi"):
        components.kpi(
            "Requests",
            units.count(now.requests),
            change=_change(now, before, lambda one: one.requests),
            line=course(lambda bucket: bucket.requests, 0),
            note=f"{units.count(now.by_tool)} answered by a tool, no model called",
            help="Decisions of the period, failed and denied ones included. "
            "Changes are against the period of the same length right before, where the store covers it.",
            key="requests",
        )
        components.kpi(
            "Spend",
            units.nano_usd(now.cost_nano),
            change=_change(now, before, lambda one: one.cost_nano),
            line=course(lambda bucket: _dollars(bucket.cost_nano), 0),
            note=_spend_note(now),
            help="All that was spent: accepted, rejected and failed branches, probes and judges. "
            "Requests whose cost is unknown are counted beside it, never as zero.",
            key="spend",
        )
        components.kpi(
            "Saved vs baseline",
            units.nano_usd(now.savings_nano),
            change=_change(now, before, _saved_share, points=True),
            better="up",
            line=course(lambda bucket: _dollars(bucket.savings_nano), 0),
            note=f"{units.share(_saved_share(now))} of the baseline; n = {units.count(now.savings_n)}",
            help="Baseline: the strongest model that was eligible for the same request, at its price. Saved: baseline "
            "minus all that was spent, over the n requests where both are known. The change compares shares.",
            key="saved",
        )
        components.kpi(
            "Escalation rate",
            units.share(_rate(now.escalated, now.requests)),
            change=_change(now, before, lambda one: _rate(one.escalated, one.requests), points=True),
            better="down",
            line=course(lambda bucket: _rate(bucket.escalated, bucket.requests)),
            note=_interval(now.escalated, now.requests),
            help="Requests with a further branch because a score fell below its threshold. "
            "The interval is Wilson's, at 95 %.",
            key="escalated",
        )
        components.kpi(
            "Latency, p95",
            units.duration(now.latency_p95_ms),
            change=_change(now, before, lambda one: one.latency_p95_ms),
            better="down",
            line=course(lambda bucket: bucket.latency_p95_ms),
            note=f"median {units.duration(now.latency_p50_ms)}; first token p95 {units.duration(now.ttft_p95_ms)}",
            help="Request in to decision settled: 95 of 100 requests took at most this long.",
            key="latency",
        )
        components.kpi(
            "Failure rate",
            units.share(_rate(now.failed, now.requests), 2),
            change=_change(now, before, lambda one: _rate(one.failed, one.requests), points=True),
            better="down",
            line=course(lambda bucket: _rate(bucket.failed, bucket.requests)),
            # A number stays with its word.
            note=f"{units.count(now.failed)} failed, {units.count(now.denied)} denied, "
            f"{units.count(now.cancelled)} cancelled".replace(" ", "\u00a0").replace(",\u00a0", ", "),
            help="Requests that ended with no answer because every branch failed. Denied and cancelled ones are apart.",
            key="failed",
        )


def _change(
    now: Totals, before: Totals | None, read: Callable[[Totals], float | None], *, points: bool = False
) -> str | None:
    return None if before is None else units.change(read(now), read(before), points=points)


def _spend_note(now: Totals) -> str:
    unknown = f"; {units.plural(now.cost_unknown, 'request')} of unknown cost" if now.cost_unknown else ""
    return f"{units.nano_usd(now.discarded_nano)} of it on answers not used{unknown}"


def _interval(part: int, whole: int) -> str:
    between = units.wilson(part, whole)
    return "" if between is None else f"95 % interval {units.share(between[0])} to {units.share(between[1])}"


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _saved_share(totals: Totals) -> float | None:
    return (
        totals.savings_nano / totals.baseline_nano if totals.savings_nano is not None and totals.baseline_nano else None
    )


def _over_time(view: View, buckets: Sequence[Bucket], state: StoreState) -> None:
    mode = theme.mode()
    shades = theme.palette(mode)
    span = _span(view, state)
    with components.grid("time", narrowest="half"):
        with components.card("Spend by model", "US dollars, every branch, used or not", key="spend"):
            costs: dict[str, dict[datetime, float]] = {}
            for bucket in cache.model_series(view.filters, view.period.step):
                if bucket.cost_nano is not None:
                    steps = costs.setdefault(bucket.model, {})
                    steps[bucket.start] = steps.get(bucket.start, 0.0) + bucket.cost_nano / units.NANO
            colours = cache.colours(mode)
            spent = [
                Series(model, sorted(steps.items()), colours.get(model, shades.neutral))
                for model, steps in sorted(costs.items(), key=lambda item: -sum(item[1].values()))
                if any(steps.values())
            ]
            components.chart(
                charts.bars_over_time(
                    spent, mode, step=view.period.step, unit="USD", write=units.usd, span=span, tick_prefix="$"
                ),
                key="spend-chart",
                alt="Stacked bars: spend a step, by model",
            )
        with components.card("Requests", "How they ended", key="requests"):
            kinds: list[tuple[str, Callable[[Bucket], int], str]] = [
                (
                    "answered",
                    lambda bucket: bucket.requests - bucket.failed - bucket.denied - bucket.cancelled,
                    shades.accent,
                ),
                ("cancelled", lambda bucket: bucket.cancelled, shades.neutral),
                ("denied", lambda bucket: bucket.denied, shades.warn),
                ("failed", lambda bucket: bucket.failed, shades.bad),
            ]
            ended = [
                Series(name, [(bucket.start, read(bucket)) for bucket in buckets], colour)
                for name, read, colour in kinds
            ]
            components.chart(
                charts.bars_over_time(
                    [one for one in ended if any(value for _, value in one.points)],
                    mode,
                    step=view.period.step,
                    unit="requests",
                    write=units.count,
                    span=span,
                ),
                key="requests-chart",
                alt="Stacked bars: requests a step, by how they ended",
            )


def _flow_and_latency(view: View, buckets: Sequence[Bucket], state: StoreState) -> None:
    mode = theme.mode()
    shades = theme.palette(mode)
    with components.grid("flow", narrowest="half"):
        with components.card(
            "Where requests went", "From intent, by what was tried first, to what answered", key="flow"
        ):
            components.chart(
                charts.flow_chart(cache.flows(view.filters), mode, cache.colours(mode)),
                key="flow-chart",
                alt="Flow from intent by first model to the model that answered",
            )
        with components.card("Latency", "Whole request, median and 95th percentile", key="latency"):
            lines = [
                Series(
                    "median", [(bucket.start, _seconds(bucket.latency_p50_ms)) for bucket in buckets], shades.neutral
                ),
                Series("p95", [(bucket.start, _seconds(bucket.latency_p95_ms)) for bucket in buckets], shades.accent),
            ]
            components.chart(
                charts.lines_over_time(
                    lines,
                    mode,
                    step=view.period.step,
                    unit="seconds",
                    write=lambda seconds: units.duration(None if seconds is None else seconds * 1000),
                    span=_span(view, state),
                    height=330,
                ),
                key="latency-chart",
                alt="Lines: median and 95th percentile of latency a step",
            )


def _models(view: View) -> None:
    with components.card(
        "Models and tools", "One row a model, tool and use. Click a row to see its decisions", key="models"
    ):
        chosen = tables.models(cache.by_model(view.filters), key="models")
        if chosen is not None:
            navigation.open_decisions(model=chosen)


def _latest(view: View) -> None:
    with components.card("Latest decisions", "Click a row to see why it went where it went", key="latest"):
        chosen = tables.decisions(cache.page(view.filters, limit=LATEST).rows, key="latest")
        navigation.link_to(navigation.DECISIONS, label="All decisions")
        if chosen is not None:
            navigation.open_decision(chosen)


def _first_screen() -> None:
    components.page_header("Overview", "Nothing has been routed yet")
    with components.grid("first", narrowest="half"):
        with components.card("Route a prompt of your own", "See every step as it happens", key="first-playground"):
            components.untrusted(
                "Type a prompt in the playground: it is routed through the real models, and its decision appears here."
            )
            navigation.link_to(navigation.PLAYGROUND, label="Open the playground")
        _offer_demo()
    st.button("Look again", icon=":material/refresh:", on_click=cache.forget)


@st.fragment(run_every=2)
def _offer_demo() -> None:
    # Imported when an empty store is met and not before: it brings the whole router along.
    from app import demo

    with components.card("Or look around first", "Eight weeks of simulated traffic", key="first-demo"):
        components.untrusted(
            "Simulated history goes through the real router and is labelled as simulated wherever it shows."
        )
        now = progress(cache.settings())
        running = now is not None and now.running
        if not running and cache.store_state().requests:
            cache.forget()
            st.rerun()
        size = st.segmented_control(
            "How much",
            list(DEMO_SIZES),
            format_func=lambda size: f"{size:,} requests, {DEMO_SIZES[size]}",
            default=demo.DEFAULT_REQUESTS,
            required=True,
            disabled=running,
            key="demo-size",
        )
        if st.button("Write demo traffic", type="primary", disabled=running):
            demo.start_in_background(cache.settings(), count=size)
            st.rerun(scope="fragment")
        if now is not None and now.error:
            components.notice(f"{now.error[:1].upper()}{now.error[1:]}.", tone="bad")
        elif now is not None and running:
            st.progress(now.share, text=_stage(now))


def _stage(now: DemoProgress) -> str:
    if now.stage == "drift":
        return f"{now.total:,} requests written; looking for drift in them"
    return f"{now.done:,} of {now.total:,} requests written"


@st.fragment(run_every=2)
def _demo_under_way() -> None:
    """What is counted below is not all yet; once it is, the page is drawn anew."""
    now = progress(cache.settings())
    if now is not None and now.running:
        components.notice(f"Demo traffic is being written: {_stage(now)}. What is below grows until it is done.")
    else:
        cache.forget()
        st.rerun()


def _nothing_here(view: View, state: StoreState) -> None:
    others = sum(number for purpose, number in state.by_purpose.items() if purpose not in view.filters.purposes)
    with components.card("No requests to count here", view.period.label, key="nothing"):
        if state.by_purpose.get("user", 0) == 0 and others and "playground" not in view.filters.purposes:
            components.untrusted(
                f"The store holds {units.plural(others, 'request')}, none of them made by users; "
                "business numbers count what users asked."
            )
            st.button("Include playground", on_click=_include_playground, type="primary")
        elif view.narrowed:
            components.untrusted("No request matches these filters. Remove one, or choose a longer period.")
        else:
            components.untrusted(f"The newest request is of {units.when(state.last)} UTC. Choose a longer period.")


def _include_playground() -> None:
    address.put("playground", True)


def _dollars(nano: int | None) -> float | None:
    return None if nano is None else nano / units.NANO


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def _span(view: View, state: StoreState) -> tuple[datetime, datetime] | None:
    start = view.period.start or state.first
    if start is None:
        return None
    end = view.period.end
    if view.period.step == "day":
        start = start.replace(hour=0, minute=0, second=0, microsecond=0)
        end = (end - timedelta(seconds=1)).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return start, end


if __name__ == "__main__":
    show()
