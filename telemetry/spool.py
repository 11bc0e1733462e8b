"""Where traces wait when the database cannot take them: a file of checked frames in the home folder.

Space is reserved when the file is made, so that there is room when the disk is full. A frame is its length and its
CRC-32 (both little-endian, 4 bytes) and then a trace's rows as compressed JSON; a length of 0 or the end of the file
ends it. Every append is flushed to the disk before it counts. Replay may write a frame twice, as after a crash between
the database's commit and the emptying of this file, and the writer ignores rows that it already has: so each trace
arrives exactly once.

Each process has a file of its own, locked for as long as it lives; files of the dead are adopted by the living.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import struct
import sys
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from telemetry.rows import Bundle

SUFFIX = ".spool"
DAMAGED_SUFFIX = ".damaged"
RESERVED_BYTES = 16 << 20
LARGEST_BYTES = 1 << 30

_FRAME = struct.Struct("<II")
_UNKNOWN = {"data_class": "", "source": "router", "location": None}
"""Columns of a branch since schema version 6."""
_SHARED = ("data_class", "source")
"""Those of them that its decision has too."""
_PARTS = ("requests", "branches", "spans", "contents")


class Spool:
    """One process's file. Not thread-safe: the writer thread alone uses it.

    Raises:
        OSError: from `append` and from making the file; nothing of that append is kept then.
    """

    def __init__(self, folder: Path, *, path: Path | None = None, reserved_bytes: int = RESERVED_BYTES) -> None:
        self.folder = folder
        self.path = path or folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        self.frames = 0
        """How many traces wait here."""
        self._reserved = reserved_bytes
        self._file: BinaryIO | None = None
        self._end = 0
        self.position = 0
        """Where `read` goes on."""

    @property
    def size(self) -> int:
        """Bytes of the traces that wait here, of what is reserved."""
        return self._end

    def open(self) -> None:
        """Make the file and reserve its space, so that the space is there when it is needed."""
        if self._file is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        file = os.fdopen(descriptor, "r+b", buffering=0)
        lock(file)
        self._file = file
        self._reserve()

    def append(self, bundles: Sequence[Bundle]) -> None:
        """Keep these traces in the file: all of them, or none and an OSError.

        They survive the death of the process, as a commit does (see telemetry.storage.sqlite), not the machine's: the
        database that they go to from here, a moment later, would not be forced to the disk either. And whoever waits
        here has not got into the database, often because the disk is slow.
        """
        if not bundles:
            return
        self.open()
        file = self._opened()
        frames = b"".join(frame_of(bundle) for bundle in bundles)
        if self._end + len(frames) > LARGEST_BYTES:
            raise OSError(f"the spool {self.path} has reached its limit of {LARGEST_BYTES >> 20} MiB")
        try:
            _write_at(file, self._end, frames)
        except OSError:
            # What was half written ends the file again: a frame that was not acknowledged must not be replayed.
            with contextlib.suppress(OSError):
                file.truncate(self._end)
            self._reserve()
            raise
        self._end += len(frames)
        self.frames += len(bundles)

    def read(self, limit: int) -> list[Bundle]:
        """The next traces from ``position``, at most ``limit``; moves it on."""
        if self._file is None:
            return []
        bundles: list[Bundle] = []
        for bundle, end in frames_of(self._file, self.position):
            self.position = end
            bundles.append(bundle)
            if len(bundles) == limit:
                break
        return bundles

    def clear(self) -> None:
        """Empty the file: all of it is in the database. Nothing of its contents stays behind."""
        if self._file is not None:
            self._file.truncate(0)
            self._reserve()
        self._end = self.position = self.frames = 0

    def finish(self) -> Path | None:
        """Empty the file after all of it was read into the database.

        When `read` could not get to its end, the file is damaged: it is kept under another name, which is returned.
        """
        if self.position == self._end:
            self.clear()
            return None
        kept = self.path.with_suffix(DAMAGED_SUFFIX)
        self._opened().close()
        self.path.rename(kept)
        self._file = None
        self._end = self.position = self.frames = 0
        return kept

    def close(self) -> None:
        """Let go of the file, and remove it when nothing waits in it."""
        if self._file is None:
            return
        if self.frames == 0:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self._file.close()
        self._file = None

    def forget(self) -> None:
        """After a fork: the file is the parent's, its lock with it."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        assert self._file is not None
        return self._file

    def _reserve(self) -> None:
        # Without the reservation the spool works as long as the disk has room.
        if self._reserved and sys.platform == "linux":
            with contextlib.suppress(OSError):
                os.posix_fallocate(self._opened().fileno(), 0, self._reserved)


class Abandoned:
    """A file that a process left behind when it died."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self.position = 0
        """Where `read` goes on."""
        self._file = file

    def read(self, limit: int) -> list[Bundle]:
        """See `Spool.read`."""
        bundles: list[Bundle] = []
        for bundle, end in frames_of(self._file, self.position):
            self.position = end
            bundles.append(bundle)
            if len(bundles) == limit:
                break
        return bundles

    def finish(self) -> Path | None:
        """Remove the file once all of it is in the database.

        Bytes behind the last good frame are those that a dying process was writing, or damage: the file is kept
        under another name then, which is returned.
        """
        self._file.seek(self.position)
        damaged = any(any(block) for block in iter(lambda: self._file.read(1 << 20), b""))
        kept = self.path.with_suffix(DAMAGED_SUFFIX) if damaged else None
        if kept is None:
            self.path.unlink(missing_ok=True)
        else:
            self.path.rename(kept)
        self._file.close()
        return kept

    def close(self) -> None:
        """Leave the file for another time."""
        self._file.close()


def abandoned(folder: Path) -> Iterator[Abandoned]:
    """Take over the files of dead processes, one by one."""
    if not folder.is_dir():
        return
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            file = path.open("r+b", buffering=0)
        except OSError:
            continue
        try:
            lock(file)
        except OSError:
            file.close()
            continue
        yield Abandoned(path, file)


def frame_of(bundle: Bundle) -> bytes:
    """A trace as it stands in a file."""
    document = {part: getattr(bundle, part) for part in _PARTS}
    payload = zlib.compress(json.dumps(document, default=_isoformat, separators=(",", ":")).encode(), 1)
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def frames_of(file: BinaryIO, offset: int) -> Iterator[tuple[Bundle, int]]:
    """Good frames from ``offset``, each with the place where it ends."""
    size = os.fstat(file.fileno()).st_size
    while offset + _FRAME.size <= size:
        file.seek(offset)
        length, checksum = _FRAME.unpack(_read_exactly(file, _FRAME.size))
        if length == 0 or offset + _FRAME.size + length > size:
            return
        payload = _read_exactly(file, length)
        if zlib.crc32(payload) != checksum:
            return
        offset += _FRAME.size + length
        yield _bundle(payload), offset


def _bundle(payload: bytes) -> Bundle:
    document: dict[str, list[dict[str, Any]]] = json.loads(zlib.decompress(payload))
    for rows in document.values():
        for row in rows:
            row["ts"] = datetime.fromisoformat(row["ts"])
    shared = {name: row[name] for row in document["requests"] for name in _SHARED if name in row}
    # What a process of an earlier version left behind knew less.
    document["branches"] = [{**_UNKNOWN, **shared, **row} for row in document["branches"]]
    return Bundle(**document)


def _isoformat(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a row holds a {type(value).__name__}")


def _write_at(file: BinaryIO, offset: int, data: bytes) -> None:
    file.seek(offset)
    view = memoryview(data)
    while view:
        written = file.write(view)
        view = view[written:]


def _read_exactly(file: BinaryIO, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0:
        part = file.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def lock(file: BinaryIO) -> None:
    """Own the file until it is closed or this process dies; OSError when another process owns it."""
    if sys.platform == "win32":
        import msvcrt

        file.seek(LARGEST_BYTES + 1)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
