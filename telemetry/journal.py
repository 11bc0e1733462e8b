"""Keeps rows about RouteScope itself: whoever adds one goes on at once, and a thread writes it when it can.

Such rows come when something is wrong, and what is wrong may be the database. So they wait in memory, a bounded number
of them, and are tried again; none delays a request, and none is ever written to the spool, which is for decisions.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from telemetry.errors import RowsRefused, StorageError
from telemetry.storage import pipeline_hours
from telemetry.storage.bulk import bulk_of
from telemetry.storage.engine import add, open_engine
from telemetry.storage.operation import PIPELINE_SAMPLE

Row: TypeAlias = dict[str, Any]
Entry: TypeAlias = tuple[sa.Table, Row]

MOST_WAITING: Final = 1_000
"""Rows in memory before the oldest are left out."""
BUSY_MS: Final = 2_000
RETRY_S: Final = 2.0

_log = logging.getLogger(__name__)


class Journal:
    """Rows on their way into one database. Safe for threads; `add` neither waits nor raises."""

    def __init__(self, database_url: str, *, retry_s: float = RETRY_S) -> None:
        self.left_out = 0
        """Rows that were not kept: there were too many, or the database does not take them."""
        self._url = database_url
        self._retry_s = retry_s
        self._begin()
        if hasattr(os, "register_at_fork"):
            alive = weakref.WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: _call(alive))

    def _begin(self) -> None:
        """Nothing waits and no thread runs: at the start, and in a forked child."""
        self._waiting: deque[Entry] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._writing = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def add(self, table: sa.Table, row: Row) -> None:
        """Keep a row, with all columns of its table, as soon as that can be; not again when its key is there."""
        with self._changed:
            if self._closed:
                self.left_out += 1
                return
            if len(self._waiting) >= MOST_WAITING:
                self._waiting.popleft()
                self.left_out += 1
            self._waiting.append((table, row))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="routescope-journal", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until nothing waits; False when time ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._writing, timeout_s)

    def close(self, timeout_s: float = 5.0) -> bool:
        """Write what waits, as far as that can be at once; True when all of it was."""
        with self._changed:
            self._closed = True
            thread = self._thread
            self._changed.notify_all()
        if thread is not None:
            thread.join(timeout_s)
        return not self._waiting and not self._writing

    # --- the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        told = False
        while batch := self._next():
            error = self._write(batch)
            with self._changed:
                self._writing = 0
                if error is not None:
                    self._waiting.extendleft(reversed(batch))
                    while len(self._waiting) > MOST_WAITING:
                        self._waiting.popleft()
                        self.left_out += 1
                    if self._closed:
                        return
                self._changed.notify_all()
            if error is not None:
                if not told:
                    _log.warning("incidents and samples wait in memory: %s", error)
                self._pause()
            told = error is not None

    def _next(self) -> list[Entry]:
        """All that waits, once something does; empty when there is nothing more to come."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            batch = list(self._waiting)
            self._waiting.clear()
            self._writing = len(batch)
            return batch

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed, self._retry_s)

    def _write(self, batch: Sequence[Entry]) -> str | None:
        """Write rows; why that cannot be now, or None."""
        try:
            # Opened anew each time, every minute or so: whatever file or server the address names by now is meant.
            engine = open_engine(self._url, busy_timeout_ms=BUSY_MS)
            try:
                add(engine, lambda connection: insert_missing(connection, batch))
            finally:
                engine.dispose()
        except RowsRefused as error:
            self.left_out += len(batch)
            _log.error("%d incidents or samples do not fit the database: %s", len(batch), error)
        except (StorageError, OSError) as error:
            return str(error)
        except SQLAlchemyError as error:
            return type(error).__name__
        except Exception:  # noqa: BLE001 - the edge: the thread has to live, and nobody waits for these rows
            self.left_out += len(batch)
            _log.exception("incidents or samples were not kept")
        return None


def insert_missing(connection: sa.Connection, entries: Sequence[Entry]) -> None:
    """Insert rows whose keys are not there yet, in the caller's transaction."""
    bulk = bulk_of(connection)
    for table in dict.fromkeys(table for table, _ in entries):
        keys = [column.name for column in table.primary_key]
        rows = {tuple(row[name] for name in keys): row for of, row in entries if of is table}
        for key in bulk.known(connection, table, list(rows)):
            rows.pop(key, None)
        bulk.insert(connection, table, list(rows.values()))
        if table is PIPELINE_SAMPLE:
            pipeline_hours.refresh(connection, rows.values())


def _call(method: weakref.WeakMethod[Any]) -> None:
    alive = method()
    if alive is not None:
        alive()
