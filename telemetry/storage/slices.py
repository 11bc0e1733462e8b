"""Long deletions in transactions so short that whoever writes decisions does not notice.

A decision waits at most 50 ms for a locked database before it goes to the spool, and looks again every 25 ms at the
latest. So a slice is made as large as fits into `HOLD_S`, measured, and nothing is held for `REST_S` after each.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

import sqlalchemy as sa

from telemetry.storage.engine import writing

Counts: TypeAlias = Counter[str]
"""Rows by table."""
T = TypeVar("T")

HOLD_S = 0.015
"""What one transaction is meant to take, its commit included."""
REST_S = 0.03
FIRST, LEAST, MOST = 8, 2, 500
"""Items of a slice. More would be more bound parameters than some databases take."""


class Slices:
    """Does work in short transactions, each as large as the last ones allow."""

    def __init__(
        self,
        engine: sa.Engine,
        *,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.size = FIRST
        """Items of the next slice."""
        self.longest_s = 0.0
        """The longest that a transaction has held the database."""
        self.number = 0
        """Transactions so far."""
        self._engine = engine
        self._clock = clock
        self._sleep = sleep

    def work(self, items: Sequence[T], delete: Callable[[sa.Connection, Sequence[T]], Counts]) -> Counts:
        """Delete all of these, a slice a transaction; how many rows went.

        Each slice is whole: stopped in between, what is left is left for another time.

        Raises:
            StorageError: the database cannot be used; slices before this one are done.
        """
        counts: Counts = Counter()
        at = 0
        while at < len(items):
            some = items[at : at + self.size]
            at += len(some)
            counts.update(self._one(some, delete))
            self._sleep(REST_S)
        return counts

    def _one(self, some: Sequence[T], delete: Callable[[sa.Connection, Sequence[T]], Counts]) -> Counts:
        with writing(self._engine) as connection:
            # Only now: waiting for another's lock says nothing about our own.
            began = self._clock()
            counts = delete(connection, some)
        took = self._clock() - began
        self.number += 1
        self.longest_s = max(self.longest_s, took)
        factor = 2.0 if took <= 0 else min(max(HOLD_S / took, 0.25), 2.0)
        # A short slice, such as the last one, says little about a longer one.
        if len(some) >= self.size or factor < 1:
            self.size = min(max(int(len(some) * factor), LEAST), MOST)
        return counts
