"""What outlives a request: accounts of money. In memory for one process, in a file for several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

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
class Hold:
    """Money set aside in some accounts until it is settled."""

    number: int
    accounts: tuple[Account, ...]
    nano: Nano


class StateStore(Protocol):
    """Accounts, safe for every user of the store: a hold is made in all its accounts or in none.

    A hold that nobody settles until it expires (its process was killed) counts as spent in full.

    Raises, from every method:
        StateUnavailable: the store cannot be used.
        StateBusy: from `hold` alone: another process writes just now, ask again.
    """

    def balance(self, account: Account) -> Balance:
        """What an account has come to; zero for one that nobody has used."""
        ...

    def hold(self, claims: Sequence[Claim], nano: Nano, expires_ns: int) -> Hold | Claim:
        """Set aside ``nano`` in the account of every claim; or the first claim that it would take over its limit.

        ``expires_ns``: wall clock, ns since the epoch.
        """
        ...

    def settle(self, hold: Hold, nano: Nano) -> None:
        """Put what was spent in place of the hold. Only the first settlement of a hold counts.

        It counts here at once, and for other processes when none of them keeps the store busy any more.
        """
        ...

    def accounts(self, prefix: str, period: str, limit: int) -> list[tuple[Account, Balance]]:
        """Those used in a period whose names begin so, at most ``limit``, the fullest first."""
        ...

    def close(self) -> None:
        """Give up what the store holds open."""
        ...
