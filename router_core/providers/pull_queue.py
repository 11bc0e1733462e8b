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


class PullQueue:
    """Models that wait for their turn. From the first moment their state files say so."""

    def __init__(self, names: Iterable[str], folder: Path) -> None:
        """``names`` are those of the catalogue; what is in ``folder`` already is only verified."""
        self._names = list(names)
        self._folder = folder
        self._current = ""
        self._said_at = 0.0
        self._say()

    def pull(
        self,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        cancel: threading.Event | None = None,
    ) -> dict[str, str]:
        """Pull one after the other; name -> why it failed. Blocks; for a background thread.

        The reasons are also in the state files, where `LocalServer.status` finds them.
        """
        failures: dict[str, str] = {}

        def told(progress: Progress) -> None:
            # What was said would count as stale after a while.
            if time.monotonic() - self._said_at > _SAY_EVERY_S:
                self._say()
            on_progress(progress)

        while self._names:
            self._current = self._names.pop(0)
            self._say()
            try:
                fetch(find(self._current), self._folder, told, cancel)
            except ModelFileError as error:
                failures[self._current] = str(error)
            if cancel is not None and cancel.is_set():
                self._dissolve()
        return failures

    def _dissolve(self) -> None:
        """Nobody else is going to be pulled."""
        for entry in self._missing():
            if model_state.read(entry, self._folder).stage == "queued":
                model_state.forget(entry, self._folder)
        self._names.clear()

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
        """Entries of those that wait and whose file is not here, in the queue's order."""
        known = {entry.name: entry for entry in CATALOG}
        waiting = [known[name] for name in self._names if name in known]
        return [entry for entry in waiting if not (self._folder / entry.file).exists()]
