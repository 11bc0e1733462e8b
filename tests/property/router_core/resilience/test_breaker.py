"""Whatever happens in whatever order: one probe at a time, none while open, and never from open to closed unproved."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from router_core.clock import ManualClock
from router_core.errors import ContextTooLong, ProviderError, ProviderTimeout, RateLimited, UpstreamFailure
from router_core.policy.schema import BreakerEntry
from router_core.resilience.breaker import Breaker, State, Ticket

errors = st.one_of(
    st.builds(lambda: UpstreamFailure("500")),
    st.builds(lambda: ProviderTimeout("slow")),
    st.builds(lambda: ContextTooLong("too long")),
    st.builds(lambda s: RateLimited("slow down", retry_after_s=s), st.none() | st.floats(0, 1e9)),
)
entries = st.builds(
    BreakerEntry,
    failures_in_row=st.integers(1, 6),
    error_rate=st.floats(0.05, 1),
    min_calls=st.integers(1, 10),
    window_s=st.floats(1, 120),
    open_s=st.floats(0.1, 60),
    max_open_s=st.floats(0.1, 300),
)


class Breakers(RuleBasedStateMachine):
    """Calls begin and end in any order while time passes."""

    tickets: Bundle[Ticket] = Bundle("tickets")
    closed: Bundle[Ticket] = Bundle("closed")

    @initialize(entry=entries, seed=st.integers(0, 1_000))
    def make(self, entry: BreakerEntry, seed: int) -> None:
        self.clock = ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
        self.entry = entry
        self.breaker = Breaker(self.clock, entry, random.Random(seed))
        self.probes: list[Ticket] = []
        self.was: State = "closed"
        self.proved = False

    @rule(target=tickets)
    def admit(self) -> Any:
        state, allowed = self.breaker.state, self.breaker.permission().allowed
        ticket = self.breaker.admit()
        assert (ticket is not None) == allowed
        if state == "closed":
            assert ticket is not None, "a closed breaker admits everybody"
        if state == "open":
            assert ticket is None, "an open breaker admits nobody"
        if ticket is None:
            return multiple()
        assert ticket.probe == (state == "half_open")
        if ticket.probe:
            self.probes.append(ticket)
        return ticket

    @rule(target=closed, ticket=consumes(tickets))
    def succeed(self, ticket: Ticket) -> Ticket:
        self.proved = ticket.probe and not ticket.closed and self.breaker.state == "half_open"
        ticket.succeeded()
        return ticket

    @rule(target=closed, ticket=consumes(tickets), error=errors)
    def fail(self, ticket: Ticket, error: ProviderError) -> Ticket:
        before = self.breaker.state
        ticket.failed(error)
        if not error.counts_against_model:
            assert self.breaker.state == before, "a fault of the caller changes no state"
        return ticket

    @rule(target=closed, ticket=consumes(tickets))
    def cancel(self, ticket: Ticket) -> Ticket:
        before = self.breaker.state
        ticket.cancelled()
        assert self.breaker.state == before, "a cancelled call is no verdict"
        return ticket

    @rule(ticket=closed, error=errors)
    def close_again(self, ticket: Ticket, error: ProviderError) -> None:
        before = (self.breaker.state, self.breaker.permission())
        ticket.succeeded()
        ticket.failed(error)
        ticket.cancelled()
        assert (self.breaker.state, self.breaker.permission()) == before

    @rule(seconds=st.floats(0, 400))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def at_most_one_probe_is_on_its_way(self) -> None:
        if hasattr(self, "breaker"):
            assert sum(not probe.closed for probe in self.probes) <= 1

    @invariant()
    def only_a_probe_that_succeeded_closes_it(self) -> None:
        if hasattr(self, "breaker"):
            now: State = self.breaker.state
            if self.was != "closed" and now == "closed":
                assert self.proved
            self.was, self.proved = now, False

    @invariant()
    def it_is_never_open_for_longer_than_the_policy_says(self) -> None:
        if hasattr(self, "breaker"):
            left = self.breaker.permission().retry_in_s
            assert left is None or 0 < left <= self.entry.max_open_s + 1e-6
            assert self.breaker.permission().allowed or self.breaker.permission().reason


TestBreakers = Breakers.TestCase
TestBreakers.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
