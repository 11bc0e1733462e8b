"""Who a request comes from, and how soon a revoked key is nobody's."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.keys.key import Key, digest_of, mint
from app.keys.ring import ANYBODY, FRESH_S, NEW_S, OWN, STALE_S, KeyRing, KeysUnknown
from router_core.clock import ManualClock
from telemetry.errors import StorageError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEXT = mint()
KEY = Key(TEXT.key_id, "billing", "acme", "client", frozenset({"chat"}), 60, NOW, "anna")
LOCAL_SECRET = "a-secret-of-this-start"


class Kept:
    """Keys as a database has them, which can be exchanged, and be out of reach."""

    def __init__(self, *keys: Key) -> None:
        self.keys = keys
        self.away = False
        self.hangs_until: threading.Event | None = None
        self.looks = 0

    def __call__(self) -> Sequence[tuple[Key, str]]:
        self.looks += 1
        if self.hangs_until is not None:
            self.hangs_until.wait()
        if self.away:
            raise StorageError("it is locked")
        return [(key, digest_of(TEXT.text)) for key in self.keys]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


async def test_without_keys_whoever_is_on_this_machine_may_do_everything(clock: ManualClock):
    ring = KeyRing(Kept(), clock)
    assert await ring.caller(None) == await ring.caller("sk-anything") == ANYBODY


async def test_where_keys_are_needed_nobody_comes_in_though_there_are_none(clock: ManualClock):
    ring = KeyRing(Kept(), clock, needed=True)
    assert await ring.caller(None) is None
    assert await ring.caller("sk-anything") is None


async def test_a_key_says_whose_requests_these_are_and_what_they_may_ask(clock: ManualClock):
    caller = await KeyRing(Kept(KEY), clock).caller(TEXT.text)
    assert caller is not None
    assert (caller.name, caller.tenant, caller.role, caller.requests_per_minute) == ("billing", "acme", "client", 60)
    assert caller.may_ask("chat")
    assert not caller.may_ask("model/large")


async def test_another_key_and_none_and_a_part_of_one_are_nobody_s(clock: ManualClock):
    ring = KeyRing(Kept(KEY), clock)
    for text in (None, mint().text, TEXT.text[:-1], TEXT.key_id, TEXT.text.replace(TEXT.text[-3:], "AAA"), "\udc00"):
        assert await ring.caller(text) is None


async def test_even_when_all_keys_are_revoked_the_gateway_stays_shut(clock: ManualClock):
    ring = KeyRing(Kept(replace(KEY, revoked=NOW)), clock)
    assert await ring.caller(None) is None
    assert await ring.caller(TEXT.text) is None


async def test_the_processes_of_this_start_come_in_by_their_own_secret(clock: ManualClock):
    ring = KeyRing(Kept(KEY), clock, own=LOCAL_SECRET)
    assert await ring.caller(LOCAL_SECRET) == OWN
    assert await ring.caller("another") is None


async def test_a_revoked_key_opens_nothing_half_a_second_later(clock: ManualClock):
    kept = Kept(KEY)
    ring = KeyRing(kept, clock)
    assert await ring.caller(TEXT.text) is not None
    kept.keys = (replace(KEY, revoked=NOW),)
    clock.advance(FRESH_S)
    assert await ring.caller(TEXT.text) is None


async def test_a_new_key_opens_at_once_and_made_up_ones_do_not_wear_out_the_database(clock: ManualClock):
    kept = Kept(replace(KEY, key_id="0" * 12))
    ring = KeyRing(kept, clock)
    assert await ring.caller(TEXT.text) is None
    kept.keys = (KEY,)
    assert await ring.caller(TEXT.text) is not None
    began, looks = clock.monotonic_ns(), kept.looks
    for _ in range(50):
        assert await ring.caller(mint().text) is None
    assert kept.looks - looks <= (clock.monotonic_ns() - began) / 1e9 / NEW_S


async def test_a_key_expires_by_itself(clock: ManualClock):
    ring = KeyRing(Kept(replace(KEY, expires=NOW + timedelta(seconds=0.2))), clock)
    assert await ring.caller(TEXT.text) is not None
    clock.advance(0.2)
    assert await ring.caller(TEXT.text) is None


async def test_many_requests_of_one_moment_are_one_look(clock: ManualClock):
    kept = Kept(KEY)
    ring = KeyRing(kept, clock)
    for _ in range(50):
        assert await ring.caller(TEXT.text) is not None
    assert kept.looks == 1


async def test_a_database_out_of_reach_ends_nothing_for_a_minute_and_then_everything(clock: ManualClock):
    kept = Kept(KEY)
    ring = KeyRing(kept, clock)
    assert await ring.caller(TEXT.text) is not None
    kept.away = True
    clock.advance(STALE_S - 1)
    assert await ring.caller(TEXT.text) is not None
    clock.advance(1)
    with pytest.raises(KeysUnknown, match="cannot be read"):
        await ring.caller(TEXT.text)
    kept.away = False
    clock.advance(FRESH_S)
    assert await ring.caller(TEXT.text) is not None


async def test_a_database_that_was_never_reached_lets_nobody_in(clock: ManualClock):
    kept = Kept(KEY)
    kept.away = True
    with pytest.raises(KeysUnknown):
        await KeyRing(kept, clock).caller(TEXT.text)


async def test_a_reading_that_hangs_is_the_only_one_until_it_ends(clock: ManualClock):
    kept, go_on = Kept(KEY), threading.Event()
    ring = KeyRing(kept, clock, patience_s=0.01)
    assert await ring.caller(TEXT.text) is not None
    kept.hangs_until = go_on
    for _ in range(5):
        clock.advance(FRESH_S)
        assert await ring.caller(TEXT.text) is not None
    assert kept.looks == 2
    kept.keys, kept.hangs_until = (replace(KEY, revoked=NOW),), None
    go_on.set()
    while await ring.caller(TEXT.text) is not None:
        clock.advance(FRESH_S)
