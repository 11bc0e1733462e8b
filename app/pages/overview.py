"""Overview: what was asked, what it cost, what that saved, and whether it went well."""

from __future__ import annotations

from app.dashboard import cache, cards, navigation, page, tables, theme
from app.dashboard.view import View
from app.panels.overview import first_screen, glance, numbers, traffic
from telemetry.query import decisions, overview, scorecard
from telemetry.query.overview import Totals

LATEST = 8


def show() -> None:
    """The page."""
    page.counted(
        "Overview",
        "What was asked, what it cost, what routing saved",
        _body,
        key="overview",
        empty=first_screen.draw,
    )


def _body(view: View, now: Totals) -> None:
    cache.ahead(scorecard.evaluators, view.filters)
    cache.ahead(overview.model_series, view.filters, view.period.step)
    cache.ahead(overview.flows, view.filters)
    cache.ahead(overview.by_model, view.filters)
    cache.ahead(decisions.page, view.filters, limit=LATEST)
    first_screen.demo_under_way()
    before = None if view.before is None else cache.ask(overview.totals, view.before)
    buckets = cache.ask(overview.series, view.filters, view.period.step)
    earlier = cache.ask(overview.series, view.before, view.period.step) if view.compare and view.before else []
    numbers.draw(view, now, before, buckets)
    glance.draw(view)
    with cards.grid("time", narrowest="half"):
        traffic.spend_by_model(view)
        traffic.how_they_ended(view, buckets, earlier)
    with cards.grid("flow", narrowest="half"):
        traffic.where_they_went(view)
        traffic.how_long_they_took(view, buckets, earlier)
    _models(view)
    _latest(view)


def _models(view: View) -> None:
    with cards.card(
        "Models and tools",
        "One row a model, tool and use. Click a row to see its decisions",
        key="models",
        help="Every branch of the period, used or not, by the model or tool that made it and for what. "
        "Point at a head for its definition; click it to sort.",
    ):
        chosen = tables.models(cache.ask(overview.by_model, view.filters), cache.colours(theme.mode()), key="models")
        if chosen is not None:
            navigation.open_decisions(model=chosen)


def _latest(view: View) -> None:
    with cards.card(
        "Latest decisions",
        "Click a row to see why it went where it went",
        key="latest",
        help="The newest decisions of the period that match the filters. The time is when the request came in.",
    ):
        chosen = tables.decisions(cache.ask(decisions.page, view.filters, limit=LATEST).rows, key="latest")
        navigation.link_to(navigation.DECISIONS, label="All decisions")
        if chosen is not None:
            navigation.open_decision(chosen)


if __name__ == "__main__":
    show()
