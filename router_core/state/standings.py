"""How every budget of a policy stands now, whoever spends from it: for people who look, not for requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from router_core.clock import Clock
from router_core.policy.schema import Budget
from router_core.pricing import Nano, to_nano
from router_core.state.purse import holders, period_of, window_of
from router_core.state.store import Account, Balance, BudgetStore

MOST_HOLDERS: Final = 50
"""Holders that are named of one budget, the fullest."""


@dataclass(frozen=True, slots=True)
class HolderStanding:
    """What one holder of a budget has used of its amount."""

    holder: str | None
    """The tenant, the route, or the name of the API key (empty: no key); None when all requests share the amount."""
    spent: Nano
    held: Nano


@dataclass(frozen=True, slots=True)
class BudgetStanding:
    """One budget in its present period."""

    budget: Budget
    limit: Nano
    """Of each holder."""
    start: datetime
    """Of the period, UTC."""
    end: datetime
    """When every holder has the whole amount again."""
    holders: tuple[HolderStanding, ...]
    """The fullest first. One that has used nothing has no account and is left out."""
    more: bool
    """Whether there are others."""


async def standings(budgets: Iterable[Budget], store: BudgetStore, clock: Clock) -> list[BudgetStanding]:
    """Every budget, in the policy's order.

    Raises:
        StateUnavailable
    """
    now = datetime.fromtimestamp(clock.time_ns() / 1e9, tz=UTC)
    return [await _standing(budget, store, now) for budget in budgets]


async def _standing(budget: Budget, store: BudgetStore, now: datetime) -> BudgetStanding:
    period, begin = period_of(budget.period, now), holders(budget)
    found: list[tuple[str | None, Balance]]
    if budget.per == "policy":
        (balance,) = await store.balances([Account(begin, period)])
        found = [(None, balance)]
    else:
        accounts = await store.accounts(begin, period, MOST_HOLDERS + 1)
        found = [(account.name.removeprefix(begin), balance) for account, balance in accounts]
    start, end = window_of(budget.period, now)
    return BudgetStanding(
        budget=budget,
        limit=to_nano(budget.usd),
        start=start,
        end=end,
        holders=tuple(HolderStanding(name, one.spent, one.held) for name, one in found[:MOST_HOLDERS]),
        more=len(found) > MOST_HOLDERS,
    )
