"""Stores of shared state for tests: as the gateway opens them, and patient enough for a busy machine."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from router_core.clock import Clock
from router_core.state.shared import SharedStore
from router_core.state.sqlite import SqliteDatabase
from router_core.state.store import Account, Balance, BudgetStore

T = TypeVar("T")

PATIENCE_S = 60.0


def in_a_file(file: Path, clock: Clock, *, patience_s: float = PATIENCE_S) -> SharedStore:
    """A store over a file that others may use too."""
    return SharedStore(SqliteDatabase(file, clock), clock, patience_s=patience_s)


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns that never waits, as those of a store in memory."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waits for something")


async def balance(store: BudgetStore, account: Account) -> Balance:
    """What one account has come to."""
    (found,) = await store.balances([account])
    return found
