"""One validator's scores, the threshold in force, and what another one would have come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from app import plain, units
from app.dashboard import cache, cards, components, navigation, plot, theme
from app.dashboard.charts import scores as scores_chart
from app.dashboard.charts import thresholds as threshold_chart
from app.dashboard.charts.scores import Scored
from app.dashboard.components import Cell
from app.dashboard.view import View
from app.panels.escalations.reasons import read_from
from telemetry.query import escalations as query
from telemetry.query import scores as scores_query
from telemetry.query.proportion import Proportion
from telemetry.query.scores import RecentScores
from telemetry.query.what_if import Outcome, WhatIf

VALIDATOR: Final = "validator"
THRESHOLD: Final = "threshold"
"""The query parameters, and the keys of their widgets."""
MOST: Final = 6
"""Models whose scores are drawn, those with the most."""
NAME: Final = 60


@st.fragment
def draw(view: View, escalated: Proportion) -> None:
    """Four cards; moving the slider draws these alone. ``escalated``: of all requests of the period."""
    with cards.errors_shown("threshold"):
        recent = cache.ask(scores_query.recent_scores, view.filters)
        if not recent.what_ifs:
            _nothing(recent, escalated.n)
            return
        # Tools have thresholds too, but what they are not sure of is no escalation.
        every = sorted(recent.what_ifs, key=lambda one: one.kind != "model")
        with st.container(horizontal=True, vertical_alignment="bottom", key="threshold-choice"):
            chosen = _validator(every)
            looked_at = _slider(chosen)
        with cards.grid("threshold", narrowest="half"):
            _scores(view, chosen, looked_at)
            _words(chosen, looked_at, recent, escalated)
            _rate(chosen, looked_at)
            _cost(chosen, looked_at)


def title_of(one: WhatIf, every: Sequence[WhatIf]) -> str:
    """A validator by its name; with the kind of answers where it judges several."""
    alone = sum(other.validator == one.validator for other in every) == 1
    return one.validator if alone else f"{one.validator} of {one.kind}s"


def in_words(one: WhatIf, then: Outcome) -> list[str]:
    """What another threshold would have changed, and what of that is known and what is not."""
    goes_on = "went on to a model" if one.kind == "tool" else "escalated"
    said = [
        f"At {then.threshold:.2f}, {units.share(then.escalated.share)} of the requests would have {_participle(one)} "
        f"({units.share(then.escalated.low)} to {units.share(then.escalated.high)}); "
        f"{units.share(one.now.escalated.share)} {goes_on}."
    ]
    if then.kept:
        said.append(
            f"{units.plural(then.kept, 'answer')} that had been rejected would have been given: what came after "
            "is saved, and its cost is known."
        )
    if then.unheard:
        said.append(
            f"{units.count(then.unheard)} of these had not been put to a later validator, which might have rejected "
            "them; they count as given."
        )
    if then.sent_on:
        priced = then.sent_on - then.unpriced
        said.append(
            f"{units.plural(then.sent_on, 'answer')} that had been given would have been rejected, and one further "
            f"answer asked for: for {units.count(priced)} its cost is estimated from what the next model cost when it "
            "was asked. That the further answer passes is assumed."
        )
    if then.unpriced:
        said.append(
            f"For {units.count(then.unpriced)} there are too few answers of the next model to say what it costs: the "
            "true cost is higher than what is shown."
        )
    if then.stuck:
        said.append(
            f"{units.plural(then.stuck, 'answer')} would have been too low as well with nobody left to ask: they are "
            "given as before."
        )
    if not (then.kept or then.sent_on or then.stuck):
        said.append("Every answer would have been judged as it was.")
    return said


def of_the_newest(one: WhatIf, recent: RecentScores, escalated: Proportion) -> list[str]:
    """Why the rate is not that of the period, where it is another."""
    if recent.whole or one.kind != "model":
        return []
    return [
        f"These are the newest {units.count(recent.n)} decisions alone: of all {units.count(escalated.n)} of the "
        f"period {units.share(escalated.share)} escalated."
    ]


def first_choice(every: Sequence[WhatIf]) -> WhatIf:
    """Of models the validator with the most different scores: of one that says yes or no, no threshold is to be found.

    ``every``: at least one, those that rejected most first.
    """
    models = [one for one in every if one.kind == "model"] or every
    return max(models, key=lambda one: one.levels)


def quality_in_words(then: Outcome, evaluator: str | None) -> list[str]:
    """How good the answers are that another threshold would give or reject, as far as any were judged.

    ``evaluator``: who judged; None when nobody has judged any of the decisions.
    """
    said = []
    if then.kept:
        told = _judged(then.kept, "that would have been given", then.kept_good, evaluator)
        if then.kept_good.n:
            other = then.replaced_good
            told += f"; of what was given in their place {_good(other)}" if other.n else "; what replaced them was not"
        said.append(f"{told}.")
    if then.sent_on:
        told = _judged(then.sent_on, "that would have been rejected", then.sent_on_good, evaluator)
        if then.sent_on_good.n:
            told += ". Where an answer is good, to ask again gains nothing"
        said.append(f"{told}. How good the further answers would be is unknown.")
    return said


def _judged(number: int, which: str, good: Proportion, evaluator: str | None) -> str:
    if evaluator is None or not good.n:
        return f"Of {units.plural(number, 'answer')} {which}, none was judged: how good they are is unknown"
    return f"Of {units.plural(number, 'answer')} {which}, {evaluator} judged {units.count(good.n)}: {_good(good)}"


def _good(one: Proportion) -> str:
    return (
        f"{units.count(one.part)} of {units.count(one.n)}, {units.share(one.share)}, good (95 % interval "
        f"{units.share(one.low)} to {units.share(one.high)})"
    )


def _participle(one: WhatIf) -> str:
    return "gone on to a model" if one.kind == "tool" else "escalated"


def _nothing(recent: RecentScores, requests: int) -> None:
    with cards.card("Thresholds", "What another threshold would have come to", key="threshold-none"):
        components.untrusted(read_from(recent, requests), muted=True)
        cards.empty(
            "No answer among them was scored",
            "Give the route validators in the policy, or choose a period and filters with scored answers.",
        )


def _validator(every: Sequence[WhatIf]) -> WhatIf:
    titles = {title_of(one, every): one for one in every}
    asked = st.query_params.get(VALIDATOR, "")
    st.session_state[VALIDATOR] = asked if asked in titles else title_of(first_choice(every), every)
    picked = st.selectbox(
        "Validator",
        list(titles),
        key=VALIDATOR,
        on_change=_other_validator,
        format_func=lambda title: plain.visible(title, NAME),
        width=300,
        help="Those of models before those of tools; those that rejected most come first. Until one is chosen, it is "
        "that of models with the most different scores.",
    )
    return titles[picked]


def _other_validator() -> None:
    st.query_params[VALIDATOR] = st.session_state[VALIDATOR]
    # A threshold belongs to its validator.
    st.query_params.pop(THRESHOLD, None)


def _slider(chosen: WhatIf) -> float:
    in_force = chosen.thresholds[0][0] if chosen.thresholds else 0.5
    st.session_state[THRESHOLD] = _asked(st.query_params.get(THRESHOLD), in_force)
    return st.slider(
        "Threshold to look at",
        0.0,
        1.0,
        step=0.01,
        key=THRESHOLD,
        on_change=_other_threshold,
        width=420,
        help="For all requests of the filters at once, in place of the thresholds that were in force.",
    )


def _asked(text: str | None, otherwise: float) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = otherwise
    # Not a number is neither; and the slider knows hundredths.
    return round(value, 2) if 0 <= value <= 1 else round(min(max(otherwise, 0.0), 1.0), 2)


def _other_threshold() -> None:
    st.query_params[THRESHOLD] = f"{st.session_state[THRESHOLD]:.2f}"


def _scores(view: View, chosen: WhatIf, looked_at: float) -> None:
    with cards.card(
        "Scores",
        f"How {plain.visible(chosen.validator, NAME)} scored; full line: threshold in force, dashed: looked at",
        key="scores",
        help="All scores of the period by this validator, by whose answer was scored. Bars below every threshold in "
        "force are pale. Most answers get the same score, so heights are logarithmic.",
    ):
        found = [
            row
            for row in cache.ask(query.validators, view.filters)
            if row.validator == chosen.validator and row.kind == chosen.kind and row.histogram
        ]
        if not found:
            cards.empty("No scores in whole hours yet", "They are counted as soon as the hour's decisions are written.")
            return
        most = sorted(found, key=lambda row: (-row.passed.n, row.model))[:MOST]
        mode = theme.mode()
        plot.draw(
            scores_chart.distribution(
                [Scored(row.model, row.histogram) for row in most],
                [threshold for threshold, _ in chosen.thresholds],
                looked_at,
                mode,
                cache.colours(mode),
            ),
            key="scores-chart",
            alt="Histograms of scores by model, with the threshold in force",
        )


def _words(chosen: WhatIf, looked_at: float, recent: RecentScores, escalated: Proportion) -> None:
    then = chosen.points[round(looked_at * (len(chosen.points) - 1))]
    goes_on = "Went on to a model" if chosen.kind == "tool" else "Escalation rate"
    with cards.card(
        f"{looked_at:.2f} in place of {_in_force(chosen)}"
        if _in_force(chosen) != f"{looked_at:.2f}"
        else f"{looked_at:.2f}, as in force",
        read_from(recent, escalated.n),
        key="what-if",
        help="Recomputed from logged decisions, all other thresholds as they were. Known: the costs of answers that "
        "exist. Estimated: the cost of answers that were never asked for; its interval is at 95 %, and covers both "
        "what such an answer costs and how well its average is known. Requests whose course thresholds alone do not "
        "explain are left out.",
    ):
        components.table(
            ("", "As it was", "Then", "Difference"),
            [
                (
                    goes_on,
                    units.share(chosen.now.escalated.share),
                    units.share(then.escalated.share),
                    units.change(then.escalated.share, chosen.now.escalated.share, points=True) or "",
                ),
                (
                    "Requests",
                    units.count(chosen.now.escalated.part),
                    units.count(then.escalated.part),
                    _more(chosen, then),
                ),
                (
                    f"Cost of {units.plural(chosen.costed, 'request')}",
                    units.nano_usd(chosen.now.cost_nano),
                    units.nano_usd(then.cost_nano),
                    _cheaper(chosen, then),
                ),
                # Without an estimate in it there is nothing to be unsure of.
                *([("95 % interval of the cost", "known", between, "")] if (between := _between(then)) else []),
            ],
            numbers=(1, 2, 3),
        )
        components.paragraphs(
            [
                *in_words(chosen, then),
                *quality_in_words(then, plain.visible(recent.evaluator, NAME) if recent.evaluator else None),
                *of_the_newest(chosen, recent, escalated),
            ]
        )
        left = f" {units.plural(chosen.left_out, 'request')} left out." if chosen.left_out else ""
        components.untrusted(
            f"n = {units.count(chosen.n)} requests, {units.count(chosen.concerned)} of them scored by this validator."
            f"{left} Validators cannot tell whether an answer was right: what is said of quality rests on those that "
            "were judged, whatever they were picked for.",
            muted=True,
        )
        navigation.decisions_link("Escalated ones", path="escalated")


def _rate(chosen: WhatIf, looked_at: float) -> None:
    what = "go on to a model" if chosen.kind == "tool" else "escalate"
    with cards.card(
        "Rate by threshold",
        f"Share of requests that would {what}, with its 95 % interval",
        key="rate-by-threshold",
        help="The same requests at every threshold of this validator, all others as they were.",
    ):
        plot.draw(
            threshold_chart.rate_by_threshold(chosen, looked_at, theme.mode()),
            key="rate-by-threshold-chart",
            alt="Line: share of requests that would escalate, by threshold",
        )


def _cost(chosen: WhatIf, looked_at: float) -> None:
    with cards.card(
        "Cost by threshold",
        "US dollars per 1,000 requests; the band is what is estimated",
        key="cost-by-threshold",
        help="Of the requests whose cost is known. Below the thresholds in force all of it is known; above them the "
        "further answers are estimated, and the band is the interval at 95 %.",
    ):
        plot.draw(
            threshold_chart.cost_by_threshold(chosen, looked_at, theme.mode()),
            key="cost-by-threshold-chart",
            alt="Line: what a thousand requests would cost, by threshold",
        )


def _in_force(chosen: WhatIf) -> str:
    found = [f"{threshold:.2f}" for threshold, _ in sorted(chosen.thresholds)]
    if len(found) <= 3:
        return " and ".join(found) or "none"
    return f"{found[0]} to {found[-1]}"


def _more(chosen: WhatIf, then: Outcome) -> str:
    difference = then.escalated.part - chosen.now.escalated.part
    return f"{difference:+,}" if difference else "none"


def _cheaper(chosen: WhatIf, then: Outcome) -> Cell | str:
    if chosen.now.cost_nano is None or then.cost_nano is None:
        return units.UNKNOWN
    difference = then.cost_nano - chosen.now.cost_nano
    if not difference:
        return "none"
    sign = "+" if difference > 0 else ""
    return Cell(f"{sign}{units.nano_usd(difference)}", "warn" if difference > 0 else "ok")


def _between(then: Outcome) -> str | None:
    if then.low_nano == then.high_nano:
        return None
    return f"{units.nano_usd(then.low_nano)} to {units.nano_usd(then.high_nano)}"
