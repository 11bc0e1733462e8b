"""The budgets that count one request: what is left of them, and what its branches take from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from router_core.clock import Clock
from router_core.errors import StateUnavailable
from router_core.policy.schema import Budget
from router_core.pricing import NANO_PER_USD, Nano, to_nano
from router_core.request import Context
from router_core.state.store import UNCHECKED, Account, BudgetStore, Claim, Hold

_GRACE_NS: Final = 60 * 1_000_000_000
"""Past the request's deadline, before a hold that nobody settled counts as spent."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call may not be paid."""

    by: str
    """``cap``, or ``budget:NAME``."""
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one budget stands as a request comes."""

    budget: Budget
    account: Account
    limit: Nano
    total: Nano
    """Spent and set aside."""

    @property
    def left(self) -> Nano:
        """What the next call may cost at most."""
        return max(self.limit - self.total, 0)

    @property
    def words(self) -> str:
        """As ``$4.20 of $5.00 spent this month``."""
        return (
            f"${self.total / NANO_PER_USD:.6f} of ${self.limit / NANO_PER_USD:.6f} is spent this {self.budget.period}"
        )


@dataclass(slots=True)
class Purse:
    """One request's share in the budgets. One that is exhausted and goes on still counts, but bounds nothing."""

    standings: tuple[Standing, ...]
    _store: BudgetStore
    _expires_ns: int
    fails_open: bool = False
    """Whether calls go on unchecked while the store is away."""
    unchecked: str | None = None
    """Why the budgets bound nothing from here on: their store is away. What is spent is counted later."""
    _overdrawn: set[str] = field(default_factory=set)
    _totals: dict[Account, Nano] = field(init=False)
    """What the accounts come to, as far as this request knows: others take from them meanwhile."""

    def __post_init__(self) -> None:
        self._totals = {standing.account: standing.total for standing in self.standings}

    def overdraw(self, budget: str) -> None:
        """From here on this budget only counts: its policy lets exhausted requests go on."""
        self._overdrawn.add(budget)

    def refusal(self, nano: Nano | None) -> Refusal | None:
        """Why a call of at most this cost may not start; None when it may, as far as one can see."""
        if self.unchecked is not None:
            return None
        for standing in self.standings:
            name = standing.budget.name
            if name in self._overdrawn:
                continue
            if nano is None:
                return Refusal(f"budget:{name}", f"its price is unknown, and budget {name} counts money")
            if self._totals[standing.account] + nano > standing.limit:
                return self._refused(standing, nano)
        return None

    async def hold(self, nano: Nano | None) -> Hold | Refusal:
        """Set aside what a call may cost, in all budgets or in none.

        Raises:
            StateUnavailable: unless the purse `fails_open`, and then goes on unchecked.
        """
        accounts = tuple(one.account for one in self.standings)
        if self.unchecked is not None:
            return Hold(UNCHECKED, accounts, nano or 0)
        claims = [
            Claim(one.account, None if one.budget.name in self._overdrawn else one.limit) for one in self.standings
        ]
        try:
            made = await self._store.hold(claims, nano or 0, self._expires_ns)
        except StateUnavailable as error:
            if not self.fails_open:
                raise
            self.unchecked = str(error)
            return Hold(UNCHECKED, accounts, nano or 0)
        if isinstance(made, Hold):
            self._add(made.nano)
            return made
        account = made.claim.account
        self._totals[account] = made.total
        return self._refused(next(one for one in self.standings if one.account == account), nano or 0)

    def settle(self, hold: Hold, nano: Nano) -> None:
        """What the call did cost. Never fails: what cannot be written now is written later."""
        self._store.settle(hold, nano)
        self._add(nano if hold.number == UNCHECKED else nano - hold.nano)

    def _add(self, nano: Nano) -> None:
        for account in self._totals:
            self._totals[account] += nano

    def _refused(self, standing: Standing, nano: Nano) -> Refusal:
        name, now = standing.budget.name, replace(standing, total=self._totals[standing.account])
        return Refusal(f"budget:{name}", f"it could cost ${nano / NANO_PER_USD:.6f}; of budget {name} {now.words}")


class Budgets:
    """All budgets of a policy over one store."""

    def __init__(
        self, budgets: Sequence[Budget], store: BudgetStore, clock: Clock, *, fails_open: bool = False
    ) -> None:
        """``fails_open``: whether requests go on unchecked while the store is away."""
        self._budgets = tuple(budgets)
        self._fails_open = fails_open
        self._limits = {budget.name: to_nano(budget.usd) for budget in budgets}
        self._store = store
        self._clock = clock

    async def open(
        self, route: str, context: Context, deadline_s: float, counts_as: Collection[str] | None = None
    ) -> Purse | None:
        """The purse of a request; None when no budget counts it.

        ``counts_as``: the routes whose budgets count it (see `Target`); without any word, the route asked for.

        Raises:
            StateUnavailable: unless the budgets fail open.
        """
        routes = (route,) if counts_as is None else counts_as
        counting = [budget for budget in self._budgets if _counts(budget, routes, context)]
        if not counting:
            return None
        now_ns = self._clock.time_ns()
        moment = datetime.fromtimestamp(now_ns / 1e9, tz=UTC)
        accounts = [Account(_holder(budget, route, context), period_of(budget.period, moment)) for budget in counting]
        unchecked = None
        try:
            totals = [balance.total for balance in await self._store.balances(accounts)]
        except StateUnavailable as error:
            if not self._fails_open:
                raise
            totals, unchecked = [0] * len(accounts), str(error)
        standings = tuple(
            Standing(budget, account, self._limits[budget.name], total)
            for budget, account, total in zip(counting, accounts, totals, strict=True)
        )
        expires_ns = now_ns + round(deadline_s * 1e9) + _GRACE_NS
        return Purse(standings, self._store, expires_ns, self._fails_open, unchecked)


def period_of(period: Literal["day", "month"], moment: datetime) -> str:
    """The calendar's name of a period, in UTC: ``2026-11-23`` or ``2026-11``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d" if period == "day" else "%Y-%m")


def window_of(period: Literal["day", "month"], moment: datetime) -> tuple[datetime, datetime]:
    """When a period began and when the next one begins, both UTC."""
    midnight = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "day":
        return midnight, midnight + timedelta(days=1)
    first = midnight.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1)


def _counts(budget: Budget, routes: Collection[str], context: Context) -> bool:
    return (budget.routes is None or not budget.routes.isdisjoint(routes)) and (
        budget.tenants is None or context.tenant in budget.tenants
    )


def holders(budget: Budget) -> str:
    """How the names of a budget's accounts begin; the whole name where all requests share one."""
    return budget.name if budget.per == "policy" else f"{budget.name}/{budget.per}="


def _holder(budget: Budget, route: str, context: Context) -> str:
    match budget.per:
        case "policy":
            return holders(budget)
        case "tenant":
            return holders(budget) + context.tenant
        case "key":
            return holders(budget) + (context.key or "")
        case "route":
            return holders(budget) + route
