"""Budgets in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.dashboard.budgets import Budget, Spender
from app.panels.cost.budget_accounts import Account, accounts, counted_by
from app.panels.cost.burn_down import story
from app.panels.cost.forecast import Forecast

START, NOW, END = (datetime(2026, 11, day, tzinfo=UTC) for day in (1, 16, 26))


def account(spent: float = 4.0, *, holder: str | None = None, held: float = 0.0, **more: Any) -> Account:
    values: dict[str, Any] = {
        "name": "team",
        "owner": None,
        "per": "policy" if holder is None else "tenant",
        "period": "month",
        "tenants": (),
        "routes": (),
        "on_exhausted": "refuse",
        "limit": 10.0,
        "start": START,
        "end": END,
        "spenders": (),
        "more": False,
    }
    return Account(Budget(**(values | more)), Spender(holder, spent, held))


def ahead(spent: float, at_end: float | None, low: float | None = None, high: float | None = None) -> Forecast:
    return Forecast(NOW, END, spent, at_end, low, high, 28 if low is not None else 0)


def test_a_budget_that_lasts_says_so_with_its_interval() -> None:
    said = story(account(), ahead(4, 6, 5, 7))
    assert said == ("At this pace $6.00 (95 % interval $5.00 to $7.00) when it resets 26 Nov, 00:00 UTC. It lasts.")


def test_a_budget_that_may_not_last_says_how_early_it_could_end() -> None:
    assert "It lasts, though it could be as early as 24 Nov, 13:42 UTC." in story(account(), ahead(4, 9, 8, 11))


def test_a_budget_that_ends_says_when_and_between_which_moments_and_what_then() -> None:
    said = story(account(), ahead(4, 16, 11.5, 20))
    assert "It is exhausted 21 Nov, 00:00 UTC, between 19 Nov, 18:00 UTC and 24 Nov, 00:00 UTC" in said
    assert said.endswith(": its requests are refused from then on.")


def test_where_the_slow_end_of_the_interval_lasts_its_reset_is_the_latest() -> None:
    said = story(account(on_exhausted="local"), ahead(4, 16, 9, 20))
    assert "and its reset: its requests get local models alone from then on." in said


def test_an_account_that_is_new_is_promised_nothing() -> None:
    said = story(account(), ahead(4, None))
    assert said.startswith("Too new for a forecast") and said.endswith("$6.00 are left.")
    assert "It lasts" not in said and "pace" not in said


def test_without_an_interval_it_says_why() -> None:
    said = story(account(), ahead(4, 16))
    assert "no interval: fewer than seven earlier days are known" in said
    assert "It is exhausted 21 Nov, 00:00 UTC: its requests are refused from then on." in said


def test_an_exhausted_budget_says_until_when_and_what_its_requests_get() -> None:
    said = story(account(10.0, on_exhausted="cheapest"), ahead(10, 20))
    assert said == "Exhausted: its requests get the cheapest model alone, until it resets 26 Nov, 00:00 UTC."


def test_the_fullest_account_comes_first_what_is_held_counted() -> None:
    budgets = [
        Budget(**{**_fields(account().budget), "name": "a", "limit": 100.0, "spenders": (Spender(None, 50, 0),)}),
        Budget(**{**_fields(account().budget), "name": "b", "spenders": (Spender("x", 1, 0), Spender("y", 4, 2))}),
    ]
    assert [(one.budget.name, one.spender.holder) for one in accounts(budgets)] == [("b", "y"), ("a", None), ("b", "x")]


def test_a_budget_of_nothing_is_used_up_by_anything() -> None:
    assert account(0.0, limit=0.0).used == 0
    assert account(0.1, limit=0.0).used == 1


def test_what_an_account_counts_is_what_its_holder_asked_for_by_whatever_purpose() -> None:
    mine = counted_by(account(holder="acme", routes=("chat",)))
    assert mine is not None
    assert (mine.tenants, mine.routes, mine.purposes, mine.simulated) == (("acme",), ("chat",), (), False)
    route = counted_by(account(holder="draft", per="route"))
    assert route is not None and route.routes == ("draft",)
    assert counted_by(account(holder="ci", per="key")) is None


def _fields(budget: Budget) -> dict[str, Any]:
    return {name: getattr(budget, name) for name in Budget.__dataclass_fields__}


def test_whose_it_is_is_said_in_words() -> None:
    assert account().holder == "everybody"
    assert account(holder="acme").holder == "tenant acme"
    assert account(holder="", per="key").holder == "key none"
