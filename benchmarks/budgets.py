"""Budgets: what it costs a call to set money aside and to settle it, in memory and in the file that processes share.

    python benchmarks/budgets.py
    python benchmarks/budgets.py --json

Medians in microseconds; the ratio to the peer is file against memory. ``ratio_to_limit`` below 1 is within the limit.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

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


def figure(name: str, value: float, peer: float | None, n: int) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 1),
        "unit": "us",
        "limit": LIMIT_US,
        "peer": None if peer is None else "in memory",
        "ratio_to_peer": None if peer is None else round(value / peer, 2),
        "ratio_to_limit": round(value / LIMIT_US, 3),
        "n": n,
    }


def measure() -> list[dict[str, Any]]:
    memory = median_us(MemoryStore(SystemClock()), CALLS)
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder) / "state.db", SystemClock())
        alone = median_us(store, CALLS)
        store.close()
        # Started anew, not forked: a forked connection of SQLite is not to be used.
        with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
            beside = statistics.median(pool.map(_beside_others, [Path(folder) / "shared.db"] * PROCESSES))
    return [
        figure("budgets in memory", memory, None, CALLS),
        figure("budgets in a file", alone, memory, CALLS),
        figure(f"budgets in a file, {PROCESSES} processes", beside, memory, CALLS),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure()
    if arguments.json:
        print(json.dumps(figures))
        return 0
    for one in figures:
        peer = "" if one["ratio_to_peer"] is None else f", {one['ratio_to_peer']} of {one['peer']}"
        print(f"{one['name']}: {one['value']} us (limit {one['limit']:.0f}{peer})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
