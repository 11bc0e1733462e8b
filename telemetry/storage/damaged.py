"""A SQLite file that was damaged while it was in use is put aside, so that decisions are kept in a new one.

Nothing is deleted: the file keeps its contents under another name beside the new one, for whoever wants to save what
can be read of it. Only a process that has used the file itself may do this. A file that is no database from the start
may be somebody else's, and is refused with a sentence (`telemetry.errors.NotADatabase`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

Identity: TypeAlias = tuple[int, int]
"""Of a file, whatever its name: device and number."""

_BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a database."""


def identity_of(path: Path) -> Identity | None:
    """Which file has this name now; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def put_aside(path: Path, damaged: Identity, *, now: datetime | None = None) -> Path | None:
    """Rename a database with what belongs to it, if its name still means the file that was found damaged.

    Several processes may find the same damage at once: one of them renames it.

    Returns:
        Its new name; None when another process was sooner.

    Raises:
        OSError: the folder cannot be written, or a process of Windows holds the file.
    """
    moment = now or datetime.now(UTC)
    aside = path.with_name(f"{path.name}.damaged-{moment:%Y%m%dT%H%M%S}")
    with _alone_in(path.parent):
        if identity_of(path) != damaged or aside.exists():
            return None
        # The log first: a new database of this name would take an old one's for its own.
        for suffix in _BESIDE:
            log = path.with_name(path.name + suffix)
            if log.exists():
                log.rename(aside.with_name(aside.name + suffix))
        path.rename(aside)
    return aside


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder that others hold for this too; on Windows an open file is not renamed anyway."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)
