"""How budgets stand, as people look at them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from router_core.clock import ManualClock
from router_core.policy.schema import Budget
from router_core.pricing import to_nano
from router_core.request import Context
from router_core.state.memory import MemoryStore
from router_core.state.purse import Budgets, window_of
from router_core.state.standings import MOST_HOLDERS, HolderStanding, standings
from tests.state import at_once

NOW = datetime(2026, 12, 31, 13, 20, tzinfo=UTC)


def budget(name: str, **more: Any) -> Budget:
    return Budget.model_validate({"name": name, "usd": Decimal(5), "period": "month", **more})


class Spenders:
    """Requests that spend from some budgets, and what is then seen of these."""

    def __init__(self, *budgets: Budget) -> None:
        self.clock = ManualClock(NOW)
        self.store = MemoryStore(self.clock)
        self.budgets = budgets
        self._opened = Budgets(budgets, self.store, self.clock)

    def spend(self, usd: str, *, tenant: str = "acme", route: str = "chat", key: str | None = None) -> None:
        purse = at_once(self._opened.open(route, Context(tenant=tenant, key=key), 10.0))
        assert purse is not None
        hold = at_once(purse.hold(to_nano(usd)))
        assert not hasattr(hold, "by"), hold
        purse.settle(hold, to_nano(usd))  # type: ignore[arg-type]

    def seen(self) -> dict[str, tuple[HolderStanding, ...]]:
        return {one.budget.name: one.holders for one in at_once(standings(self.budgets, self.store, self.clock))}


def test_a_budget_of_all_together_has_one_holder_even_when_nothing_is_spent() -> None:
    assert Spenders(budget("all")).seen() == {"all": (HolderStanding(None, 0, 0),)}


def test_each_tenant_route_and_key_stands_by_itself_the_fullest_first() -> None:
    spenders = Spenders(budget("t", per="tenant"), budget("r", per="route"), budget("k", per="key"))
    spenders.spend("1", tenant="acme", route="chat", key="ci")
    spenders.spend("2", tenant="zeta", route="chat")
    seen = spenders.seen()
    assert [(one.holder, one.spent) for one in seen["t"]] == [("zeta", to_nano("2")), ("acme", to_nano("1"))]
    assert [(one.holder, one.spent) for one in seen["r"]] == [("chat", to_nano("3"))]
    assert [(one.holder, one.spent) for one in seen["k"]] == [("", to_nano("2")), ("ci", to_nano("1"))]


def test_a_budget_whose_name_begins_like_anothers_does_not_count_for_it() -> None:
    spenders = Spenders(budget("team", per="tenant"), budget("team-b", per="tenant", tenants=["beta"]))
    spenders.spend("1", tenant="beta")
    assert [one.holder for one in spenders.seen()["team"]] == ["beta"]


def test_holders_beyond_the_most_are_told_of_and_not_listed() -> None:
    spenders = Spenders(budget("t", per="tenant"))
    for number in range(MOST_HOLDERS + 1):
        spenders.spend("0.01", tenant=f"tenant-{number}")
    (found,) = at_once(standings(spenders.budgets, spenders.store, spenders.clock))
    assert (len(found.holders), found.more) == (MOST_HOLDERS, True)


def test_a_new_period_begins_with_the_whole_amount() -> None:
    spenders = Spenders(budget("t", per="tenant", period="day"))
    spenders.spend("1")
    spenders.clock.move_to(datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC))
    (found,) = at_once(standings(spenders.budgets, spenders.store, spenders.clock))
    assert (found.holders, found.start) == ((), datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("period", "moment", "start", "end"),
    [
        ("day", NOW, datetime(2026, 12, 31, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("month", NOW, datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        (
            "month",
            datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC),
            datetime(2028, 2, 1, tzinfo=UTC),
            datetime(2028, 3, 1, tzinfo=UTC),
        ),
    ],
)
def test_a_period_lasts_from_one_midnight_to_another(
    period: Any, moment: datetime, start: datetime, end: datetime
) -> None:
    assert window_of(period, moment) == (start, end)
