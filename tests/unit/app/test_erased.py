"""What is to be erased reaches entries that a gateway keeps in memory, and those of the shared state."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.erased import Erasures, follow, forget
from app.settings import Settings
from app.shared_state import open_state
from router_core.clock import ManualClock
from router_core.state.entries import MemoryEntries, Space, tenant_owner

ACME, BETA = tenant_owner("acme"), tenant_owner("beta")
SPACE = Space("cache/chat", 10, 1000)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    home = tmp_path / "home"
    home.mkdir()
    return Settings(home, home / "models", tmp_path / "policy.toml", f"sqlite:///{home / 'routescope.db'}")


def test_each_note_is_seen_once_by_every_gateway_that_ran_before_it(settings: Settings) -> None:
    one, two = Erasures(settings.run), Erasures(settings.run)
    assert one.look() == []
    assert forget(settings, [ACME]) == 0
    assert (one.look(), one.look()) == ([ACME], [])
    forget(settings, [BETA])
    assert one.look() == [BETA]
    assert sorted(two.look()) == sorted([ACME, BETA])
    assert Erasures(settings.run).look() == []


def test_the_same_tenant_can_be_erased_again(settings: Settings) -> None:
    erasures = Erasures(settings.run)
    for _ in range(2):
        forget(settings, [ACME])
        assert erasures.look() == [ACME]


def test_a_note_does_not_tell_whose_it_is(settings: Settings) -> None:
    forget(settings, [tenant_owner("acme-of-oslo")])
    assert "acme" not in (settings.run / "erased").read_text()


def test_old_notes_go_with_the_next_one(settings: Settings) -> None:
    settings.run.mkdir()
    (settings.run / "erased").write_text("1000 tenant:old\nnonsense\n")
    forget(settings, [ACME])
    assert len((settings.run / "erased").read_text().splitlines()) == 1


async def test_a_gateway_forgets_what_was_noted(settings: Settings) -> None:
    clock = ManualClock(datetime(2026, 11, 23, tzinfo=UTC))
    entries = MemoryEntries(clock)
    await entries.put(SPACE, b"a", b"v", 1e9, (ACME,))
    await entries.put(SPACE, b"b", b"v", 1e9, (BETA,))
    following = asyncio.create_task(follow(Erasures(settings.run), lambda: entries, clock))
    try:
        await asyncio.sleep(0)
        await asyncio.to_thread(forget, settings, [ACME])
        async with asyncio.timeout(60):
            while await entries.get(SPACE, b"a") is not None:
                await asyncio.sleep(0.005)
        assert await entries.get(SPACE, b"b") == b"v"
    finally:
        following.cancel()


async def test_the_shared_state_forgets_at_once_and_says_how_much(settings: Settings) -> None:
    store = open_state(settings.database_url, settings.home, patience_s=60)
    try:
        await store.put(SPACE, b"a", b"v", 600, (ACME,))
        await store.put(SPACE, b"b", b"v", 600, (BETA,))
        async with asyncio.timeout(60):
            while await store.get(SPACE, b"b") is None:
                await asyncio.sleep(0.005)
        assert await asyncio.to_thread(forget, settings, [ACME]) == 1
        assert (await store.get(SPACE, b"a"), await store.get(SPACE, b"b")) == (None, b"v")
    finally:
        await asyncio.to_thread(store.close)
