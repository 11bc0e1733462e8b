"""Several models to pull, one after the other, and whoever looks at one is told whom it waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from router_core.errors import ModelFileError
from router_core.providers import model_state
from router_core.providers.catalog import CATALOG, ModelFile, find
from router_core.providers.fetch import Progress, fetch
from router_core.providers.model_state import FileState

_SAY_EVERY_S = 2.0


def pull_missing(
    names: Iterable[str],
    folder: Path,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    cancel: threading.Event | None = None,
) -> dict[str, str]:
    """Pull what is not there, one after the other; name -> why it failed. For a background thread.

    The reasons are also in the state files, where `LocalServer.status` finds them.
    """
    failures: dict[str, str] = {}
    queue = PullQueue(names, folder)

    def told(progress: Progress) -> None:
        queue.keep()
        on_progress(progress)

    while queue.names:
        name = queue.next()
        try:
            fetch(find(name), folder, told, cancel)
        except ModelFileError as error:
            failures[name] = str(error)
        if cancel is not None and cancel.is_set():
            queue.dissolve()
    return failures


class PullQueue:
    """Models that wait for their turn. Their state files say so while this process works its way to them."""

    def __init__(self, names: Iterable[str], folder: Path) -> None:
        self.names = list(names)
        """Those whose turn has not come."""
        self._folder = folder
        self._current = ""
        self._said_at = 0.0
        self._say()

    def next(self) -> str:
        """The name whose turn it is now."""
        self._current = self.names.pop(0)
        self._say()
        return self._current

    def keep(self) -> None:
        """Say again who waits, before what was said last counts as stale."""
        if time.monotonic() - self._said_at > _SAY_EVERY_S:
            self._say()

    def dissolve(self) -> None:
        """Nobody else is going to be pulled."""
        for entry in self._missing():
            if model_state.read(entry, self._folder).stage == "queued":
                model_state.forget(entry, self._folder)
        self.names.clear()

    def _say(self) -> None:
        self._said_at = time.monotonic()
        before = self._current
        for entry in self._missing():
            # What another process pulls right now is told by that process.
            if model_state.read(entry, self._folder).stage in ("absent", "queued", "failed"):
                # A folder that cannot be written is the pull's to complain of.
                with suppress(OSError):
                    self._folder.mkdir(parents=True, exist_ok=True)
                    model_state.write(entry, self._folder, FileState("queued", 0, entry.bytes, after=before))
            before = entry.name

    def _missing(self) -> list[ModelFile]:
        """Entries of the names that wait and whose file is not here, in the queue's order."""
        known = {entry.name: entry for entry in CATALOG}
        waiting = [known[name] for name in self.names if name in known]
        return [entry for entry in waiting if not (self._folder / entry.file).exists()]
