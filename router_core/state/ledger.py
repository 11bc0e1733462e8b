"""What one request may still spend: reserve before a call, settle after it, exactly once.

A reserve is the most that the call can cost; a settled branch counts with what it did cost. With a cap in money a
model of unknown price is refused, because nothing could be promised about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from router_core.pricing import NANO_PER_USD, Nano, to_nano
from router_core.state.purse import Purse, Refusal
from router_core.state.store import Hold


@dataclass(slots=True, eq=False)
class Reservation:
    """Money and tokens set aside for one branch."""

    nano: Nano | None
    tokens: int
    hold: Hold | None = None
    """Its place in the budgets' accounts."""
    open: bool = True


@dataclass(slots=True)
class RequestLedger:
    """The caps of one request and what is spent and reserved under them. None is no cap."""

    cap_nano: Nano | None
    cap_tokens: int | None
    max_branches: int
    purse: Purse | None = None
    """The request's share in the policy's budgets; None when none counts it."""
    _reservations: list[Reservation] = field(default_factory=list)
    _spent_nano: Nano = 0
    _spent_tokens: int = 0

    @classmethod
    def of(cls, usd: Decimal | None, tokens: int | None, branches: int, stated_usd: float | None) -> RequestLedger:
        """The route's caps; the caller's own cap can only lower the one in money."""
        caps = [to_nano(amount) for amount in (usd, stated_usd) if amount is not None]
        return cls(min(caps) if caps else None, tokens, branches)

    @property
    def full(self) -> bool:
        """Whether no further branch may start, whatever it costs."""
        return len(self._reservations) >= self.max_branches

    def refusal(self, nano: Nano | None, tokens: int) -> Refusal | None:
        """Why a call of at most this size may not start; None when it may."""
        if (reason := self._over_cap(nano, tokens)) is not None:
            return Refusal("cap", reason)
        return None if self.purse is None else self.purse.refusal(nano)

    def _over_cap(self, nano: Nano | None, tokens: int) -> str | None:
        if self.full:
            return f"the request may make {self.max_branches} branches and has made them"
        if self.cap_nano is not None:
            if nano is None:
                return "its price is unknown, and the request has a cost cap"
            if self._spent_nano + self._held_nano() + nano > self.cap_nano:
                left = self.cap_nano - self._spent_nano - self._held_nano()
                return (
                    f"it could cost ${nano / NANO_PER_USD:.6f}; ${max(left, 0) / NANO_PER_USD:.6f} of the cap is left"
                )
        if self.cap_tokens is not None and self._spent_tokens + self._held_tokens() + tokens > self.cap_tokens:
            return f"it could take {tokens:,} tokens; the request's cap is {self.cap_tokens:,}"
        return None

    async def reserve(self, nano: Nano | None, tokens: int) -> Reservation | Refusal:
        """Set aside, in the caps and in all budgets or in none of them.

        Raises:
            StateUnavailable
        """
        if (refusal := self.refusal(nano, tokens)) is not None:
            return refusal
        reservation = Reservation(nano, tokens)
        # Before the budgets are asked: what is asked side by side finds it in the caps.
        self._reservations.append(reservation)
        if self.purse is None:
            return reservation
        try:
            hold = await self.purse.hold(nano)
        except BaseException:
            self._reservations.remove(reservation)
            raise
        if isinstance(hold, Refusal):
            self._reservations.remove(reservation)
            return hold  # somebody else was faster
        reservation.hold = hold
        return reservation

    def settle(self, reservation: Reservation, nano: Nano | None, tokens: int | None) -> None:
        """Put what a branch did cost in place of its reserve; unknown amounts keep the reserve. Once only."""
        if not reservation.open:
            raise ValueError("this reservation is settled already")
        reservation.open = False
        spent = nano if nano is not None else (reservation.nano or 0)
        if self.purse is not None and reservation.hold is not None:
            self.purse.settle(reservation.hold, spent)
        self._spent_nano += spent
        self._spent_tokens += tokens if tokens is not None else reservation.tokens

    @property
    def spent_nano(self) -> Nano:
        """Settled money, reserves of unknown branches included."""
        return self._spent_nano

    def _held_nano(self) -> Nano:
        return sum(held.nano or 0 for held in self._reservations if held.open)

    def _held_tokens(self) -> int:
        return sum(held.tokens for held in self._reservations if held.open)
