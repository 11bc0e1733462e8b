"""What is known of a model's file, in a small JSON file beside it, so that every process sees the same.

The pulling process writes it; the local model server, the dashboard and the command line read it. A file whose
hash was right is remembered with its size and time of change: it is hashed again only when one of them differs.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from router_core.errors import ModelFileError
from router_core.providers.catalog import ModelFile

Stage: TypeAlias = Literal["absent", "queued", "pulling", "verifying", "verified", "failed", "unverified"]

STALE_S = 15.0
"""A pull writes its progress, and its queue, every second or two; one that has been silent for longer is dead."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileState:
    """How a model's file stands."""

    stage: Stage
    done_bytes: int = 0
    total_bytes: int = 0
    source: str = ""
    """``hub`` or ``mirror``, while pulling."""
    reason: str = ""
    """Why it failed, in one sentence."""
    after: str = ""
    """The model that is pulled before it, while queued; empty when it is next."""
    stamp: str = ""
    """Size and time of change of the file whose hash was right."""
    at: float = 0.0
    """When this was written, Unix seconds."""

    @property
    def progress(self) -> float:
        """Share of the bytes that are here, 0..1."""
        return min(self.done_bytes / self.total_bytes, 1.0) if self.total_bytes else 0.0


def read(entry: ModelFile, folder: Path) -> FileState:
    """How the file stands now. Never raises: what cannot be read is not known."""
    state = _stored(entry, folder)
    stamp = _stamp(folder / entry.file)
    if stamp is not None:
        if state is not None and state.stage == "verified" and state.stamp == stamp:
            return state
        if state is not None and state.stage in ("verifying", "failed") and state.stamp == stamp:
            return state
        return FileState("unverified", total_bytes=entry.bytes)
    if state is None or state.stage in ("verified", "unverified"):
        return FileState("absent", total_bytes=entry.bytes)
    if state.stage in ("queued", "pulling", "verifying") and time.time() - state.at > STALE_S:
        return FileState("absent", state.done_bytes, entry.bytes)
    return state


def write(entry: ModelFile, folder: Path, state: FileState) -> None:
    """Replace the stored state, all at once."""
    path = _path(entry, folder)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps({**asdict(state), "at": time.time()}), encoding="utf-8")
    fresh.replace(path)


def forget(entry: ModelFile, folder: Path) -> None:
    """Remove the stored state."""
    _path(entry, folder).unlink(missing_ok=True)


def verify(entry: ModelFile, folder: Path, path: Path | None = None) -> None:
    """Hash the file (``path``: a file that will be renamed to its place) and remember that it is right.

    Raises:
        ModelFileError: it is another file than it should be, or cannot be read. Nothing is deleted.
    """
    target = folder / entry.file
    path = path or target
    try:
        size = path.stat().st_size
        digest = sha256(path) if size == entry.bytes else ""
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read: {error.strerror}") from None
    if digest != entry.sha256:
        found = f"its SHA-256 is {digest[:12]}…" if digest else f"it has {size:,} bytes, not {entry.bytes:,}"
        raise ModelFileError(
            f"{target} is not the file it should be ({found}) and is not used; move it away and pull {entry.name} again"
        )
    write(entry, folder, FileState("verified", entry.bytes, entry.bytes, stamp=_stamp(path) or ""))


def ensure_verified(entry: ModelFile, folder: Path) -> None:
    """`verify`, unless the file has not changed since its hash was right.

    Raises:
        ModelFileError: as `verify`; the reason is kept for others to show.
    """
    if read(entry, folder).stage == "verified":
        return
    try:
        verify(entry, folder)
    except ModelFileError as error:
        stamp = _stamp(folder / entry.file) or ""
        write(entry, folder, FileState("failed", 0, entry.bytes, reason=str(error), stamp=stamp))
        raise


def sha256(path: Path, on_bytes: Callable[[int], None] | None = None) -> str:
    """The file's SHA-256 in hexadecimal. ``on_bytes`` is told how much has been read."""
    digest = hashlib.sha256()
    read_bytes = 0
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
            read_bytes += len(block)
            if on_bytes is not None:
                on_bytes(read_bytes)
    return digest.hexdigest()


def _path(entry: ModelFile, folder: Path) -> Path:
    return folder / f"{entry.file}.state.json"


def _stamp(path: Path) -> str | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return f"{found.st_size}:{found.st_mtime_ns}"


def _stored(entry: ModelFile, folder: Path) -> FileState | None:
    try:
        return FileState(**json.loads(_path(entry, folder).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
