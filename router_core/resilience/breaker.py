"""The circuit breaker of one deployment: closed, open, half open with one probe at a time.

The machine is Nygard's ("Release It!", Stability Patterns). It opens after so many failures without a success between
them, or when the failed share of the calls in a sliding window reaches a rate. Once its time is over it admits one
call, the probe; the probe's success closes it, its failure opens it for longer.

With `Peers` it tells other processes what it has seen, and is told what they have. Not safe for threads: one event
loop owns it. No step of it waits.
"""

from __future__ import annotations

import random
import weakref
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from router_core.clock import Clock
from router_core.errors import ProviderError
from router_core.policy.schema import BreakerEntry
from router_core.resilience.window import CountingWindow

State: TypeAlias = Literal["closed", "open", "half_open"]

_GOOD: Final = 0
_BAD: Final = 1
_JITTER: Final = 0.2
"""Open times are spread by up to this share either way, so that breakers of one outage do not probe together."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a call may be made now, and if not, why and for how long not, in words and in seconds."""

    allowed: bool
    reason: str = ""
    retry_in_s: float | None = None
    """Seconds until it is worth asking again; None when that depends on a call that is on its way."""


ALLOWED: Final = Permission(True)


class Ticket:
    """One admitted call. It is closed once, by the first of its three methods; later ones change nothing.

    A ticket that is dropped unclosed is as good as cancelled.
    """

    __slots__ = ("__weakref__", "_breaker", "closed", "generation", "probe")

    def __init__(self, breaker: Breaker, generation: int, *, probe: bool) -> None:
        self._breaker = breaker
        self.generation = generation
        """The breaker's, when the call was admitted: verdicts of earlier ones are old news."""
        self.probe = probe
        """Whether this is the one call that a half-open breaker lets through."""
        self.closed = False

    def succeeded(self) -> None:
        """The deployment answered."""
        if self._close():
            self._breaker._success(self)

    def failed(self, error: ProviderError) -> None:
        """The call failed. An error that does not count against the model is no verdict."""
        if self._close():
            if error.counts_against_model:
                self._breaker._failure(self, error)
            else:
                self._breaker._release(self)

    def cancelled(self) -> None:
        """The call ended without a verdict: its caller left, or its deadline was the caller's own."""
        if self._close():
            self._breaker._release(self)

    def _close(self) -> bool:
        was_open, self.closed = not self.closed, True
        return was_open


class Peers(Protocol):
    """Who is told what this process has seen of a breaker; see `router_core.resilience.peers`."""

    def opened(self, left_ns: int, openings: int, why: str) -> None:
        """It opened, for so long."""
        ...

    def closed(self) -> None:
        """Its probe was answered."""
        ...

    def released(self) -> None:
        """Its probe ended without a verdict."""
        ...


class Breaker:
    """Decides whether one deployment may be called. See the module for the machine."""

    def __init__(self, clock: Clock, entry: BreakerEntry, rng: random.Random, peers: Peers | None = None) -> None:
        self._peers = peers
        self._clock = clock
        self._entry = entry
        self._rng = rng
        self._window = CountingWindow(entry.window_s, 2)
        self._in_row = 0
        self._generation = 0
        self._open = False
        self._since_ns = clock.monotonic_ns()
        self._until_ns = 0
        self._not_before_ns = 0
        """When the upstream itself asked to be called again."""
        self._openings = 0
        # Weak, so that a probe whose ticket was lost does not keep the deployment out for ever.
        self._probe: weakref.ReferenceType[Ticket] | None = None
        self._why = ""
        self._elsewhere_until_ns = 0
        """Until when another process has the probe."""
        self._heard = False
        """Whether the present state was learnt from another process."""

    @property
    def state(self) -> State:
        """The state at present. An open breaker whose time is over is half open."""
        if not self._open:
            return "closed"
        return "open" if self._clock.monotonic_ns() < self._until_ns else "half_open"

    @property
    def since_ns(self) -> int:
        """Monotonic time at which the present state began."""
        return self._until_ns if self.state == "half_open" else self._since_ns

    @property
    def why(self) -> str:
        """Why it opened last; empty when it is closed."""
        return self._why

    @property
    def heard(self) -> bool:
        """Whether another process has seen what brought it to this state."""
        return self._heard

    @property
    def probing(self) -> bool:
        """Whether this process has a probe on its way."""
        return self._open and self._on_its_way is not None

    def permission(self) -> Permission:
        """Whether `admit` would admit a call now. Changes nothing."""
        state = self.state
        if state == "closed":
            return ALLOWED
        if state == "open":
            left = (self._until_ns - self._clock.monotonic_ns()) / 1e9
            return Permission(False, f"its breaker is open for another {_seconds(left)} after {self._why}", left)
        if self._on_its_way is not None:
            return Permission(False, f"its breaker waits for the one probe after {self._why}")
        left_ns = self._elsewhere_until_ns - self._clock.monotonic_ns()
        if left_ns > 0:
            reason = f"its breaker waits for the one probe, which another process sends, after {self._why}"
            return Permission(False, reason, left_ns / 1e9)
        return ALLOWED

    def admit(self) -> Ticket | None:
        """Admit one call, or none. The ticket must be closed, whatever becomes of the call."""
        if not self.permission().allowed:
            return None
        ticket = Ticket(self, self._generation, probe=self._open)
        if ticket.probe:
            self._probe = weakref.ref(ticket)
        return ticket

    @property
    def _on_its_way(self) -> Ticket | None:
        """The probe that has no verdict yet."""
        return None if self._probe is None else self._probe()

    # --- what other processes have seen ----------------------------------------------------------------------------

    def hear_open(self, left_ns: int, openings: int, why: str) -> None:
        """Another process has opened it, for ``left_ns`` from now."""
        now = self._clock.monotonic_ns()
        if left_ns <= 0 and not self._open:
            return  # that is over
        if not self._open or self._why != why:  # else it is the opening that is known, and lasts longer
            self._since_ns, self._heard = now, True
        self._open, self._probe, self._why = True, None, why
        self._until_ns, self._openings, self._elsewhere_until_ns = now + left_ns, openings, 0
        self._generation += 1
        self._forget()

    def hear_closed(self) -> None:
        """Another process's probe was answered."""
        if self._open:
            self._close(self._clock.monotonic_ns(), heard=True)

    def hear_probe(self, left_ns: int) -> None:
        """Another process has the probe, for ``left_ns`` from now."""
        self._elsewhere_until_ns = self._clock.monotonic_ns() + left_ns

    # --- verdicts, told by tickets ---------------------------------------------------------------------------------

    def _success(self, ticket: Ticket) -> None:
        now = self._clock.monotonic_ns()
        if ticket is self._on_its_way:
            self._close(now, heard=False)
            if self._peers is not None:
                self._peers.closed()
        elif ticket.generation == self._generation:
            self._in_row, self._not_before_ns = 0, 0
            self._window.add(now, _GOOD)

    def _failure(self, ticket: Ticket, error: ProviderError) -> None:
        now = self._clock.monotonic_ns()
        self._note_retry_after(now, error)
        if ticket is self._on_its_way:
            self._trip(now, f"its probe failed: {error.code}")
            return
        if ticket.generation != self._generation:
            return
        self._in_row += 1
        self._window.add(now, _BAD)
        if not self._entry.enabled:
            return
        bad = self._window.total(now, _BAD)
        calls = bad + self._window.total(now, _GOOD)
        if self._in_row >= self._entry.failures_in_row:
            plural = "s in a row" if self._in_row > 1 else ""
            self._trip(now, f"{self._in_row} failure{plural}: {error.code}")
        elif calls >= self._entry.min_calls and bad >= self._entry.error_rate * calls:
            window = _seconds(self._entry.window_s)
            self._trip(now, f"{bad} of {calls} calls failed within {window}, the last with {error.code}")

    def _release(self, ticket: Ticket) -> None:
        if ticket is self._on_its_way:
            self._probe = None
            if self._peers is not None:
                self._peers.released()

    def _note_retry_after(self, now: int, error: ProviderError) -> None:
        if error.retry_after_s is None:
            return
        asked = now + round(min(error.retry_after_s, self._entry.max_open_s) * 1e9)
        self._not_before_ns = max(self._not_before_ns, asked)
        # A call that was on its way when the breaker opened may bring the news that it should stay open.
        if self._open and now < self._until_ns:
            longest = self._since_ns + round(self._entry.max_open_s * 1e9)
            before, self._until_ns = self._until_ns, min(max(self._until_ns, asked), max(self._until_ns, longest))
            if self._until_ns > before and self._peers is not None:
                self._peers.opened(self._until_ns - now, self._openings, self._why)

    def _trip(self, now: int, why: str) -> None:
        """Open. The time doubles with each opening, until the breaker has stayed closed for a whole window."""
        if not self._open and now - self._since_ns >= self._entry.window_s * 1e9:
            self._openings = 0
        self._openings += 1
        # 2**40 times the shortest time is longer than the longest.
        wanted = self._entry.open_s * 2 ** min(self._openings - 1, 40) * self._rng.uniform(1 - _JITTER, 1 + _JITTER)
        self._until_ns = max(now + round(min(wanted, self._entry.max_open_s) * 1e9), self._not_before_ns)
        self._open, self._probe, self._why, self._heard = True, None, why, False
        self._since_ns = now
        self._generation += 1
        self._forget()
        if self._peers is not None:
            self._peers.opened(self._until_ns - now, self._openings, why)

    def _close(self, now: int, *, heard: bool) -> None:
        self._open, self._probe, self._why, self._heard = False, None, "", heard
        self._since_ns, self._elsewhere_until_ns = now, 0
        self._forget()

    def _forget(self) -> None:
        self._in_row, self._not_before_ns = 0, 0
        self._window.clear()


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:,.0f} s"
