"""Every store of state keeps the same promises, whether in memory, in a file or in PostgreSQL."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from router_core.clock import ManualClock
from router_core.errors import StateUnavailable
from router_core.state.database import Database
from router_core.state.entries import Space
from router_core.state.memory import MemoryStore
from router_core.state.operations import ReadBalances, Settle
from router_core.state.postgresql import PREFIX, PostgresDatabase
from router_core.state.shared import SharedStore
from router_core.state.sqlite import SqliteDatabase
from router_core.state.store import UNCHECKED, Account, Balance, BreakerNews, Claim, Hold, Shortage, StateStore
from tests.postgres import postgres, postgres_url
from tests.state import PATIENCE_S, balance, in_a_file

__all__ = ["postgres", "postgres_url"]

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY, MONTH = Account("daily", "2026-11-23"), Account("monthly", "2026-11")
FAR = 2**62
OURS = "routescope state"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> Iterator[StateStore]:
    made: StateStore = MemoryStore(clock) if request.param == "memory" else opened(request, clock, tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> Iterator[SharedStore]:
    made = opened(request, clock, tmp_path)
    yield made
    made.close()


def opened(request: pytest.FixtureRequest, clock: ManualClock, folder: Path) -> SharedStore:
    database: Database
    if request.param == "sqlite":
        database = SqliteDatabase(folder / "state.db", clock)
    else:
        database = PostgresDatabase(request.getfixturevalue("postgres_url"), clock)
    return SharedStore(database, clock, patience_s=PATIENCE_S)


async def held(store: StateStore, nano: int, *claims: Claim, expires_ns: int = FAR) -> Hold:
    made = await store.hold(claims, nano, expires_ns)
    assert isinstance(made, Hold)
    return made


async def test_an_account_that_nobody_used_is_at_zero(store: StateStore) -> None:
    assert await store.balances([DAY, MONTH]) == [Balance(0, 0), Balance(0, 0)]


async def test_a_hold_counts_until_its_settlement_takes_its_place(store: StateStore) -> None:
    hold = await held(store, 70, Claim(DAY, 100))
    assert await balance(store, DAY) == Balance(0, 70)
    store.settle(hold, 40)
    assert await balance(store, DAY) == Balance(40, 0)


async def test_a_hold_is_made_in_all_accounts_or_in_none(store: StateStore) -> None:
    refused = await store.hold([Claim(DAY, 100), Claim(MONTH, 50)], 60, FAR)
    assert refused == Shortage(Claim(MONTH, 50), 0)
    assert await store.balances([DAY, MONTH]) == [Balance(0, 0), Balance(0, 0)]


async def test_an_account_may_come_exactly_to_its_limit(store: StateStore) -> None:
    await held(store, 60, Claim(DAY, 100))
    await held(store, 40, Claim(DAY, 100))
    assert await store.hold([Claim(DAY, 100)], 1, FAR) == Shortage(Claim(DAY, 100), 100)


async def test_holds_that_are_asked_for_at_once_never_pass_a_limit_together(store: StateStore) -> None:
    made = await asyncio.gather(*(store.hold([Claim(DAY, 100), Claim(MONTH, 1_000)], 7, FAR) for _ in range(40)))
    assert sum(isinstance(one, Hold) for one in made) == 14
    assert await store.balances([DAY, MONTH]) == [Balance(0, 98), Balance(0, 98)]


async def test_without_a_limit_an_account_only_counts(store: StateStore) -> None:
    store.settle(await held(store, 10**12, Claim(DAY, None)), 10**12)
    assert (await balance(store, DAY)).spent == 10**12


async def test_a_hold_is_settled_once(store: StateStore) -> None:
    hold = await held(store, 70, Claim(DAY, 100))
    store.settle(hold, 40)
    store.settle(hold, 70)
    assert await balance(store, DAY) == Balance(40, 0)
    store.settle(hold, 70)
    assert await balance(store, DAY) == Balance(40, 0)


async def test_what_was_spent_unchecked_is_added_to_its_accounts(store: StateStore) -> None:
    for _ in range(3):
        store.settle(Hold(UNCHECKED, (DAY, MONTH), 900), 40)
    assert await store.balances([DAY, MONTH]) == [Balance(120, 0), Balance(120, 0)]


async def test_accounts_are_found_by_the_beginning_of_their_names_the_fullest_first(store: StateStore) -> None:
    names = ("team/tenant=a", "team/tenant=b", "team/tenant=c%", "teams", "x/tenant=a")
    for number, name in enumerate(names):
        store.settle(await held(store, 0, Claim(Account(name, "2026-11"), None)), number)
    two = (Claim(Account("team/tenant=d", "2026-11"), None), Claim(Account("team/tenant=a", "2026-11"), None))
    await held(store, 9, *two)
    store.settle(await held(store, 0, Claim(Account("team/tenant=a", "2026-12"), None)), 99)
    found = [(account.name, balance) for account, balance in await store.accounts("team/tenant=", "2026-11", 3)]
    assert found == [
        ("team/tenant=a", Balance(0, 9)),
        ("team/tenant=d", Balance(0, 9)),
        ("team/tenant=c%", Balance(2, 0)),
    ]
    assert await store.accounts("nobody/", "2026-11", 3) == []


async def test_a_hold_that_nobody_settles_counts_as_spent_when_it_expires(
    store: StateStore, clock: ManualClock
) -> None:
    hold = await held(store, 70, Claim(DAY, 100), expires_ns=clock.time_ns() + 10**9)
    clock.advance(2)
    assert await store.hold([Claim(DAY, 100)], 31, FAR) == Shortage(Claim(DAY, 100), 70)
    store.settle(hold, 1)  # too late: nobody knows what the killed process has spent
    assert (await balance(store, DAY)).total == 70


async def test_a_minute_s_worth_comes_through_at_once_and_the_next_when_it_is_due(
    store: StateStore, clock: ManualClock
) -> None:
    waits = await asyncio.gather(*(store.take("key", 6) for _ in range(8)))
    assert sorted(waits) == [0, 0, 0, 0, 0, 0, pytest.approx(10), pytest.approx(10)]
    assert await store.take("other", 6) == 0
    clock.advance(10.001)
    assert await store.take("key", 6) == 0
    assert await store.take("key", 6) > 9


async def test_what_is_told_of_a_breaker_is_heard_with_a_new_revision_each_time(shared: SharedStore) -> None:
    shared.tell(BreakerNews("m/p", True, 17, 2, "5 failures in a row: timeout", "one"))
    (first,) = await shared.news()
    assert first == BreakerNews("m/p", True, 17, 2, "5 failures in a row: timeout", "one", first.revision)
    shared.tell(BreakerNews("m/p", False, 0, 0, "", "two"))
    (second,) = await shared.news()
    assert (second.open, second.teller, second.revision) == (False, "two", first.revision + 1)


async def test_of_many_processes_one_gets_to_probe_until_its_time_is_over_or_it_gives_the_right_back(
    shared: SharedStore, clock: ManualClock
) -> None:
    now, in_3_s = clock.time_ns(), clock.time_ns() + 3 * 10**9
    assert (await shared.claim_probe("m/p", "one", in_3_s)).granted  # nobody knows that it is open
    shared.tell(BreakerNews("m/p", True, now, 1, "down", "one"))
    answers = await asyncio.gather(*(shared.claim_probe("m/p", name, in_3_s) for name in ("one", "two", "three")))
    assert [answer.granted for answer in answers] == [True, False, False]
    assert answers[1].again_ns == in_3_s
    assert (await shared.claim_probe("m/p", "one", in_3_s)).granted  # renewed
    shared.give_back_probe("m/p", "two")  # which does not have it
    assert not (await shared.claim_probe("m/p", "two", in_3_s)).granted
    shared.give_back_probe("m/p", "one")
    assert (await shared.claim_probe("m/p", "two", in_3_s)).granted
    clock.advance(4)  # two was killed
    assert (await shared.claim_probe("m/p", "three", in_3_s + 4 * 10**9)).granted
    shared.tell(BreakerNews("m/p", False, 0, 0, "", "three"))
    assert (await shared.claim_probe("m/p", "one", in_3_s)).closed


async def test_what_is_over_is_swept_away_and_a_hold_counts_as_spent_then(
    request: pytest.FixtureRequest, shared: SharedStore, clock: ManualClock
) -> None:
    hold = await held(shared, 70, Claim(DAY, 100), expires_ns=clock.time_ns() + 10**9)
    shared.settle(Hold(UNCHECKED, (MONTH,), 5), 5)
    await shared.take("key", 6)
    await shared.put(Space("s", 5, 100), b"k", b"v", 1, ["tenant:acme"])
    await shared.get(Space("s", 5, 100), b"k")
    shared.close()
    clock.advance(7_200)
    database = again(request, shared)
    database.sweep()
    assert database.carry_out([], [ReadBalances((DAY, MONTH))]) == [[Balance(70, 0), Balance(5, 0)]]
    assert database.carry_out([Settle(hold.number, 1)], [ReadBalances((DAY,))]) == [[Balance(70, 0)]]
    for table in ("reserve", "counted", "rate", "entry", "entry_owner"):
        prefix = "" if isinstance(database, SqliteDatabase) else PREFIX
        assert database.run(f"SELECT count(*) FROM {prefix}{table}") == [(0,)], table
    database.close()


def again(request: pytest.FixtureRequest, store: SharedStore) -> SqliteDatabase | PostgresDatabase:
    """The database of a store that was closed, opened anew."""
    before = store._database
    if isinstance(before, SqliteDatabase):
        return SqliteDatabase(before._file, before._clock)
    return PostgresDatabase(request.getfixturevalue("postgres_url"), before._clock)


async def test_a_connection_that_the_server_ends_is_made_again_and_nothing_is_counted_twice(
    postgres_url: str, clock: ManualClock
) -> None:
    store = SharedStore(PostgresDatabase(postgres_url, clock), clock, patience_s=PATIENCE_S)
    hold = await held(store, 70, Claim(DAY, 100))
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [OURS])
    store.settle(hold, 40)
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(StateUnavailable):
                assert await balance(store, DAY) == Balance(40, 0)
                break
            await asyncio.sleep(0.02)
    store.close()


async def test_who_finds_the_lock_taken_waits_as_long_as_he_is_patient_and_reads_all_the_same(
    postgres_url: str, clock: ManualClock
) -> None:
    store = SharedStore(PostgresDatabase(postgres_url, clock), clock, patience_s=PATIENCE_S)
    reader = PostgresDatabase(postgres_url, clock)
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('routescope state'), hashtext(current_schema()))")
        asking = asyncio.create_task(store.hold([Claim(DAY, 100)], 1, FAR))
        await asyncio.sleep(0.05)
        assert not asking.done()
        assert reader.carry_out([], [ReadBalances((DAY,))]) == [[Balance(0, 0)]]
        other.rollback()
    assert isinstance(await asking, Hold)
    reader.close()
    store.close()


def test_several_processes_make_the_tables_at_once(postgres_url: str, clock: ManualClock) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: PostgresDatabase(postgres_url, clock), range(4)))
    for database in made:
        assert database.carry_out([], [ReadBalances((DAY,))]) == [[Balance(0, 0)]]
        database.close()


def test_a_server_that_is_not_there_is_named_without_its_password(clock: ManualClock) -> None:
    with pytest.raises(StateUnavailable, match="the state in PostgreSQL cannot be used") as refused:
        PostgresDatabase("postgresql+psycopg://me:hunter2@127.0.0.1:9/nothing", clock)
    assert "hunter2" not in str(refused.value)


class Accounts(RuleBasedStateMachine):
    """Any order of holds, settlements and expiries: no account ever exceeds its limit, and money adds up."""

    make: ClassVar[Callable[[ManualClock, Path], StateStore]]
    LIMITS: ClassVar[dict[Account, int]] = {DAY: 300, MONTH: 500}

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock(START)
        self.store = type(self).make(self.clock, Path(self.folder.name) / "state.db")
        self.loop = asyncio.Runner()
        self.open: list[Hold] = []
        self.due: dict[int, int] = {}
        self.spent = 0

    @rule(nano=st.integers(0, 150), seconds=st.integers(1, 5))
    def hold(self, nano: int, seconds: int) -> None:
        due = self.clock.time_ns() + seconds * 10**9
        claims = [Claim(account, limit) for account, limit in self.LIMITS.items()]
        made = self.loop.run(self.store.hold(claims, nano, due))
        if isinstance(made, Hold):
            self.open.append(made)
            self.due[made.number] = due

    @rule(share=st.floats(0, 1), which=st.integers(0, 10))
    def settle(self, share: float, which: int) -> None:
        self._expire()
        if self.open:
            hold = self.open.pop(which % len(self.open))
            spent = int(hold.nano * share)
            self.store.settle(hold, spent)
            self.store.settle(hold, hold.nano)  # the second word counts for nothing
            self.spent += spent

    @rule(seconds=st.integers(0, 6))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def money_adds_up_and_no_limit_is_passed(self) -> None:
        if not hasattr(self, "store"):
            return
        self._expire()
        expected = self.spent + sum(hold.nano for hold in self.open)
        found = self.loop.run(self.store.balances(list(self.LIMITS)))
        for one, limit in zip(found, self.LIMITS.values(), strict=True):
            assert one.total == expected <= limit

    def _expire(self) -> None:
        for hold in [hold for hold in self.open if self.due[hold.number] <= self.clock.time_ns()]:
            self.open.remove(hold)
            self.spent += hold.nano

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.loop.close()
            self.folder.cleanup()


class AccountsInMemory(Accounts):
    make = staticmethod(lambda clock, file: MemoryStore(clock))


class AccountsInAFile(Accounts):
    make = staticmethod(lambda clock, file: in_a_file(file, clock))


TestAccountsInMemory = AccountsInMemory.TestCase
TestAccountsInAFile = AccountsInAFile.TestCase
TestAccountsInMemory.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAccountsInAFile.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
