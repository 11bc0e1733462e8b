"""Accounts in memory: for one process, and gone with it."""

from __future__ import annotations

from collections.abc import Sequence

from router_core.clock import Clock
from router_core.pricing import Nano
from router_core.state.store import Account, Balance, Claim, Hold


class MemoryStore:
    """See `StateStore`. For one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: dict[Account, Nano] = {}
        self._held: dict[Account, Nano] = {}
        self._open: dict[int, tuple[Hold, int]] = {}
        self._made = 0

    def balance(self, account: Account) -> Balance:
        """See `StateStore.balance`."""
        self._expire()
        return Balance(self._spent.get(account, 0), self._held.get(account, 0))

    def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Claim:
        """See `StateStore.hold`."""
        for claim in claims:
            if claim.limit is not None and self.balance(claim.account).total + nano > claim.limit:
                return claim
        self._made += 1
        hold = Hold(self._made, tuple(claim.account for claim in claims), nano)
        self._open[hold.number] = hold, expires_ns
        for account in hold.accounts:
            self._held[account] = self._held.get(account, 0) + nano
        return hold

    def settle(self, hold: Hold, nano: Nano) -> None:
        """See `StateStore.settle`."""
        if self._open.pop(hold.number, None) is None:
            return
        for account in hold.accounts:
            self._held[account] -= hold.nano
            self._spent[account] = self._spent.get(account, 0) + nano

    def accounts(self, prefix: str, period: str, limit: int) -> list[tuple[Account, Balance]]:
        """See `StateStore.accounts`."""
        used = {one for one in (*self._spent, *self._held) if one.period == period and one.name.startswith(prefix)}
        found = [(account, self.balance(account)) for account in used]
        return sorted(found, key=lambda one: (-one[1].total, one[0].name))[:limit]

    def close(self) -> None:
        """See `StateStore.close`."""

    def _expire(self) -> None:
        now = self._clock.time_ns()
        for hold, expires_ns in list(self._open.values()):
            if expires_ns <= now:
                self.settle(hold, hold.nano)
