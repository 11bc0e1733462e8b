"""What a SQL tool asks of a database: rows, read only, in a bounded time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from router_core.tools.statement import Statement

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gave."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[Any]]
    """At most as many as were asked for."""
    more: bool
    """Whether there are further rows."""


class Interrupt:
    """How the event loop stops a query that runs in a thread. Safe for use from both."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._action: Callable[[], None] | None = None

    @property
    def stopped(self) -> bool:
        """Whether nobody waits for the query any more."""
        return self._stopped.is_set()

    def on_stop(self, action: Callable[[], None] | None) -> None:
        """What else to do when stopped; it runs in a thread of its own. None: nothing any more."""
        with self._lock:
            self._action = action

    def stop(self) -> None:
        """Stop the query soon. Returns at once."""
        self._stopped.set()
        with self._lock:
            if self._action is not None:
                threading.Thread(target=self._action, daemon=True).start()


class Database(Protocol):
    """One database. Nothing that it raises holds its address, user or password."""

    def check(self, statement: Statement) -> tuple[str, ...] | None:
        """Prepare the statement without running it; the names of its columns, None when only running tells.

        Raises:
            InvalidStatement: the database does not take it.
        """
        ...

    def fetch(
        self, statement: Statement, values: Mapping[str, Any], *, limit: int, seconds: float, interrupt: Interrupt
    ) -> Rows:
        """Run the statement with bound values. Blocks, at most about ``seconds``.

        Raises:
            ToolFailed: it took too long, or the database refused or could not be reached.
        """
        ...


async def in_thread(executor: Executor, work: Callable[[Interrupt], Result]) -> Result:
    """Run blocking work; a caller who leaves interrupts it, so that no thread goes on for nobody."""
    interrupt = Interrupt()
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, work, interrupt)
    except asyncio.CancelledError:
        interrupt.stop()
        raise
