"""Every store of accounts keeps the same promises, whether in memory or in a file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from router_core.clock import ManualClock
from router_core.state.memory import MemoryStore
from router_core.state.sqlite import SqliteStore
from router_core.state.store import Account, Balance, Claim, Hold, StateStore

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY, MONTH = Account("daily", "2026-11-23"), Account("monthly", "2026-11")
FAR = 2**62


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, clock: ManualClock, tmp_path: Path) -> Iterator[StateStore]:
    made: StateStore = MemoryStore(clock) if request.param == "memory" else SqliteStore(tmp_path / "state.db", clock)
    yield made
    made.close()


def held(store: StateStore, nano: int, *claims: Claim, expires_ns: int = FAR) -> Hold:
    made = store.hold(claims, nano, expires_ns)
    assert isinstance(made, Hold)
    return made


def test_an_account_that_nobody_used_is_at_zero(store: StateStore) -> None:
    assert store.balance(DAY) == Balance(0, 0)


def test_a_hold_counts_until_its_settlement_takes_its_place(store: StateStore) -> None:
    hold = held(store, 70, Claim(DAY, 100))
    assert store.balance(DAY) == Balance(0, 70)
    store.settle(hold, 40)
    assert store.balance(DAY) == Balance(40, 0)


def test_a_hold_is_made_in_all_accounts_or_in_none(store: StateStore) -> None:
    refused = store.hold([Claim(DAY, 100), Claim(MONTH, 50)], 60, FAR)
    assert refused == Claim(MONTH, 50)
    assert store.balance(DAY) == store.balance(MONTH) == Balance(0, 0)


def test_an_account_may_come_exactly_to_its_limit(store: StateStore) -> None:
    held(store, 60, Claim(DAY, 100))
    held(store, 40, Claim(DAY, 100))
    assert store.hold([Claim(DAY, 100)], 1, FAR) == Claim(DAY, 100)


def test_without_a_limit_an_account_only_counts(store: StateStore) -> None:
    store.settle(held(store, 10**12, Claim(DAY, None)), 10**12)
    assert store.balance(DAY).spent == 10**12


def test_a_hold_is_settled_once(store: StateStore) -> None:
    hold = held(store, 70, Claim(DAY, 100))
    store.settle(hold, 40)
    store.settle(hold, 70)
    assert store.balance(DAY) == Balance(40, 0)


def test_accounts_are_found_by_the_beginning_of_their_names_the_fullest_first(store: StateStore) -> None:
    names = ("team/tenant=a", "team/tenant=b", "team/tenant=c%", "teams", "x/tenant=a")
    for number, name in enumerate(names):
        store.settle(held(store, 0, Claim(Account(name, "2026-11"), None)), number)
    held(store, 9, Claim(Account("team/tenant=d", "2026-11"), None), Claim(Account("team/tenant=a", "2026-11"), None))
    store.settle(held(store, 0, Claim(Account("team/tenant=a", "2026-12"), None)), 99)
    found = [(account.name, balance) for account, balance in store.accounts("team/tenant=", "2026-11", 3)]
    assert found == [
        ("team/tenant=a", Balance(0, 9)),
        ("team/tenant=d", Balance(0, 9)),
        ("team/tenant=c%", Balance(2, 0)),
    ]
    assert store.accounts("nobody/", "2026-11", 3) == []


def test_a_hold_that_nobody_settles_counts_as_spent_when_it_expires(store: StateStore, clock: ManualClock) -> None:
    hold = held(store, 70, Claim(DAY, 100), expires_ns=clock.time_ns() + 10**9)
    clock.advance(2)
    assert store.hold([Claim(DAY, 100)], 31, FAR) == Claim(DAY, 100)
    store.settle(hold, 1)  # too late: nobody knows what the killed process has spent
    assert store.balance(DAY).total == 70


class Accounts(RuleBasedStateMachine):
    """Any order of holds, settlements and expiries: no account ever exceeds its limit, and money adds up."""

    make: ClassVar[Callable[[ManualClock, Path], StateStore]]
    LIMITS: ClassVar[dict[Account, int]] = {DAY: 300, MONTH: 500}

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.clock = ManualClock(START)
        self.store = type(self).make(self.clock, Path(self.folder.name) / "state.db")
        self.open: list[Hold] = []
        self.due: dict[int, int] = {}
        self.spent = 0

    @rule(nano=st.integers(0, 150), seconds=st.integers(1, 5))
    def hold(self, nano: int, seconds: int) -> None:
        due = self.clock.time_ns() + seconds * 10**9
        made = self.store.hold([Claim(account, limit) for account, limit in self.LIMITS.items()], nano, due)
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
        for account, limit in self.LIMITS.items():
            assert self.store.balance(account).total == expected <= limit

    def _expire(self) -> None:
        for hold in [hold for hold in self.open if self.due[hold.number] <= self.clock.time_ns()]:
            self.open.remove(hold)
            self.spent += hold.nano

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()


class AccountsInMemory(Accounts):
    make = staticmethod(lambda clock, file: MemoryStore(clock))


class AccountsInAFile(Accounts):
    make = staticmethod(lambda clock, file: SqliteStore(file, clock))


TestAccountsInMemory = AccountsInMemory.TestCase
TestAccountsInAFile = AccountsInAFile.TestCase
TestAccountsInMemory.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestAccountsInAFile.settings = settings(max_examples=15, stateful_step_count=20, deadline=None)
