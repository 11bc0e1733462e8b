"""Several processes on one file of state: together they never pass a limit, and a killed one gives nothing back."""

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
from router_core.state.operations import MakeHold, ReadBalances
from router_core.state.sqlite import SqliteDatabase
from router_core.state.store import Account, Balance, Claim, Hold, Shortage
from tests.state import balance, in_a_file

SHARED = Account("shared", "2026-11")
LIMIT, EACH, TRIES, PROCESSES = 1_000, 10, 60, 4
FAR = 2**62


def spend(file: Path) -> int:
    """Set aside and settle again and again, six at a time; what this process has spent."""
    return asyncio.run(_spend(file))


async def _spend(file: Path) -> int:
    store, spent = in_a_file(file, SystemClock()), 0
    for _ in range(TRIES // 6):
        for made in await asyncio.gather(*(store.hold([Claim(SHARED, LIMIT)], EACH, FAR) for _ in range(6))):
            if isinstance(made, Hold):
                store.settle(made, EACH)
                spent += EACH
    store.close()
    return spent


def hold_and_hang(file: Path, ready: Connection) -> None:
    store = in_a_file(file, SystemClock())
    asyncio.run(store.hold([Claim(SHARED, LIMIT)], 400, SystemClock().time_ns() + 1))
    ready.send("held")
    ready.recv()


async def test_four_processes_spend_the_limit_to_the_last_and_not_a_nano_more(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        spent = await asyncio.to_thread(pool.map, spend, [file] * PROCESSES)
    assert sum(spent) == LIMIT
    store = in_a_file(file, SystemClock())
    assert await balance(store, SHARED) == Balance(LIMIT, 0)
    store.close()


async def test_what_a_killed_process_had_set_aside_counts_as_spent(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=hold_and_hang, args=(file, theirs))
    process.start()
    assert ours.poll(60)
    assert ours.recv() == "held"
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(60)
    store = in_a_file(file, SystemClock())
    assert await store.hold([Claim(SHARED, LIMIT)], 601, FAR) == Shortage(Claim(SHARED, LIMIT), 400)
    assert (await balance(store, SHARED)).total == 400
    store.close()


def test_a_file_that_is_no_database_is_named_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_text("this is no database, but long enough to be taken for the head of one " * 4)
    with pytest.raises(StateUnavailable, match=r"the state's file state\.db cannot be used \(file is not a database\)"):
        SqliteDatabase(file, SystemClock())


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


def hold(nano: int, *accounts: Account, limit: int | None = LIMIT) -> MakeHold:
    return MakeHold(7, tuple(Claim(account, limit) for account in accounts or (SHARED,)), nano, FAR)


def test_a_file_that_another_process_keeps_locked_can_be_read_and_is_said_to_be_busy_for_writing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "state.db"
    database = SqliteDatabase(file, SystemClock(), wait_s=0.01)
    with locked(file):
        assert database.carry_out([], [ReadBalances((SHARED,))]) == [[Balance(0, 0)]]
        with pytest.raises(StateBusy, match="database is locked"):
            database.carry_out([], [hold(1)])
    assert database.carry_out([], [hold(1)]) == [Hold(7, (SHARED,), 1)]
    database.close()


def test_a_full_disk_is_said_to_be_one_and_forgotten_once_there_is_room(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "state.db", SystemClock())
    ((pages,),) = database.run("PRAGMA page_count")
    database.run(f"PRAGMA max_page_count = {pages}")
    large = hold(EACH, *(Account(f"{number} {'x' * 400}", "2026-11") for number in range(50)), limit=None)
    with pytest.raises(StateUnavailable, match=r"state\.db cannot be used \(database or disk is full\)"):
        database.carry_out([], [large])
    database.run("PRAGMA max_page_count = 100000")
    assert isinstance(database.carry_out([], [large])[0], Hold)
    database.close()


def test_a_commit_that_fails_keeps_nothing_and_does_not_block_the_next_one(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "state.db", SystemClock())

    def no_commit(action: int, operation: str | None, *_: object) -> int:
        commits = action == sqlite3.SQLITE_TRANSACTION and operation == "COMMIT"
        return sqlite3.SQLITE_DENY if commits else sqlite3.SQLITE_OK

    database._connection.set_authorizer(no_commit)
    with pytest.raises(StateUnavailable):
        database.carry_out([], [hold(EACH)])
    database._connection.set_authorizer(None)
    assert database.carry_out([], [ReadBalances((SHARED,))]) == [[Balance(0, 0)]]
    assert isinstance(database.carry_out([], [hold(EACH)])[0], Hold)
    assert database.carry_out([], [ReadBalances((SHARED,))]) == [[Balance(0, EACH)]]
    database.close()
