"""Whatever upstreams do: somebody is chosen while anybody may be called, and tickets are honoured in any order."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from router_core.clock import ManualClock
from router_core.errors import UpstreamFailure
from router_core.policy.schema import Deployment, ResilienceEntry, ScriptedProvider
from router_core.resilience.health import CallTicket, Health, Outcome

START = datetime(2026, 11, 23, tzinfo=UTC)

steps = st.lists(
    st.tuples(st.floats(0, 30), st.sampled_from(["success", "failure", "cancelled"]), st.booleans(), st.floats(0, 1e6)),
    max_size=150,
)
"""Seconds that pass, what becomes of the call, whether it ends at once, and its latency in ms."""


@given(steps, st.integers(1, 4), st.integers(0, 1_000))
def test_a_deployment_is_chosen_exactly_while_one_may_be_called(
    told: list[tuple[float, Outcome, bool, float]], count: int, seed: int
) -> None:
    clock = ManualClock(START)
    entry = ResilienceEntry.model_validate({"outlier": {"min_calls": 3}, "breaker": {"min_calls": 5}})
    places = [
        Deployment(name=f"d{number}", provider=ScriptedProvider(kind="scripted"), weight=number + 1.0)
        for number in range(count)
    ]
    health = Health(clock, entry, random.Random(seed), {"m": places})
    waiting: list[tuple[CallTicket, Outcome, float]] = []
    for seconds, outcome, at_once, took in told:
        clock.advance(seconds)
        choice = health.choose("m")
        assert (choice.deployment is not None) == health.readiness("m").allowed
        if choice.deployment is not None:
            assert health.readiness("m", choice.deployment).allowed
            ticket = health.begin("m", choice.deployment)
            assert ticket is not None, "what was chosen is admitted when nothing came in between"
            waiting.append((ticket, outcome, took))
        if at_once:
            for held, verdict, latency in waiting:
                error = UpstreamFailure("500") if verdict == "failure" else None
                health.end(held, verdict, latency_ms=latency, ttft_ms=latency / 2, error=error)
            waiting.clear()
        snapshot = health.snapshot()
        states = [one.state for one in snapshot]
        assert states.count("ejected") <= max(count // 2, 0)
        assert all(one.failed <= one.calls for one in snapshot)
        assert all(one.since <= clock_now(clock) for one in snapshot)
        assert all(bool(one.why) == (one.state != "closed") for one in snapshot)


def clock_now(clock: ManualClock) -> datetime:
    return datetime.fromtimestamp(clock.time_ns() / 1e9, tz=UTC)
