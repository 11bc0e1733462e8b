"""What waits on the spools of a home folder, seen from outside: counted, or erased.

A file of a running process is its own: it can be read, not changed. Such a process moves it into the database within
moments, as soon as that can be written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from telemetry.rows import Bundle
from telemetry.spool import DAMAGED_SUFFIX, SUFFIX, frame_of, frames_of, lock

REFUSED_SUFFIX = ".refused"
"""Traces that no database would take."""
SUFFIXES = (SUFFIX, REFUSED_SUFFIX, DAMAGED_SUFFIX)


@dataclass(frozen=True, slots=True)
class SpoolFile:
    """One file."""

    path: Path
    traces: int
    bytes: int
    """Of these traces; the space that is reserved beyond them does not count."""
    held: bool
    """A running process has it."""
    unreadable: bool
    """It goes on with something that is no trace: what a dying process was writing, or damage."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """What became of the traces that were meant."""

    erased: int
    held: tuple[Path, ...]
    """Files of running processes in which some of them still are."""
    unreadable: tuple[Path, ...]
    """Files that go on with something that cannot be searched."""


def spool_folder(home: Path) -> Path:
    """Where the spools of a home folder are."""
    return home / "spool"


def spool_files(folder: Path) -> list[SpoolFile]:
    """Every file with something in it. Files that vanish meanwhile are left out."""
    found: list[SpoolFile] = []
    for path, file, held in _opened(folder):
        ends = [end for _, end in frames_of(file, 0)]
        traces, end = len(ends), ends[-1] if ends else 0
        unreadable = not held and _goes_on(file, end)
        if traces or unreadable:
            found.append(SpoolFile(path, traces, end, held, unreadable))
    return found


def erase_spooled(folder: Path, meant: Callable[[Bundle], bool]) -> Emptied:
    """Take traces out of every file that no running process has.

    A file is written anew without them and then takes its place, so that a crash leaves the one or the other.

    Raises:
        OSError: a file cannot be written; it is as it was.
    """
    erased, still_held, unreadable = 0, [], []
    for path, file, held in _opened(folder):
        kept: list[bytes] = []
        hits, end = 0, 0
        for bundle, after in frames_of(file, 0):
            end = after
            if meant(bundle):
                hits += 1
            elif not held:
                kept.append(frame_of(bundle))
        if held:
            still_held += [path] if hits else []
            continue
        goes_on = _goes_on(file, end)
        unreadable += [path] if goes_on else []
        if hits:
            file.seek(end)
            _replace(path, b"".join(kept) + (file.read() if goes_on else b""))
            erased += hits
    return Emptied(erased, tuple(still_held), tuple(unreadable))


def _opened(folder: Path) -> Iterator[tuple[Path, BinaryIO, bool]]:
    """Each file, whether a running process has it; one that nobody has is ours until the next is asked for."""
    if not folder.is_dir():
        return
    for path in sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES):
        try:
            file = path.open("r+b", buffering=0)
        except OSError:
            continue
        with file:
            try:
                lock(file)
                held = False
            except OSError:
                held = True
            yield path, file, held


def _goes_on(file: BinaryIO, end: int) -> bool:
    """Whether anything but reserved space follows."""
    file.seek(end)
    return any(any(block) for block in iter(lambda: file.read(1 << 20), b""))


def _replace(path: Path, data: bytes) -> None:
    """Nothing is left of a file without traces."""
    if not data:
        path.unlink(missing_ok=True)
        return
    fresh = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
