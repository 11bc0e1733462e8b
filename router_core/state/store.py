"""What outlives a request: accounts of money, rates of keys, what is known of breakers.

In memory for one process, in a file for several of one machine, in PostgreSQL for several machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from router_core.pricing import Nano


@dataclass(frozen=True, slots=True)
class Account:
    """Whose money in which period, as ``("monthly/tenant=acme", "2026-11")``."""

    name: str
    period: str


@dataclass(frozen=True, slots=True)
class Balance:
    """Nano-USD of one account."""

    spent: Nano
    held: Nano

    @property
    def total(self) -> Nano:
        """Spent, and set aside for calls that are on their way."""
        return self.spent + self.held


@dataclass(frozen=True, slots=True)
class Claim:
    """What a call wants from one account. ``limit``: what the account may come to; None counts without a limit."""

    account: Account
    limit: Nano | None


@dataclass(frozen=True, slots=True)
class Shortage:
    """The first claim of a hold that its account cannot meet; nothing was set aside."""

    claim: Claim
    total: Nano
    """What the account has come to."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Money set aside in some accounts until it is settled."""

    number: int
    accounts: tuple[Account, ...]
    nano: Nano


UNCHECKED: Final = 0
"""Number of a hold that no store has made: what it comes to is counted, and nothing was set aside."""


@dataclass(frozen=True, slots=True)
class BreakerNews:
    """What one process has seen of a breaker, for the others."""

    name: str
    """Of the deployment, the same in all processes that call it alike."""
    open: bool
    until_ns: int
    """Wall clock, ns since the epoch, at which it lets a probe through; of a closed one 0."""
    openings: int
    """How often it opened without staying closed for a window in between."""
    why: str
    teller: str
    """The process that says so."""
    revision: int = 0
    """Counted by the store: the same only while nobody has said anything new."""


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """Whether a process may send the one probe of a half-open breaker."""

    granted: bool
    closed: bool = False
    """Another process has closed the breaker meanwhile: no probe is needed."""
    again_ns: int = 0
    """Wall clock at which another answer is possible, when it was not granted."""


class BudgetStore(Protocol):
    """Accounts, safe for every user of the store: a hold is made in all its accounts or in none.

    A hold that nobody settles until it expires (its process was killed) counts as spent in full.
    """

    async def balances(self, accounts: Sequence[Account]) -> list[Balance]:
        """What each account has come to; zero for one that nobody has used."""
        ...

    async def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Shortage:
        """Set aside ``nano`` in the account of every claim, or in none.

        ``expires_ns``: wall clock, ns since the epoch.
        """
        ...

    def settle(self, hold: Hold, nano: Nano) -> None:
        """Put what was spent in place of the hold. Only the first settlement of a hold counts.

        Never waits and never fails: while the store is away the settlement is noted, and written when it is back. One
        of an `UNCHECKED` hold is added to its accounts, once.
        """
        ...

    async def accounts(self, prefix: str, period: str, limit: int) -> list[tuple[Account, Balance]]:
        """Those used in a period whose names begin so, at most ``limit``, the fullest first."""
        ...


class RateStore(Protocol):
    """How many requests may come in a minute, counted together for all users of the store."""

    async def take(self, name: str, per_minute: int) -> float:
        """Let one more through: 0, or else how many seconds it has to wait, and then it is not counted."""
        ...


class BreakerStore(Protocol):
    """What processes tell each other of breakers."""

    def tell(self, news: BreakerNews) -> None:
        """Have all others know, soon. Never waits and never fails; of several the newest is told."""
        ...

    async def news(self) -> list[BreakerNews]:
        """The newest word on every breaker of which there is one."""
        ...

    async def claim_probe(self, name: str, teller: str, until_ns: int) -> ProbeAnswer:
        """Ask to send the one probe, until a wall clock time; the same process may ask again to have it longer."""
        ...

    def give_back_probe(self, name: str, teller: str) -> None:
        """It was not sent, or has come to no verdict. Never waits and never fails."""
        ...


class StateStore(BudgetStore, RateStore, BreakerStore, Protocol):
    """All of it. For one event loop at a time. Small values that are kept for a while have a protocol of their own, in
    `router_core.state.entries`.

    Raises, from every method that is awaited:
        StateUnavailable: the store cannot be used, or did not answer in time.
    """

    def close(self) -> None:
        """Write what is noted, as far as that is possible within a few seconds; give up what the store holds open."""
        ...
