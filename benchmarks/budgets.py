"""Budgets: what it costs a call to set money aside and to settle it, in memory and in the file that processes share.

    python benchmarks/budgets.py
    python benchmarks/budgets.py --json

Medians in microseconds; the ratio to the peer is file against memory. ``ratio_to_limit`` below 1 is within the limit.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.measuring.figures import Figure, command, figure, tell
from router_core.clock import SystemClock
from router_core.policy.schema import Budget
from router_core.request import Context
from router_core.state.memory import MemoryStore
from router_core.state.purse import Budgets
from router_core.state.sqlite import SqliteStore
from router_core.state.store import Hold, StateStore

CALLS = 2_000
PROCESSES = 4
LIMIT_US = 1_000.0
"""A call of a model takes a thousand times as long."""

BUDGETS = [
    Budget.model_validate({"name": "company", "usd": "100000", "period": "month"}),
    Budget.model_validate({"name": "team", "usd": "100000", "period": "day", "per": "tenant"}),
]


def once(budgets: Budgets, tenant: str) -> None:
    """One request with one call, under two budgets."""
    purse = budgets.open("chat", Context(tenant=tenant), 60.0)
    assert purse is not None
    hold = purse.hold(1_000)
    assert isinstance(hold, Hold)
    purse.settle(hold, 900)


def median_us(store: StateStore, calls: int) -> float:
    budgets = Budgets(BUDGETS, store, SystemClock())
    times = []
    for number in range(calls):
        start = time.perf_counter_ns()
        once(budgets, f"tenant {number % 10}")
        times.append((time.perf_counter_ns() - start) / 1e3)
    return statistics.median(times)


def _beside_others(file: Path) -> float:
    store = SqliteStore(file, SystemClock())
    try:
        return median_us(store, CALLS // 4)
    finally:
        store.close()


def measure() -> list[Figure]:
    memory = median_us(MemoryStore(SystemClock()), CALLS)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "state.db", SystemClock())
        alone = median_us(store, CALLS)
        store.close()
        # Started anew, not forked: a forked connection of SQLite is not to be used.
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            beside = statistics.median(pool.map(_beside_others, [Path(folder) / "shared.db"] * PROCESSES))
    return [
        figure("budgets in memory", memory, "us", CALLS, limit=LIMIT_US),
        figure("budgets in a file", alone, "us", CALLS, limit=LIMIT_US, peer=memory),
        figure(f"budgets in a file, {PROCESSES} processes", beside, "us", CALLS, limit=LIMIT_US, peer=memory),
    ]


def main() -> None:
    options = command(__doc__).parse_args()
    tell(measure(), only_json=options.json, peer="the store in memory")


if __name__ == "__main__":
    main()
