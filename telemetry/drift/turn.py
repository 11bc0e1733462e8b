"""Drift runs take turns: two at once would read the same weeks twice and write over each other."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from telemetry.errors import DriftAtWork
from telemetry.storage import lease
from telemetry.storage.engine import reading

LEASE: Final = "drift"
LASTS: Final = timedelta(minutes=5)
"""Renewed after each week, which takes seconds; the run of a process that died is over after that."""
LOOK_S: Final = 0.5


@contextmanager
def turn(engine: sa.Engine, wait_s: float = 0.0) -> Iterator[Callable[[], None]]:
    """Hold the turn for a block, which renews it by what it is given.

    Args:
        engine: one that may write.
        wait_s: how long another run is waited for.

    Raises:
        DriftAtWork: another run has the turn, at the begin or, if a renewal came too late, since.
        StorageError
    """
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"

    def renew() -> None:
        if not lease.take(engine, LEASE, holder, now=datetime.now(UTC), lasts=LASTS):
            raise DriftAtWork(_who(engine))

    until = time.monotonic() + wait_s
    while True:
        try:
            renew()
            break
        except DriftAtWork:
            if time.monotonic() >= until:
                raise
            time.sleep(LOOK_S)
    try:
        yield renew
    finally:
        lease.release(engine, LEASE, holder)


def _who(engine: sa.Engine) -> str:
    columns = lease.LEASE.c
    with reading(engine) as connection:
        row = connection.execute(sa.select(columns.holder, columns.expires).where(columns.name == LEASE)).first()
    if row is None:
        return "another drift run has only just ended; try again"
    process = ":".join(row.holder.split(":")[:2])
    return (
        f"another drift run is at work (process {process}); wait for its end, "
        f"or, if that process died, until {row.expires:%H:%M:%S} UTC"
    )
