"""Where copies of spans wait on disk while a collector is away: small files of checked frames in the home folder.

They are kept as they would be sent, masked and encoded, so nothing is in them that a collector may not see. A frame is
the spans of one trace: its length and its CRC-32 (both little-endian, 4 bytes), the length of what tells whose they are
(2 bytes), that itself as JSON, and the spans as compressed protobuf. Bodies of this protocol can be joined: the frames
of a file are sent as one request, and the file goes once that was answered. A process that dies in between leaves it to
be sent again, so a collector may get a span twice, never under two ids.

All processes of a home folder share the files; who reads, writes or removes one holds its lock for that long. So what a
dead process left is sent by the next, and what is to be erased is found, whoever wrote it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from telemetry.spool import lock

SUFFIX: Final = ".otlp"
LARGEST_BYTES: Final = 512 << 20
"""Of all files together: about a million spans."""
FULL_BYTES: Final = 256 << 10
"""A file of so much gets no more, so that it can be sent as one request."""
_FRAME: Final = struct.Struct("<IIH")


@dataclass(frozen=True, slots=True)
class Copy:
    """The spans of one trace, or some of them, ready to be sent."""

    trace_id: str
    tenant: str | None
    """None where none of these spans says so."""
    decision_id: str | None
    spans: int
    body: bytes
    """A request of OTLP."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in a folder."""

    files: int
    spans: int
    bytes: int


class Parcel:
    """One file that is ours until it is done or left."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self.copies = tuple(copy for copy, _ in _frames(file))

    @property
    def spans(self) -> int:
        """How many it holds."""
        return sum(copy.spans for copy in self.copies)

    @property
    def body(self) -> bytes:
        """All of it as one request of OTLP."""
        return b"".join(copy.body for copy in self.copies)

    def done(self) -> None:
        """Remove it: it was sent, or will never be."""
        _remove(self._path, self._file)

    def leave(self) -> None:
        """Keep it for another time."""
        self._file.close()


class CollectorSpool:
    """Copies on disk. Not thread-safe: one thread of a process uses it."""

    def __init__(self, folder: Path, *, largest_bytes: int = LARGEST_BYTES) -> None:
        self._folder = folder
        self._largest = largest_bytes
        self._last: Path | None = None

    def keep(self, copies: Sequence[Copy]) -> None:
        """Write these: all of them, or none.

        Raises:
            OSError: the disk takes no more, or all files together would be too large.
        """
        frames = b"".join(map(_frame_of, copies))
        if sum(_size(path) for path in _paths(self._folder)) + len(frames) > self._largest:
            raise OSError(f"the collector's spool {self._folder} has reached its limit of {self._largest >> 20} MiB")
        if self._appended(frames):
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        fresh = path.with_suffix(".new")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                _write(file, frames)
            fresh.rename(path)
        except OSError:
            fresh.unlink(missing_ok=True)
            raise
        self._last = path

    def oldest(self) -> Parcel | None:
        """The oldest file that nobody else holds; None when there is none."""
        for path in _paths(self._folder):
            file = _held(path)
            if file is not None:
                parcel = Parcel(path, file)
                if parcel.spans:
                    return parcel
                # What a dying process had begun to write.
                parcel.done()
        return None

    def waiting(self) -> Waiting:
        """What waits, in all files."""
        return waiting(self._folder)

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return any(True for _ in _paths(self._folder))

    def _appended(self, frames: bytes) -> bool:
        """Whether the last file took these too."""
        path = self._last
        if path is None or not 0 < _size(path) < FULL_BYTES:
            return False
        file = _held(path)
        if file is None:
            return False
        with file:
            end = file.seek(0, os.SEEK_END)
            try:
                _write(file, frames)
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(end)
                raise
        return True


def collector_folder(home: Path) -> Path:
    """Where a home folder keeps them."""
    return home / "collector"


def waiting(folder: Path) -> Waiting:
    """What waits there, also in files that are being sent just now."""
    files = spans = size = 0
    for path in _paths(folder):
        with contextlib.suppress(OSError), path.open("rb") as file:
            files, size = files + 1, size + _size(path)
            spans += sum(_counts(file))
    return Waiting(files, spans, size)


def erase_copies(folder: Path, meant: Callable[[Copy], bool]) -> tuple[int, tuple[Path, ...]]:
    """Take copies out of every file; how many traces went, and the files that somebody was just sending.

    A file is written anew without them and then takes its place.

    Raises:
        OSError: a file cannot be written; it is as it was.
    """
    erased, busy = 0, []
    for path in _paths(folder):
        file = _held(path)
        if file is None:
            busy += [path] if path.exists() else []
            continue
        with file:
            found = list(_frames(file))
            kept = [frame for copy, frame in found if not meant(copy)]
            if len(kept) == len(found):
                continue
            erased += len(found) - len(kept)
            if kept:
                fresh = path.with_suffix(".new")
                with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as new:
                    _write(new, b"".join(kept))
                fresh.replace(path)
            else:
                _remove(path, file)
    return erased, tuple(busy)


def _paths(folder: Path) -> Iterator[Path]:
    """The files, the oldest first: their names begin with when they were made."""
    with contextlib.suppress(OSError):
        yield from sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return path.stat().st_size
    return 0


def _held(path: Path) -> BinaryIO | None:
    """The file, locked; None when somebody else has it, or it is gone."""
    try:
        file = path.open("r+b", buffering=0)
    except OSError:
        return None
    try:
        lock(file)
        # Between the two it may have been sent and removed, or written anew.
        if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
            return file
    except OSError:
        pass
    file.close()
    return None


def _remove(path: Path, file: BinaryIO) -> None:
    """While it is ours, where an open file can be removed."""
    if sys.platform == "win32":
        file.close()
    path.unlink(missing_ok=True)
    file.close()


def _frame_of(copy: Copy) -> bytes:
    told = {"trace_id": copy.trace_id, "tenant": copy.tenant, "decision_id": copy.decision_id, "spans": copy.spans}
    header, body = json.dumps(told, separators=(",", ":")).encode(), zlib.compress(copy.body, 1)
    return _FRAME.pack(len(body), zlib.crc32(header + body), len(header)) + header + body


def _frames(file: BinaryIO) -> Iterator[tuple[Copy, bytes]]:
    """Good frames, each as it is and as bytes; what follows the first bad one is no use."""
    file.seek(0)
    data = file.read()
    offset = 0
    while offset + _FRAME.size <= len(data):
        length, checksum, told = _FRAME.unpack_from(data, offset)
        begin, end = offset + _FRAME.size, offset + _FRAME.size + told + length
        if not length or end > len(data) or zlib.crc32(data[begin:end]) != checksum:
            return
        copy = Copy(**json.loads(data[begin : begin + told]), body=zlib.decompress(data[begin + told : end]))
        yield copy, data[offset:end]
        offset = end


def _counts(file: BinaryIO) -> Iterator[int]:
    """How many spans each frame has, without reading them."""
    while len(begin := file.read(_FRAME.size)) == _FRAME.size:
        length, _, told = _FRAME.unpack(begin)
        try:
            yield int(json.loads(file.read(told))["spans"])
        except (ValueError, KeyError, TypeError):
            return
        file.seek(length, os.SEEK_CUR)


def _write(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
    file.flush()
    os.fsync(file.fileno())
