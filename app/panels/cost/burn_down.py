"""The policy's budgets: what is spent of each, where the pace leads, and when it is exhausted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Final

import streamlit as st

from app import units
from app.dashboard import cache, cards, components, navigation, plot, theme
from app.dashboard.budgets import Budget
from app.dashboard.charts import burn_down
from app.dashboard.charts.burn_down import Ahead
from app.dashboard.components import Cell
from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError
from app.dashboard.view import own_range
from app.panels.cost.budget_accounts import Account, accounts, course, past
from app.panels.cost.forecast import Forecast, forecast

DRAWN: Final = 4
"""Accounts that get a chart, the fullest; the table has the others."""
LISTED: Final = 12
"""Accounts that have a row and a forecast, the fullest; the file has all."""
_ASK_EVERY_S: Final = 10.0
_PATIENCE_S: Final = 1.5
"""A gateway that does not answer in this time holds no page up."""


def draw(now: datetime) -> None:
    """Cards of all budgets, or one line on why there are none."""
    answer = _ask(cache.settings().gateway_url)
    if isinstance(answer, str):
        components.notice(f"Budgets: not shown, since {answer}.", tone="muted")
        return
    if not answer:
        components.notice(
            "Budgets: the policy has none. Add a [[budgets]] table to bound a day or a month, see docs/policy.md, "
            "Budgets.",
            tone="muted",
        )
        return
    found = accounts(answer)
    with cards.errors_shown("budgets"):
        forecasts = [_forecast(one, now) for one in found[:LISTED]]
        _table(answer, found, forecasts)
        with cards.grid("budgets", narrowest="half"):
            for number, (one, ahead) in enumerate(zip(found[:DRAWN], forecasts[:DRAWN], strict=True)):
                _chart(number, one, ahead)


@st.cache_data(ttl=_ASK_EVERY_S, max_entries=8, show_spinner=False)
def _ask(url: str) -> tuple[Budget, ...] | str:
    try:
        return Gateway(url, patience_s=_PATIENCE_S).budgets()
    except GatewayError as error:
        return str(error)


def _forecast(one: Account, now: datetime) -> Forecast:
    budget = one.budget
    stretches, ahead = past(one, now)
    return forecast(
        start=budget.start,
        now=max(now, budget.start),
        end=max(budget.end, now),
        spent=one.spender.spent,
        stretches=stretches,
        ahead=ahead,
    )


def _table(budgets: Sequence[Budget], found: Sequence[Account], forecasts: Sequence[Forecast]) -> None:
    with cards.card(
        "Budgets",
        "What may be spent in this day or month, what is, and where the pace leads; whatever the filters above",
        key="budgets",
        help=METHOD,
    ):
        if not found:
            components.untrusted("Nothing has been spent from any budget in its present period.", muted=True)
        else:
            components.table(
                ("Budget", "Whose", "Resets (UTC)", "Spent", "Held", "Limit", "Used", "At the end", "Exhausted"),
                [_row(one, ahead) for one, ahead in zip(found[:LISTED], forecasts, strict=True)],
                numbers=(3, 4, 5, 6, 7),
            )
            plot.save(
                lambda: plot.written(_lines(found, forecasts)), key="budgets-table", what="all accounts of all budgets"
            )
        if len(found) > LISTED:
            components.untrusted(f"The {LISTED} fullest of {len(found)} accounts; the file has all.", muted=True)
        unused = [budget.name for budget in budgets if not budget.spenders]
        if found and unused:
            components.untrusted(f"Nothing spent yet: {', '.join(unused)}.", muted=True)


def _row(one: Account, ahead: Forecast) -> tuple[Cell | object, ...]:
    budget, spender = one.budget, one.spender
    when = ahead.reaches(budget.limit, ahead.at_end)
    tone = "bad" if one.used >= 1 else "warn" if when is not None else "ok"
    said = "now" if one.used >= 1 else f"{when:%-d %b, %H:%M}" if when is not None else "not in this period"
    if one.used < 1 and ahead.at_end is None:
        tone, said = "muted", units.UNKNOWN
    return (
        budget.name,
        one.holder,
        f"{budget.end:%Y-%m-%d %H:%M}",
        units.usd(spender.spent),
        units.usd(spender.held),
        units.usd(budget.limit),
        units.share(one.used),
        units.usd(ahead.at_end),
        Cell(said, tone),  # type: ignore[arg-type]
    )


def _lines(found: Sequence[Account], forecasts: Sequence[Forecast]) -> list[Sequence[object]]:
    head = ("budget", "per", "holder", "period", "resets_at", "spent_usd", "held_usd", "limit_usd")
    return [
        (*head, "forecast_usd", "forecast_low_usd", "forecast_high_usd"),
        *(
            (
                one.budget.name,
                one.budget.per,
                one.spender.holder or "",
                one.budget.period,
                one.budget.end,
                one.spender.spent,
                one.spender.held,
                one.budget.limit,
                *(() if ahead is None else (ahead.at_end, ahead.low, ahead.high)),
            )
            for one, ahead in zip_longest(found, forecasts)
        ),
    ]


def _chart(number: int, one: Account, ahead: Forecast) -> None:
    budget = one.budget
    period = f"{budget.start:%B %Y}" if budget.period == "month" else units.day(budget.start)
    with cards.card(
        f"Budget {budget.name}, {one.holder}",
        f"{period}, limit {units.usd(budget.limit)}",
        key=f"budget-{number}",
        help=METHOD,
    ):
        plot.draw(
            burn_down.burn_down(
                course(one, ahead.now),
                Ahead(ahead.end, ahead.at_end, ahead.low, ahead.high),
                budget.limit,
                theme.mode(),
                write=units.usd,
                reached=ahead.reaches(budget.limit, ahead.at_end),
            ),
            key=f"budget-chart-{number}",
            alt="Lines: what is spent of the budget so far, the forecast with its interval, and the limit",
        )
        components.untrusted(story(one, ahead), muted=True)
        with st.container(key=f"more-budget-{number}"):
            _decisions(one, ahead.now)


def _decisions(one: Account, now: datetime) -> None:
    """The link to what was spent on; there is none by API key."""
    if one.budget.per == "key":
        return
    whose = {one.budget.per: one.spender.holder} if one.spender.holder else {}
    navigation.decisions_link(
        "Its decisions", range=own_range(one.budget.start, now), playground="true", simulated="real", **whose
    )


def story(one: Account, ahead: Forecast) -> str:
    """Where it leads, in words."""
    budget = one.budget
    if one.spender.spent >= budget.limit:
        return f"Exhausted: {ON_EXHAUSTED.get(budget.on_exhausted, '')}, until it resets {_at(budget.end)}."
    if ahead.at_end is None:
        return (
            f"Too new for a forecast: before today nothing was asked that it counts. It resets {_at(budget.end)}; "
            f"{units.usd(budget.limit - one.spender.spent)} are left."
        )
    between = (
        f" (95 % interval {units.usd(ahead.low)} to {units.usd(ahead.high)})"
        if ahead.low is not None
        else " (no interval: fewer than seven earlier days are known)"
    )
    pace = f"At this pace {units.usd(ahead.at_end)}{between} when it resets {_at(budget.end)}."
    when = ahead.reaches(budget.limit, ahead.at_end)
    soonest, latest = ahead.reaches(budget.limit, ahead.high), ahead.reaches(budget.limit, ahead.low)
    if when is None:
        doubt = "" if soonest is None else f", though it could be as early as {_at(soonest)}"
        return f"{pace} It lasts{doubt}."
    bounds = ""
    if soonest is not None:
        bounds = f", between {_at(soonest)} and {'its reset' if latest is None else _at(latest)}"
    return f"{pace} It is exhausted {_at(when)}{bounds}: {ON_EXHAUSTED.get(budget.on_exhausted, '')} from then on."


def _at(moment: datetime) -> str:
    return f"{moment:%-d %b, %H:%M} UTC"


ON_EXHAUSTED: Final = {
    "refuse": "its requests are refused",
    "cheapest": "its requests get the cheapest model alone",
    "local": "its requests get local models alone",
}
METHOD: Final = (
    "Spent and held are the gateway's own accounts: settled costs, and what calls on their way may cost. The line "
    "follows the decisions in the store, scaled to that sum. Forecast: spending goes on as on the last 28 whole days "
    "(of a day: as in the same hours of them), a straight line to the reset. Days before an account's first "
    "request do not count: a new one has no forecast. Of an API key no days are known: as in this period so far. "
    "Interval: 95 % prediction interval of a sum of further days, each independent (Meeker, Hahn and Escobar 2017, "
    "chapter 4); from seven days on."
)
