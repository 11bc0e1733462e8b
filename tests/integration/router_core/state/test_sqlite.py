"""Several processes on one file of accounts: together they never pass a limit, and a killed one gives nothing back."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from router_core.clock import SystemClock
from router_core.errors import StateBusy, StateUnavailable
from router_core.state.sqlite import SqliteStore
from router_core.state.store import Account, Balance, Claim, Hold

SHARED = Account("shared", "2026-11")
LIMIT, EACH, TRIES, PROCESSES = 1_000, 10, 60, 4
FAR = 2**62


def spend(file: Path) -> int:
    """Set aside and settle again and again; what this process has spent."""
    store, spent = SqliteStore(file, SystemClock()), 0
    for _ in range(TRIES):
        made = store.hold([Claim(SHARED, LIMIT)], EACH, FAR)
        if isinstance(made, Hold):
            store.settle(made, EACH)
            spent += EACH
    store.close()
    return spent


def hold_and_hang(file: Path, ready: Connection) -> None:
    store = SqliteStore(file, SystemClock())
    store.hold([Claim(SHARED, LIMIT)], 400, SystemClock().time_ns() + 1)
    ready.send("held")
    ready.recv()


def test_four_processes_spend_the_limit_to_the_last_and_not_a_nano_more(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        spent = pool.map(spend, [file] * PROCESSES)
    assert sum(spent) == LIMIT
    store = SqliteStore(file, SystemClock())
    assert store.balance(SHARED) == Balance(LIMIT, 0)
    store.close()


def test_what_a_killed_process_had_set_aside_counts_as_spent(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=hold_and_hang, args=(file, theirs))
    process.start()
    assert ours.poll(60)
    assert ours.recv() == "held"
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(10)
    store = SqliteStore(file, SystemClock())
    assert store.hold([Claim(SHARED, LIMIT)], 601, FAR) == Claim(SHARED, LIMIT)
    assert store.balance(SHARED).total == 400
    store.close()


def test_a_file_that_is_no_database_is_named_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_text("this is no database, but long enough to be taken for the head of one " * 4)
    with pytest.raises(
        StateUnavailable, match=r"the budgets' file state\.db cannot be used \(file is not a database\)"
    ):
        SqliteStore(file, SystemClock())


def test_a_file_that_another_process_keeps_locked_is_said_to_be_locked(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    store = SqliteStore(file, SystemClock(), wait_s=0.05)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateUnavailable, match="database is locked"):
        store.hold([Claim(SHARED, LIMIT)], 1, FAR)
    other.execute("ROLLBACK")
    assert isinstance(store.hold([Claim(SHARED, LIMIT)], 1, FAR), Hold)
    other.close()
    store.close()


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process's write that takes its time."""
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_a_settlement_that_finds_the_file_locked_counts_at_once_and_stands_in_it_with_the_next_write(
    tmp_path: Path,
) -> None:
    file = tmp_path / "state.db"
    store, other = SqliteStore(file, SystemClock(), wait_s=0.01), SqliteStore(file, SystemClock())
    hold = store.hold([Claim(SHARED, LIMIT)], 400, FAR)
    assert isinstance(hold, Hold)
    with locked(file):
        store.settle(hold, 150)
        store.settle(hold, 400)  # only the first word counts
        assert store.balance(SHARED) == Balance(150, 0)
        assert store.accounts(SHARED.name, SHARED.period, 1) == [(SHARED, Balance(150, 0))]
        assert other.balance(SHARED) == Balance(0, 400)
        with pytest.raises(StateBusy):
            store.hold([Claim(SHARED, LIMIT)], LIMIT, FAR)
    assert store.hold([Claim(SHARED, LIMIT)], LIMIT - 149, FAR) == Claim(SHARED, LIMIT)
    assert isinstance(store.hold([Claim(SHARED, LIMIT)], LIMIT - 150, FAR), Hold)
    assert other.balance(SHARED) == store.balance(SHARED) == Balance(150, LIMIT - 150)
    store.close()
    other.close()


def test_a_settlement_that_found_the_file_locked_is_there_after_the_end(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    store = SqliteStore(file, SystemClock(), wait_s=0.01)
    hold = store.hold([Claim(SHARED, LIMIT)], 400, FAR)
    assert isinstance(hold, Hold)
    with locked(file):
        store.settle(hold, 150)
    store.close()
    again = SqliteStore(file, SystemClock())
    assert again.balance(SHARED) == Balance(150, 0)
    again.close()


async def test_a_settlement_that_found_the_file_locked_is_there_soon_though_nobody_writes(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    store, other = SqliteStore(file, SystemClock(), wait_s=0.01), SqliteStore(file, SystemClock())
    hold = store.hold([Claim(SHARED, LIMIT)], 400, FAR)
    assert isinstance(hold, Hold)
    with locked(file):
        store.settle(hold, 150)
        await asyncio.sleep(0.2)
    for _ in range(500):
        if other.balance(SHARED) == Balance(150, 0):
            break
        await asyncio.sleep(0.02)
    assert other.balance(SHARED) == Balance(150, 0)
    store.close()
    other.close()


def test_a_full_disk_is_said_to_be_one_and_forgotten_once_there_is_room(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db", SystemClock())
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    claims = [Claim(Account(f"{number} {'x' * 400}", "2026-11"), None) for number in range(50)]
    with pytest.raises(StateUnavailable, match=r"state\.db cannot be used \(database or disk is full\)"):
        store.hold(claims, EACH, FAR)
    store._connection.execute("PRAGMA max_page_count = 100000")
    assert isinstance(store.hold(claims, EACH, FAR), Hold)
    store.close()


def test_a_commit_that_fails_keeps_nothing_and_does_not_block_the_next_one(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state.db", SystemClock())

    def no_commit(action: int, operation: str | None, *_: object) -> int:
        commits = action == sqlite3.SQLITE_TRANSACTION and operation == "COMMIT"
        return sqlite3.SQLITE_DENY if commits else sqlite3.SQLITE_OK

    store._connection.set_authorizer(no_commit)
    with pytest.raises(StateUnavailable):
        store.hold([Claim(SHARED, LIMIT)], EACH, FAR)
    store._connection.set_authorizer(None)
    assert store.balance(SHARED) == Balance(0, 0)
    assert isinstance(store.hold([Claim(SHARED, LIMIT)], EACH, FAR), Hold)
    assert store.balance(SHARED) == Balance(0, EACH)
    store.close()
