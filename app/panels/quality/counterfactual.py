"""What would have been: escalations that were or were not needed, and what the other model says to the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app import units
from app.dashboard import cards, components, navigation, plot, rows
from app.dashboard.components import Cell, Tone
from app.dashboard.rows import Column
from telemetry.query.escalation_need import EscalationNeed
from telemetry.query.proportion import Proportion
from telemetry.query.shadows import ShadowComparison

SAID: Final[dict[str, tuple[str, Tone]]] = {
    "helped": ("First answer bad, the given one good", "ok"),
    "in_vain": ("Both bad", "warn"),
    "needless": ("First answer was good already", "warn"),
    "worse": ("of these: a good one rejected, a bad one given", "bad"),
}


def escalations_card(need: EscalationNeed) -> None:
    """Which escalations were needed, and which were missed."""
    with cards.card(
        "Were escalations needed?",
        "Escalated decisions of which the first and the given answer were judged",
        key="need",
        help="Needed: the first answer is found bad. Missed: an answer that did not escalate is found bad, and the "
        "plan had a stronger model. Validators decide when a request escalates; evaluators say if they were right.",
    ):
        if not need.helped.n and not need.missed.n:
            cards.empty("No escalation was judged", 'Say always = ["escalated"] for the route, or wait for some.')
            return
        shares = {name: getattr(need, name) for name in SAID}
        lines = [(Cell(*SAID[name]), *_told(share)) for name, share in shares.items()]
        components.table(("Escalated", "n", "Share", "95 % interval"), lines, numbers=(1, 2, 3))
        missed = (Cell("Bad, with a stronger model left", "bad"), *_told(need.missed))
        components.table(("Not escalated", "n", "Share", "95 % interval"), [missed], numbers=(1, 2, 3))
        components.untrusted(
            f"Of {units.count(need.helped.n)} escalations with both verdicts, and of {units.count(need.missed.n)} "
            "decisions of the sample that did not escalate.",
            muted=True,
        )
        names = {"needless": "Newest needless one", "worse": "Newest that got worse", "missed": "Newest missed one"}
        with st.container(horizontal=True):
            for name, label in names.items():
                if need.newest.get(name):
                    navigation.decision_link(need.newest[name][0], label=label)
        plot.save(
            lambda: plot.written(
                [
                    ("what", "part", "n"),
                    *((name, one.part, one.n) for name, one in {**shares, "missed": need.missed}.items()),
                ]
            ),
            key="need",
            what="this table",
        )


def _told(one: Proportion) -> tuple[str, str, str]:
    between = units.UNKNOWN if one.low is None else f"{units.share(one.low)} to {units.share(one.high)}"
    return units.count(one.part), units.share(one.share), between


def shadows_card(found: Sequence[ShadowComparison]) -> None:
    """What quality the savings had."""
    with cards.card(
        "Routed answers against another model's",
        "The same requests, answered again by shadow calls, judged alike",
        key="shadows",
        help="Share of good routed answers minus that of the model that was asked the same afterwards, pair by pair; "
        "Newcombe's interval at 95 % (1998, method 10). An interval that holds 0 shows no difference. Cost: of the "
        "pairs whose costs are both known.",
    ):
        if not found:
            cards.empty(
                "No shadow call was judged",
                "Give a route of [evaluation.routes] a shadow table, as shadow = { rate = 0.01 }: without it nobody "
                "knows what the baseline would have said.",
            )
            return
        columns = [
            Column("Route", [one.route for one in found]),
            Column("Against", [one.model for one in found]),
            Column(
                "Pairs", [units.count(one.pairs.n) for one in found], number=True, sort=[one.pairs.n for one in found]
            ),
            _shares("Routed good", [one.good.first for one in found]),
            _shares("Other good", [one.good.second for one in found]),
            Column(
                "Difference",
                [_points(one.good.value) for one in found],
                number=True,
                sort=[one.good.value for one in found],
                tones=[_tone(one) for one in found],
                help="In percentage points; below 0 the routed answers are worse.",
            ),
            Column(
                "95 % interval",
                [f"{_points(one.good.low)} to {_points(one.good.high)}" for one in found],
                number=True,
                sort=[one.good.low for one in found],
            ),
            Column(
                "Cost of ours",
                [_cost(one) for one in found],
                number=True,
                sort=[_ratio(one) for one in found],
                help="Of the routed answers, as a share of what the other model's cost.",
            ),
        ]
        rows.draw(columns, key="shadows", names=[str(place) for place in range(len(found))], opens=False)
        plot.save(lambda: plot.written(_csv(found)), key="shadows", what="this table")
        worse = [decision for one in found for decision in one.worse[:2]][:3]
        if worse:
            with st.container(horizontal=True):
                for place, decision in enumerate(worse, start=1):
                    navigation.decision_link(decision, label=f"Bad where the other was good, {place}")


def _shares(title: str, some: Sequence[Proportion]) -> Column:
    return Column(title, [units.share(one.share) for one in some], number=True, sort=[one.share for one in some])


def _points(value: float | None) -> str:
    return units.UNKNOWN if value is None else f"{value * 100:+.1f} pp"


def _tone(one: ShadowComparison) -> Tone | None:
    """Only a difference that is more than chance has a colour."""
    if one.good.low is None or one.good.high is None:
        return None
    return "bad" if one.good.high < 0 else "ok" if one.good.low > 0 else None


def _ratio(one: ShadowComparison) -> float | None:
    return one.routed_nano / one.shadow_nano if one.routed_nano is not None and one.shadow_nano else None


def _cost(one: ShadowComparison) -> str:
    ratio = _ratio(one)
    return units.UNKNOWN if ratio is None else f"{units.share(ratio, 0)} (n = {units.count(one.costed)})"


def _csv(found: Sequence[ShadowComparison]) -> list[tuple[object, ...]]:
    head = ("route", "against", "both_good", "only_routed", "only_other", "both_bad", "difference", "low", "high")
    return [
        (*head, "routed_usd", "other_usd"),
        *(
            (
                *(one.route, one.model, one.pairs.both, one.pairs.first, one.pairs.second, one.pairs.neither),
                *(one.good.value, one.good.low, one.good.high, _usd(one.routed_nano), _usd(one.shadow_nano)),
            )
            for one in found
        ),
    ]


def _usd(nano: int | None) -> float | None:
    return None if nano is None else nano / units.NANO
