"""The accounts of budgets, and what the store knows of how each was spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from app import units
from app.dashboard import cache
from app.dashboard.budgets import Budget, Spender
from telemetry.query import overview, spending
from telemetry.query.cells import Step
from telemetry.query.filters import Filters

LOOK_BACK: Final = timedelta(days=28)
LOOK_BACK_BY_HOUR: Final = timedelta(days=14)
"""Whole weeks: as many of each weekday."""


@dataclass(frozen=True, slots=True)
class Account:
    """One holder's share in one budget."""

    budget: Budget
    spender: Spender

    @property
    def used(self) -> float:
        """Of the limit, spent and held, 0..1 and more."""
        gone = self.spender.spent + self.spender.held
        return gone / self.budget.limit if self.budget.limit > 0 else float(gone > 0)

    @property
    def holder(self) -> str:
        """Whose it is."""
        if self.spender.holder is None:
            return "everybody"
        return f"{self.budget.per} {self.spender.holder or 'none'}"


def accounts(budgets: Sequence[Budget]) -> list[Account]:
    """Every account that anything was spent from, the fullest first."""
    found = [Account(budget, spender) for budget in budgets for spender in budget.spenders]
    return sorted(found, key=lambda one: -one.used)


def past(one: Account, now: datetime) -> tuple[list[float] | None, float]:
    """What was spent in earlier stretches of one length, in USD, and how many such stretches remain.

    Of a month these are the last whole days. Of a day it is its rest, as it was on each of the last days: what is left
    of an evening is not like a morning. Days before the account's own first request are not among them, whatever else
    the store is older with: there are none for an account that is new. None for an API key, which the rollups do not
    know.
    """
    filters = counted_by(one)
    if filters is None:
        return None, 0.0
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monthly = one.budget.period == "month"
    since = _began(filters, today - (LOOK_BACK if monthly else LOOK_BACK_BY_HOUR), today)
    days = (today - since).days
    if monthly:
        spent = _by_step(filters, since, today, "day")
        left = max((one.budget.end - now) / timedelta(days=1), 0.0)
        return [spent.get(since + timedelta(days=number), 0.0) for number in range(days)], left
    hours = _by_step(filters, since, today, "hour")
    sums = [0.0] * days
    for moment, usd in hours.items():
        # The hour that it is now counts in part, as it does today.
        part = min(max((moment.hour + 1) - (now.hour + now.minute / 60), 0.0), 1.0)
        sums[(moment - since).days] += usd * part
    return sums, 1.0


def course(one: Account, now: datetime) -> list[tuple[datetime, float]]:
    """The sum over the period so far, in USD, ending with what the ledger says now.

    Its shape is that of the decisions in the store; where these are not known it is a straight line.
    """
    budget, spent = one.budget, one.spender.spent
    filters = counted_by(one)
    step: Step = "day" if budget.period == "month" else "hour"
    width = timedelta(days=1) if step == "day" else timedelta(hours=1)
    # To the full hour, so that looks within it are answered from what is remembered.
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    by_step = {} if filters is None else _by_step(filters, budget.start, hour, step)
    whole = sum(by_step.values())
    points, total = [(budget.start, 0.0)], 0.0
    for moment, usd in sorted(by_step.items()):
        if moment > points[-1][0]:
            points.append((moment, points[-1][1]))
        total += usd
        points.append((min(moment + width, now), spent * total / whole if whole else 0.0))
    return [*(point for point in points if point[0] < now), (now, spent)]


def counted_by(one: Account) -> Filters | None:
    """The requests that an account counts, as far as rollups can tell them; None for an API key's."""
    budget, holder = one.budget, one.spender.holder
    if budget.per == "key":
        return None
    return Filters(
        tenants=(holder or "",) if budget.per == "tenant" else budget.tenants,
        routes=(holder or "",) if budget.per == "route" else budget.routes,
        # The ledger counts whatever this router has routed; a demo is routed past it.
        purposes=(),
        simulated=False,
        source="router",
    )


def _began(filters: Filters, since: datetime, today: datetime) -> datetime:
    """The day of the first request that counts, not before ``since``; today when there is none before it."""
    days = cache.ask(spending.course, replace(filters, start=since, end=today), "day")
    if days and days[0].start <= since:
        return since
    if cache.ask(overview.totals, replace(filters, end=since)).requests:
        return since
    return days[0].start if days else today


def _by_step(filters: Filters, start: datetime, end: datetime, step: Step) -> dict[datetime, float]:
    """USD by step."""
    bounded = replace(filters, start=start, end=end)
    return {row.start: row.cost_nano / units.NANO for row in cache.ask(spending.course, bounded, step) if row.cost_nano}
