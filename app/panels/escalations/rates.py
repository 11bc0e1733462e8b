"""How often requests had to go further: six numbers, over time, by what was asked, and step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, cast

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, navigation, plot, theme
from app.dashboard.charts import funnel as funnel_chart
from app.dashboard.charts import over_time, ranked
from app.dashboard.charts import rate as rate_chart
from app.dashboard.charts.over_time import Mark
from app.dashboard.charts.rate import Rate
from app.dashboard.plot import Pick
from app.dashboard.view import View
from telemetry.query import escalations as query
from telemetry.query import funnel as funnel_query
from telemetry.query import policies
from telemetry.query.escalations import EscalationDimension, Escalations
from telemetry.query.scores import RecentScores

BY: Final = "by"
"""The query parameter that says by what rates are ranked, and the key of its widget."""
DIMENSIONS: Final[dict[str, tuple[EscalationDimension, str, Pick | None]]] = {
    "intent": ("intent", "Intent", "intent"),
    "route": ("route", "Route", "route"),
    "model": ("first", "Tried first", "model"),
    "tenant": ("tenant", "Tenant", "tenant"),
    "risk": ("risk", "Risk", "risk"),
    "policy": ("policy_version", "Policy", None),
}
"""What the parameter may say: the dimension, its name on screen, and the filter that a click sets."""
MOST: Final = 12
"""Values that are ranked, those with the most requests."""


def numbers(
    view: View,
    now: Escalations,
    before: Escalations | None,
    steps: Sequence[Escalations],
    recent: RecentScores,
) -> None:
    """Six numbers of the period."""

    def course(read: Callable[[Escalations], float | None], idle: float | None = None) -> list[float | None]:
        points = [(one.start, read(one)) for one in steps if one.start is not None]
        return over_time.course(points, view.period.step, idle=idle)

    def change(read: Callable[[Escalations], float | None], *, points: bool = False) -> str | None:
        return None if before is None else units.change(read(now), read(before), points=points)

    with cards.grid("numbers", narrowest="kpi"):
        cards.kpi(
            "Escalation rate",
            units.share(now.escalated.share),
            change=change(lambda one: one.escalated.share, points=True),
            better="down",
            sure=before is not None and now.escalated.differs_from(before.escalated),
            line=course(lambda one: one.escalated.share),
            note=f"95 % interval {units.share(now.escalated.low)} to {units.share(now.escalated.high)}; "
            f"n = {units.count(now.escalated.n)}",
            help="Requests with a further branch because a score fell below its threshold, of all requests. A tool "
            "that was not sure is no escalation. The interval is Wilson's.",
            key="escalated",
            more=lambda: navigation.decisions_link("Escalated ones", path="escalated"),
        )
        cards.kpi(
            "Fallback rate",
            units.share(now.fell_back.share, 2),
            change=change(lambda one: one.fell_back.share, points=True),
            better="down",
            sure=before is not None and now.fell_back.differs_from(before.fell_back),
            line=course(lambda one: one.fell_back.share),
            note=f"95 % interval {units.share(now.fell_back.low, 2)} to {units.share(now.fell_back.high, 2)}",
            help="Requests with a further branch because one failed: an error, a timeout, a safety stop. For "
            "comparison: an escalation is a doubt, a fallback is a fault.",
            key="fell-back",
            more=lambda: navigation.decisions_link("Those that fell back", path="fell_back"),
        )
        cards.kpi(
            "Answered by a tool",
            units.share(now.by_tool.share),
            change=change(lambda one: one.by_tool.share, points=True),
            better="up",
            sure=before is not None and now.by_tool.differs_from(before.by_tool),
            line=course(lambda one: one.by_tool.share),
            note=f"{units.plural(now.by_tool.part, 'request')}, no model called",
            help="Requests that a tool answered, so that no model could be escalated to.",
            key="by-tool",
            more=lambda: navigation.decisions_link("Answered by a tool", path="by_tool"),
        )
        cards.kpi(
            "Unused answers",
            units.nano_usd(now.discarded_nano),
            change=change(_discarded_share, points=True),
            better="down",
            line=course(lambda one: _dollars(one.discarded_nano), 0),
            note=f"{units.share(_discarded_share(now))} of the spend"
            + (f"; {units.plural(now.cost_unknown, 'request')} of unknown cost" if now.cost_unknown else ""),
            help="What rejected and failed branches, probes and judges cost, of the requests whose cost is known. The "
            "change compares shares of the spend.",
            key="discarded",
            more=lambda: navigation.decisions_link("Escalated ones", path="escalated"),
        )
        _of_recent(recent)


def _of_recent(recent: RecentScores) -> None:
    ended = [row.endings for row in recent.aftermaths]
    n = sum(row.escalations for row in recent.aftermaths)
    passed = sum(one["passed"].part for one in ended)
    unheard = sum(one["unheard"].part for one in ended)
    cards.kpi(
        "Passed after it",
        units.share(passed / n if n else None),
        change=None,
        line=(),
        note=f"n = {units.count(n)}{_newest(recent)}; {units.count(unheard)} more were not put to the same check"
        if n
        else "no escalation among the newest decisions",
        help="Of the escalations among the newest decisions: those whose further answer passed what had rejected the "
        "first one. This is what the validators say, not whether the answer was better.",
        key="passed-after",
        more=lambda: navigation.decisions_link("Escalated ones", path="escalated"),
    )
    further = [row.further_nano for row in recent.aftermaths]
    cost = None if not n or None in further else sum(one or 0 for one in further) / n
    cards.kpi(
        "Extra cost, mean",
        units.usd(None if cost is None else cost / units.NANO),
        change=None,
        line=(),
        note=f"of one escalation, beside the rejected answer; n = {units.count(n)}{_newest(recent)}"
        if n
        else "nothing to average",
        help="What was spent after the first answer was rejected: the further answers, and those called to judge them. "
        "Of the escalations among the newest decisions.",
        key="extra",
        more=lambda: navigation.decisions_link("Escalated ones", path="escalated"),
    )


def _newest(recent: RecentScores) -> str:
    return "" if recent.whole else f" in the newest {units.count(recent.n)} decisions alone"


def over_time_card(view: View, steps: Sequence[Escalations], earlier: Sequence[Escalations]) -> None:
    """A card of the rate in its band."""
    with cards.card(
        "Escalation rate over time",
        "Share of requests that escalated, with its 95 % interval",
        key="rate",
        help="Escalated requests of a step divided by all requests of it. The band is Wilson's interval: where few "
        "requests were counted it is wide, and a peak in it may be chance.",
    ):
        shades = theme.palette(theme.mode())
        plot.draw(
            rate_chart.rate(
                "escalation rate",
                _rates(steps),
                theme.mode(),
                shades.accent,
                step=view.period.step,
                span=view.span,
                before=_rates(earlier),
                shift=view.shift,
                marks=_new_policies(view),
                height=372,
            ),
            key="rate-chart",
            alt="Line with a band: escalation rate a step, with its 95 % interval",
            zoom=view,
        )


def ranked_card(view: View) -> None:
    """A card of rates by one dimension, the highest first."""
    with cards.card(
        "By what was asked",
        "Share of requests that escalated, the highest first; in brackets: requests",
        key="ranked",
        help="Of the values with the most requests. The whisker is Wilson's interval at 95 %: two rates whose whiskers "
        "overlap widely may be the same. A click sets the filter. Tried first: the model or tool at which the request "
        "began; a filter on models means that one on this page.",
    ):
        chosen = _dimension()
        dimension, _, pick = DIMENSIONS[chosen]
        rows = cache.ask(query.escalations, view.filters, dimension)[:MOST]
        rows = sorted(rows, key=lambda one: (-(one.escalated.share or 0.0), -one.escalated.n))
        mode = theme.mode()
        shades, colours = theme.palette(mode), cache.colours(mode)
        bars = [
            ranked.Bar(
                f"{plain.visible(_name(one.value, chosen), 22)} ({units.compact(one.escalated.n)})",
                one.escalated.share,
                colours.get(one.value, shades.accent) if chosen == "model" else shades.accent,
                note=f"{units.count(one.escalated.part)} of {units.count(one.escalated.n)} requests",
                low=one.escalated.low,
                high=one.escalated.high,
                key=one.value,
            )
            for one in rows
        ]
        figure = ranked.bars(bars, mode, unit="of requests", write=units.share, share=True)
        plot.draw(
            figure, key=f"ranked-{chosen}", alt=f"Bars: escalation rate by {DIMENSIONS[chosen][1].lower()}", pick=pick
        )


def funnel_card(view: View, now: Escalations) -> None:
    """A card of the steps from tools to the last tier."""
    with cards.card(
        "How far requests had to go",
        "Tools first, then the tiers of models: what each step answered, and what it cost",
        key="funnel",
        help="A step is asked for an answer when the one before had none or none good enough; intents and rules can "
        "begin at any tier. Counted are answers asked for, retries left out: two tools tried for one request count "
        "twice. Cost is that of the step's own branches; probes and judges are apart.",
    ):
        stages = cache.ask(funnel_query.funnel, view.filters)
        plot.draw(
            funnel_chart.funnel(now.escalated.n, stages, theme.mode()),
            key="funnel-chart",
            alt="Bars from tools to tiers: answers asked for at each step, by whether they were given",
        )
        with st.container(horizontal=True):
            navigation.decisions_link("Escalated ones", path="escalated")
            navigation.decisions_link("Those that fell back", path="fell_back")
            navigation.decisions_link("Answered by a tool", path="by_tool")


def _dimension() -> str:
    asked = st.query_params.get(BY, "intent")
    st.session_state[BY] = asked if asked in DIMENSIONS else "intent"
    return cast(
        str,
        st.segmented_control(
            "By",
            list(DIMENSIONS),
            key=BY,
            required=True,
            on_change=_follow,
            format_func=lambda name: DIMENSIONS[name][1],
            label_visibility="collapsed",
        ),
    )


def _follow() -> None:
    st.query_params[BY] = st.session_state[BY]


def _name(value: str, dimension: str) -> str:
    if not value:
        return "nothing ran" if dimension == "model" else "none"
    return value[:12] if dimension == "policy" else value


def _rates(steps: Sequence[Escalations]) -> list[Rate]:
    return [Rate(one.start, one.escalated) for one in steps if one.start is not None]


def _new_policies(view: View) -> list[Mark]:
    """The versions that came into force within the period, for the traffic that is shown."""
    span = view.span
    if span is None:
        return []
    start, end = span[0], min(span[1], datetime.now(UTC))
    return [
        Mark(one.first_seen, f"policy {one.name}, version {one.version[:12]}")
        for one in cache.ask(policies.versions)
        if start < one.first_seen < end and view.filters.simulated in (None, one.simulated)
    ]


def _discarded_share(one: Escalations) -> float | None:
    return one.discarded_nano / one.cost_nano if one.discarded_nano is not None and one.cost_nano else None


def _dollars(nano: int | None) -> float | None:
    return None if nano is None else nano / units.NANO
