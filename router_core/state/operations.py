"""What a database of state is asked to do; several of these are done in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from router_core.pricing import Nano
from router_core.state.entries import Space
from router_core.state.store import Account, BreakerNews, Claim


@dataclass(frozen=True, slots=True)
class ReadBalances:
    """Answered with a list of `Balance`."""

    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class ReadAccounts:
    """Answered with a list of accounts and balances; see `BudgetStore.accounts`."""

    prefix: str
    period: str
    limit: int


@dataclass(frozen=True, slots=True)
class MakeHold:
    """Answered with a `Hold` of this number, or with a `Shortage`."""

    number: int
    claims: tuple[Claim, ...]
    nano: Nano
    expires_ns: int


@dataclass(frozen=True, slots=True)
class Settle:
    """What was spent takes the place of a hold, if it is there still."""

    number: int
    nano: Nano


@dataclass(frozen=True, slots=True)
class Count:
    """What was spent without a hold; the number keeps it from being counted twice."""

    number: int
    accounts: tuple[Account, ...]
    nano: Nano


@dataclass(frozen=True, slots=True)
class TakeRate:
    """Answered with seconds to wait; see `RateStore.take`."""

    name: str
    per_minute: int


@dataclass(frozen=True, slots=True)
class GetEntry:
    """Answered with bytes or None."""

    space: str
    key: bytes


@dataclass(frozen=True, slots=True)
class ForgetEntries:
    """Answered with how many there were."""

    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PutEntry:
    """See `EntryStore.put`."""

    space: Space
    key: bytes
    value: bytes
    expires_ns: int
    owners: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeleteEntry:
    """See `EntryStore.delete`."""

    space: Space
    key: bytes


@dataclass(frozen=True, slots=True)
class TellBreaker:
    """One more revision of what is known of a breaker."""

    news: BreakerNews


@dataclass(frozen=True, slots=True)
class ReadBreakers:
    """Answered with a list of `BreakerNews`."""


@dataclass(frozen=True, slots=True)
class ClaimProbe:
    """Answered with a `ProbeAnswer`."""

    name: str
    teller: str
    until_ns: int


@dataclass(frozen=True, slots=True)
class GiveBackProbe:
    """The right to probe ends, if it is this process that has it."""

    name: str
    teller: str


Question: TypeAlias = (
    ReadBalances | ReadAccounts | MakeHold | TakeRate | GetEntry | ForgetEntries | ReadBreakers | ClaimProbe
)
"""Somebody waits for the answer."""
Note: TypeAlias = Settle | Count | PutEntry | DeleteEntry | TellBreaker | GiveBackProbe
"""Nobody waits; all notes of a transaction are written before its questions are answered."""

ONLY_READ: Final = (ReadBalances, ReadAccounts, GetEntry, ReadBreakers)
"""Questions that change nothing."""
