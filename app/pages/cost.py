"""Cost: what was spent on what, what that saved against the baseline, and how long the budgets last."""

from __future__ import annotations

from datetime import UTC, datetime

from app.dashboard import cache, cards, page
from app.dashboard.view import View
from app.panels.cost import burn_down, dearest, prices, savings, spending, spending_table, tokens
from telemetry.query import overview
from telemetry.query.overview import Totals
from telemetry.query.savings import Savings


def show() -> None:
    """The page."""
    page.counted("Cost", "What was spent on what, what that saved, how long budgets last", _body, key="cost")


def _body(view: View, now: Totals) -> None:
    before = None if view.before is None else cache.ask(overview.totals, view.before)
    buckets = cache.ask(overview.series, view.filters, view.period.step)
    days = buckets if view.period.step == "day" else cache.ask(overview.series, view.filters, "day")
    saved = Savings.of(days)
    savings.numbers(now, before, buckets, view.period.step, saved)
    choice = spending.choose()
    with cards.grid("spend", narrowest="half"):
        spending.most(view, choice)
        spending.over(view, choice)
    spending_table.draw(view, choice)
    with cards.grid("saved", narrowest="half"):
        savings.where_it_went(view, saved)
        tokens.by_model(view)
    prices.what_changed(view)
    burn_down.draw(datetime.now(UTC))
    dearest.draw(view)


if __name__ == "__main__":
    show()
