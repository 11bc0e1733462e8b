"""Breakers of two processes over one store: what one has seen the other acts on, and one of them probes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router_core.clock import ManualClock
from router_core.errors import RateLimited, StateUnavailable, UpstreamFailure
from router_core.policy.schema import Deployment, OpenAIProvider, ResilienceEntry
from router_core.resilience.health import Health
from router_core.resilience.peers import PROBE_S, BreakerPeers
from router_core.state.memory import MemoryStore
from router_core.state.shared import SharedStore
from router_core.state.store import BreakerNews, ProbeAnswer
from tests.state import in_a_file

DOWN = UpstreamFailure("it is down")
PLACE = Deployment(
    name="only", provider=OpenAIProvider(kind="openai", base_url="http://127.0.0.1:9/v1", model="m"), weight=1
)
OPEN_S = 5.0


class Process:
    """One process's health of one model."""

    def __init__(self, store: SharedStore | MemoryStore, clock: ManualClock, name: str, place: Deployment) -> None:
        settings = ResilienceEntry.model_validate({"breaker": {"failures_in_row": 2, "open_s": OPEN_S}})
        self.peers = BreakerPeers(store, clock, teller=name)
        self.health = Health(clock, settings, random.Random(1), {"m": [place]}, self.peers)

    @property
    def state(self) -> str:
        return self.health.snapshot()[0].state

    async def look(self) -> None:
        await self.peers.look(self.health.breakers())

    def fails(self, times: int = 1) -> None:
        for _ in range(times):
            ticket = self.health.begin("m", "only")
            assert ticket is not None
            self.health.end(ticket, "failure", error=DOWN)

    async def probes(self) -> bool:
        """Whether a call is admitted now; it stays on its way."""
        await self.health.ask_to_probe("m")
        self.ticket = self.health.begin("m", "only")
        return self.ticket is not None


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, 12, tzinfo=UTC))


@pytest.fixture
def store(tmp_path: Path, clock: ManualClock) -> Iterator[SharedStore]:
    made = in_a_file(tmp_path / "state.db", clock)
    yield made
    made.close()


@pytest.fixture
def two(store: SharedStore, clock: ManualClock) -> tuple[Process, Process]:
    return Process(store, clock, "one", PLACE), Process(store, clock, "two", PLACE)


async def test_a_breaker_that_opens_in_one_process_opens_in_the_other_with_its_reason(
    two: tuple[Process, Process],
) -> None:
    one, other = two
    one.fails(2)
    await other.look()
    assert (one.state, other.state) == ("open", "open")
    (seen,) = other.health.snapshot()
    assert (seen.why, seen.heard) == (one.health.snapshot()[0].why, True)
    assert seen.retry_in_s == pytest.approx(one.health.snapshot()[0].retry_in_s)
    assert not other.health.readiness("m").allowed


async def test_only_one_process_sends_the_probe_and_its_success_closes_both(
    two: tuple[Process, Process], clock: ManualClock
) -> None:
    one, other = two
    one.fails(2)
    await other.look()
    clock.advance(OPEN_S * 2)
    assert (one.state, other.state) == ("half_open", "half_open")
    assert await other.probes()
    assert not await one.probes()
    assert "which another process sends" in one.health.readiness("m").reason
    other.health.end(other.ticket, "success")  # type: ignore[arg-type]
    await one.look()
    assert (one.state, other.state) == ("closed", "closed")
    assert await one.probes()


async def test_a_probe_that_fails_keeps_both_open_for_longer(two: tuple[Process, Process], clock: ManualClock) -> None:
    one, other = two
    one.fails(2)
    await other.look()
    clock.advance(OPEN_S * 2)
    assert await other.probes()
    other.health.end(other.ticket, "failure", error=DOWN)  # type: ignore[arg-type]
    await one.look()
    assert (one.state, other.state) == ("open", "open")
    assert (one.health.snapshot()[0].retry_in_s or 0) > OPEN_S


async def test_the_probe_of_a_process_that_died_is_another_s_after_a_while_and_a_living_one_keeps_its(
    two: tuple[Process, Process], clock: ManualClock
) -> None:
    one, other = two
    one.fails(2)
    await other.look()
    clock.advance(OPEN_S * 2)
    assert await other.probes()
    clock.advance(PROBE_S - 1)
    await other.look()  # it lives, and its probe is on its way
    clock.advance(PROBE_S - 1)
    assert not await one.probes()
    clock.advance(PROBE_S + 1)  # now it is dead
    assert await one.probes()


async def test_a_probe_without_a_verdict_is_the_other_s_at_once(
    two: tuple[Process, Process], clock: ManualClock
) -> None:
    one, other = two
    one.fails(2)
    await other.look()
    clock.advance(OPEN_S * 2)
    assert await other.probes()
    other.health.end(other.ticket, "cancelled")  # type: ignore[arg-type]
    assert await one.probes()


async def test_a_retry_after_that_comes_late_keeps_both_open_as_long_as_the_upstream_asked(
    two: tuple[Process, Process],
) -> None:
    one, other = two
    late = one.health.begin("m", "only")
    assert late is not None
    one.fails(2)
    await other.look()
    one.health.end(late, "failure", error=RateLimited("slow down", retry_after_s=60))
    await other.look()
    assert [process.health.snapshot()[0].retry_in_s for process in two] == [60, 60]


async def test_who_calls_another_upstream_by_the_same_name_hears_nothing(
    store: SharedStore, clock: ManualClock
) -> None:
    elsewhere = PLACE.model_copy(
        update={"provider": OpenAIProvider(kind="openai", base_url="http://127.0.0.1:10/v1", model="m")}
    )
    one, other = Process(store, clock, "one", PLACE), Process(store, clock, "two", elsewhere)
    one.fails(2)
    await other.look()
    assert other.state == "closed"


class Away(MemoryStore):
    """A store that cannot be used."""

    async def news(self) -> list[BreakerNews]:
        raise StateUnavailable("it is away")

    async def claim_probe(self, name: str, teller: str, until_ns: int) -> ProbeAnswer:
        raise StateUnavailable("it is away")


async def test_without_the_store_each_goes_by_what_it_sees_itself(clock: ManualClock) -> None:
    one = Process(Away(clock), clock, "one", PLACE)
    one.fails(2)
    await one.look()
    assert one.state == "open"
    clock.advance(OPEN_S * 2)
    assert await one.probes()


async def test_a_process_that_starts_hears_of_open_breakers_and_not_of_those_whose_time_is_over(
    store: SharedStore, clock: ManualClock
) -> None:
    Process(store, clock, "one", PLACE).fails(2)
    late = Process(store, clock, "two", PLACE)
    await late.look()
    assert late.state == "open"
    clock.advance(3_600)
    later = Process(store, clock, "three", PLACE)
    await later.look()
    assert later.state == "closed"
