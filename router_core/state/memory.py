"""State in memory: for one process, and gone with it. Nothing here ever waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from router_core.clock import Clock
from router_core.pricing import Nano
from router_core.state.rate import poured
from router_core.state.store import UNCHECKED, Account, Balance, BreakerNews, Claim, Hold, ProbeAnswer, Shortage

_FAR_NS: Final = 2**63


class MemoryStore:
    """See `StateStore`. For one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: dict[Account, Nano] = {}
        self._held: dict[Account, Nano] = {}
        self._open: dict[int, tuple[Hold, int]] = {}
        self._soonest_ns = 0
        """No open hold expires before it."""
        self._made = UNCHECKED
        self._full_at: dict[str, int] = {}

    # --- accounts ----------------------------------------------------------------------------------------------------

    async def balances(self, accounts: Sequence[Account]) -> list[Balance]:
        """See `BudgetStore.balances`."""
        self._expire()
        return [self._balance(account) for account in accounts]

    async def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Shortage:
        """See `BudgetStore.hold`."""
        self._expire()
        for claim in claims:
            total = self._balance(claim.account).total
            if claim.limit is not None and total + nano > claim.limit:
                return Shortage(claim, total)
        self._made += 1
        hold = Hold(self._made, tuple(claim.account for claim in claims), nano)
        self._open[hold.number] = hold, expires_ns
        self._soonest_ns = min(self._soonest_ns, expires_ns)
        for account in hold.accounts:
            self._held[account] = self._held.get(account, 0) + nano
        return hold

    def settle(self, hold: Hold, nano: Nano) -> None:
        """See `BudgetStore.settle`."""
        if hold.number != UNCHECKED:
            if self._open.pop(hold.number, None) is None:
                return
            for account in hold.accounts:
                self._held[account] -= hold.nano
        for account in hold.accounts:
            self._spent[account] = self._spent.get(account, 0) + nano

    async def accounts(self, prefix: str, period: str, limit: int) -> list[tuple[Account, Balance]]:
        """See `BudgetStore.accounts`."""
        self._expire()
        used = {one for one in (*self._spent, *self._held) if one.period == period and one.name.startswith(prefix)}
        found = [(account, self._balance(account)) for account in used]
        return sorted(found, key=lambda one: (-one[1].total, one[0].name))[:limit]

    def _balance(self, account: Account) -> Balance:
        return Balance(self._spent.get(account, 0), self._held.get(account, 0))

    def _expire(self) -> None:
        now = self._clock.time_ns()
        if now < self._soonest_ns:
            return
        for hold, expires_ns in list(self._open.values()):
            if expires_ns <= now:
                self.settle(hold, hold.nano)
        self._soonest_ns = min((expires_ns for _, expires_ns in self._open.values()), default=_FAR_NS)

    # --- rates and breakers ------------------------------------------------------------------------------------------

    async def take(self, name: str, per_minute: int) -> float:
        """See `RateStore.take`. On the monotonic clock, which nobody puts back."""
        wait_s, self._full_at[name] = poured(self._full_at.get(name, 0), self._clock.monotonic_ns(), per_minute)
        return wait_s

    def tell(self, news: BreakerNews) -> None:
        """See `BreakerStore.tell`. There is nobody else."""

    async def news(self) -> list[BreakerNews]:
        """See `BreakerStore.news`."""
        return []

    async def claim_probe(self, name: str, teller: str, until_ns: int) -> ProbeAnswer:
        """See `BreakerStore.claim_probe`."""
        return ProbeAnswer(True)

    def give_back_probe(self, name: str, teller: str) -> None:
        """See `BreakerStore.give_back_probe`."""

    def close(self) -> None:
        """See `StateStore.close`."""
