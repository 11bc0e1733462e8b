"""Escalations: how often a first answer was not good enough, why, and what another threshold would change."""

from __future__ import annotations

from dataclasses import replace

from app.dashboard import cache, cards, page
from app.dashboard.view import View
from app.panels.escalations import rates, reasons, threshold
from telemetry.query import escalations as query
from telemetry.query import scores


def show() -> None:
    """The page."""
    page.looked_at(
        "Escalations",
        "How often a first answer was not good enough, why, and what another threshold would change",
        _body,
        key="escalations",
    )


def _body(view: View) -> None:
    cache.ahead(scores.recent_scores, view.filters)
    (now,) = cache.ask(query.escalations, view.filters)
    if not now.escalated.n:
        page.nothing_here(view, cache.store_state())
        return
    if view.filters.simulated is not False and cache.store_state().simulated_requests:
        (simulated,) = cache.ask(query.escalations, replace(view.filters, simulated=True))
        cards.simulated_banner(simulated.escalated.n, now.escalated.n)
    before = None if view.before is None else cache.ask(query.escalations, view.before)[0]
    steps = cache.ask(query.escalations, view.filters, step=view.period.step)
    drawn_before = view.before if view.compare else None
    earlier = [] if drawn_before is None else cache.ask(query.escalations, drawn_before, step=view.period.step)
    recent = cache.ask(scores.recent_scores, view.filters)
    rates.numbers(view, now, before, steps, recent)
    with cards.grid("rates", narrowest="half"):
        rates.over_time_card(view, steps, earlier)
        rates.funnel_card(view, now)
    with cards.grid("why", narrowest="half"):
        rates.ranked_card(view)
        reasons.aftermath_card(recent, now.escalated.n)
    reasons.reasons_card(view, recent)
    threshold.draw(view, now.escalated)


if __name__ == "__main__":
    show()
