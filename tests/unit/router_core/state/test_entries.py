"""Values are kept for their time, in a space of their own that has bounds, and can be forgotten by their owner."""

from __future__ import annotations

from datetime import timedelta

import pytest

from router_core.clock import ManualClock
from router_core.state.entries import MemoryEntries, Space, decision_owner, tenant_owner
from tests.routing import START

SPACE = Space("cache/chat", 3, 1000)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


async def test_a_value_is_there_until_its_time_is_over(clock: ManualClock) -> None:
    entries = MemoryEntries(clock)
    await entries.put(SPACE, b"k", b"v", 10, ())
    await clock.sleep(9.999)
    assert await entries.get(SPACE, b"k") == b"v"
    await clock.sleep(0.001)
    assert await entries.get(SPACE, b"k") is None


async def test_the_one_used_longest_ago_goes_first(clock: ManualClock) -> None:
    entries = MemoryEntries(clock)
    for key in (b"a", b"b", b"c"):
        await entries.put(SPACE, key, b"v", 10, ())
    await entries.get(SPACE, b"a")
    await entries.put(SPACE, b"d", b"v", 10, ())
    assert [await entries.get(SPACE, key) for key in (b"a", b"b", b"c", b"d")] == [b"v", None, b"v", b"v"]


async def test_bytes_are_bounded_too_and_what_is_larger_than_the_space_leaves_nothing_behind(
    clock: ManualClock,
) -> None:
    entries, space = MemoryEntries(clock), Space("s", 100, 20)
    await entries.put(space, b"a", b"x" * 9, 10, ())
    await entries.put(space, b"b", b"x" * 9, 10, ())
    await entries.put(space, b"c", b"x" * 9, 10, ())
    assert [await entries.get(space, key) is not None for key in (b"a", b"b", b"c")] == [False, True, True]
    await entries.put(space, b"b", b"x" * 20, 10, ())
    assert await entries.get(space, b"b") is None
    assert await entries.get(space, b"c") is not None


async def test_spaces_do_not_meet(clock: ManualClock) -> None:
    entries = MemoryEntries(clock)
    await entries.put(SPACE, b"k", b"v", 10, ())
    assert await entries.get(Space("session/chat", 3, 1000), b"k") is None
    await entries.delete(SPACE, b"k")
    assert await entries.get(SPACE, b"k") is None


async def test_an_owner_s_values_are_forgotten_in_every_space_and_nobody_else_s(clock: ManualClock) -> None:
    entries, other = MemoryEntries(clock), Space("session/chat", 3, 1000)
    await entries.put(SPACE, b"a", b"v", 10, (tenant_owner("acme"), decision_owner("1")))
    await entries.put(other, b"b", b"v", 10, (tenant_owner("acme"), decision_owner("2")))
    await entries.put(SPACE, b"c", b"v", 10, (tenant_owner("beta"), decision_owner("3")))
    assert await entries.forget([tenant_owner("acme")]) == 2
    assert await entries.get(SPACE, b"c") == b"v"
    assert await entries.forget([decision_owner("3")]) == 1
    assert await entries.forget([decision_owner("3")]) == 0


async def test_what_is_over_does_not_wait_in_memory_until_somebody_asks_for_it(clock: ManualClock) -> None:
    entries = MemoryEntries(clock)
    await entries.put(SPACE, b"old", b"v", 10, (tenant_owner("acme"),))
    clock.move_to(START + timedelta(seconds=11))
    await entries.put(SPACE, b"new", b"v", 10, ())
    assert await entries.forget([tenant_owner("acme")]) == 0
