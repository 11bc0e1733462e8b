"""Sessions and cached answers are kept alike in memory, in a file and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from router_core.clock import ManualClock
from router_core.state.entries import EntryStore, MemoryEntries, Space
from router_core.state.postgresql import PostgresDatabase
from router_core.state.shared import SharedStore
from tests.postgres import postgres, postgres_url
from tests.state import PATIENCE_S, in_a_file

__all__ = ["postgres", "postgres_url"]

SPACE, OTHER = Space("cache/chat", 20, 1_000), Space("session/chat", 20, 1_000)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 23, 12, tzinfo=UTC))


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def entries(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> Iterator[EntryStore]:
    if request.param == "memory":
        yield MemoryEntries(clock)
        return
    if request.param == "sqlite":
        store = in_a_file(tmp_path / "state.db", clock)
    else:
        store = SharedStore(
            PostgresDatabase(request.getfixturevalue("postgres_url"), clock), clock, patience_s=PATIENCE_S
        )
    yield store
    store.close()


async def test_a_value_is_there_until_its_time_is_over_and_a_newer_one_takes_its_place(
    entries: EntryStore, clock: ManualClock
) -> None:
    await entries.put(SPACE, b"\x00key", b"first", 60, ["tenant:acme"])
    await entries.put(SPACE, b"\x00key", b"second\x00\xff", 60, ["tenant:acme"])
    assert await entries.get(SPACE, b"\x00key") == b"second\x00\xff"
    assert await entries.get(OTHER, b"\x00key") is None
    clock.advance(61)
    assert await entries.get(SPACE, b"\x00key") is None


async def test_a_full_space_lets_go_of_the_oldest_and_others_keep_theirs(
    entries: EntryStore, clock: ManualClock
) -> None:
    await entries.put(OTHER, b"mine", b"stays", 600, [])
    for number in range(40):
        clock.advance(0.001)
        await entries.put(SPACE, b"%d" % number, b"v", 600, ["tenant:acme"])
        assert await entries.get(SPACE, b"%d" % number) == b"v"
    kept = [number for number in range(40) if await entries.get(SPACE, b"%d" % number) is not None]
    assert len(kept) <= SPACE.max_entries
    assert kept == list(range(kept[0], 40))
    assert await entries.get(OTHER, b"mine") == b"stays"


async def test_bytes_are_bounded_too_and_what_is_larger_than_the_space_leaves_nothing_behind(
    entries: EntryStore, clock: ManualClock
) -> None:
    await entries.put(SPACE, b"a", b"x" * 600, 600, [])
    clock.advance(0.001)
    await entries.put(SPACE, b"b", b"x" * 600, 600, [])
    assert [await entries.get(SPACE, key) is not None for key in (b"a", b"b")] == [False, True]
    await entries.put(SPACE, b"b", b"x" * 1_001, 600, [])
    assert await entries.get(SPACE, b"b") is None


async def test_what_belongs_to_an_owner_is_forgotten_in_every_space(entries: EntryStore) -> None:
    await entries.put(SPACE, b"a", b"1", 600, ["tenant:acme", "decision:1"])
    await entries.put(OTHER, b"a", b"2", 600, ["tenant:acme"])
    await entries.put(SPACE, b"b", b"3", 600, ["tenant:zeta", "decision:2"])
    await entries.put(SPACE, b"c", b"4", 600, ["tenant:zeta"])
    await entries.delete(SPACE, b"c")
    assert await entries.forget(["tenant:acme", "decision:2"]) == 3
    for space, key in ((SPACE, b"a"), (OTHER, b"a"), (SPACE, b"b"), (SPACE, b"c")):
        assert await entries.get(space, key) is None
    assert await entries.forget(["tenant:acme"]) == 0
