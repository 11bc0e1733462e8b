"""Quality: how good the answers are, what that costs, and how far those who judge can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import streamlit as st

from app import plain
from app.dashboard import cache, cards, components, page
from app.dashboard.view import View
from app.panels.quality import counterfactual, numbers, scorecard, trust, work
from app.panels.quality.numbers import Judged
from telemetry.query import calibration, escalation_need, judges, shadows
from telemetry.query import scorecard as query
from telemetry.query.scorecard import EvaluatorUse

BY: Final = "judged"
"""The query parameter that says whose verdicts count, and the key of its widget."""


def show() -> None:
    """The page."""
    page.looked_at(
        "Quality",
        "How good the answers are, what that costs, and how far those who judge can be believed",
        _body,
        key="quality",
    )


def _body(view: View) -> None:
    filters = view.filters
    cache.ahead(judges.judge_agreements, filters)
    uses = cache.ask(query.evaluators, filters)
    if not uses:
        work.nothing_judged(view)
        return
    _say_what_is_simulated(view)
    use = _chosen(uses)
    name = use.name
    cache.ahead(query.weekly, filters, name)
    cache.ahead(escalation_need.escalation_need, filters, name)
    cache.ahead(shadows.shadow_comparisons, filters, name)
    if use.method != "human":
        cache.ahead(judges.to_label, filters, name)
    agreements = cache.ask(judges.judge_agreements, filters)
    weekly = cache.ask(query.weekly, filters, name)
    judged = Judged(
        use=use,
        weeks=weekly.verdicts,
        card=weekly.card,
        calibration=cache.ask(calibration.calibrations, filters, name),
        need=cache.ask(escalation_need.escalation_need, filters, name),
        agreements=agreements,
    )
    numbers.draw(view, judged)
    scorecard.card(judged)
    with cards.grid("quality", narrowest="half"):
        scorecard.over_time(judged)
        trust.calibration_card(judged.calibration)
    counterfactual.shadows_card(cache.ask(shadows.shadow_comparisons, filters, name))
    with cards.grid("counterfactual", narrowest="half"):
        counterfactual.escalations_card(judged.need)
        trust.judges_card(agreements)
    if use.method != "human":
        work.label_card(cache.ask(judges.to_label, filters, name))
    work.work_card(view, uses)


def _chosen(uses: Sequence[EvaluatorUse]) -> EvaluatorUse:
    """Whose verdicts count; a choice is offered when there are several."""
    by_name = {one.name: one for one in uses}
    if len(by_name) == 1:
        return uses[0]
    picked = st.segmented_control(
        "Judged by",
        list(by_name),
        default=uses[0].name,
        required=True,
        key=BY,
        bind="query-params",
        format_func=plain.markdown,
    )
    return by_name.get(str(picked), uses[0])


def _say_what_is_simulated(view: View) -> None:
    if view.filters.simulated is False or not cache.store_state().simulated_requests:
        return
    if cache.ask(query.evaluators, replace(view.filters, simulated=True)):
        components.notice(
            "Simulated: verdicts on demo traffic are made up, and nobody has judged anything. Remove them with "
            "`routescope demo --clear`."
        )


if __name__ == "__main__":
    show()
