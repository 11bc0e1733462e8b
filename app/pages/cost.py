"""Cost: what was spent on what, what that saved against the baseline, and how long the budgets last."""

from __future__ import annotations

from datetime import UTC, datetime

from app.dashboard import cache, cards, page, price_changes
from app.dashboard.price_changes import PolicyChange
from app.dashboard.view import View
from app.panels import burn_down, dearest, prices, savings, spending, spending_table, tokens
from telemetry.query import incidents, overview, policies
from telemetry.query import spending as spending_query
from telemetry.query.filters import Filters
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
    rows = cache.ask(spending_query.spending, view.filters, choice.by)
    changes = _changes(view)
    with cards.grid("spend", narrowest="half"):
        spending.most(rows, choice, view.filters)
        spending.over(view, rows, choice, changes)
    spending_table.draw(rows, choice)
    with cards.grid("saved", narrowest="half"):
        savings.where_it_went(view, saved)
        tokens.by_model(view)
    prices.what_changed(changes, view.span)
    burn_down.draw(datetime.now(UTC))
    dearest.draw(view)


def _changes(view: View) -> list[PolicyChange]:
    """The policies that took each other's place, of the traffic that is shown."""
    shown = view.filters.simulated
    known = [one for one in cache.ask(policies.versions) if shown is None or one.simulated == shown]
    told = cache.ask(incidents.timeline, Filters(purposes=(), simulated=shown), kinds=("policy_reloaded",), limit=200)
    return price_changes.changes(known, [(row.ts, row.policy_version) for row in told.rows if row.policy_version])


if __name__ == "__main__":
    show()
