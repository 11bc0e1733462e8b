"""What is to be erased reaches what running gateways keep in memory: sessions and cached answers.

A gateway that shares its state with others keeps them in the store of that state, and they are erased there. One that
is alone keeps them in memory: whoever erases notes their owners in a file, and gateways look at it, as at the policy.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from app.settings import Settings
from app.shared_state import FILE, on_server, open_state
from router_core.clock import Clock
from router_core.state.entries import EntryStore

NOTES: Final = "erased"
"""In the folder of runtime files."""
LOOK_EVERY_S: Final = 0.5
_KEPT_NS: Final = 31 * 86_400 * 1_000_000_000
"""Longer than any entry lives."""
_PATIENCE_S: Final = 10.0


def forget(settings: Settings, owners: Collection[str]) -> int:
    """Have the shared state and all running gateways of this home folder forget what belongs to these owners.

    Returns how many entries of the shared state that were; those in memory go within a second, uncounted.

    Raises:
        StateUnavailable: the shared state cannot be used.
        OSError: the note cannot be written.
    """
    _note(settings.run / NOTES, owners)
    if not on_server(settings.database_url) and not (settings.home / FILE).exists():
        return 0
    store = open_state(settings.database_url, settings.home, patience_s=_PATIENCE_S)
    try:
        return asyncio.run(store.forget(owners))
    finally:
        store.close()


class Erasures:
    """The notes, from the moment that this is made: before it there was nothing in memory."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / NOTES
        self._stamp: tuple[int, ...] | None = None
        self._seen: set[str] = set()
        self.look()

    def look(self) -> list[str]:
        """Owners that were noted since the last look."""
        try:
            state = self._file.stat()
            stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
            if stamp == self._stamp:
                return []
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        self._stamp = stamp
        new = [line for line in lines if line not in self._seen]
        self._seen = set(lines)
        return [line.partition(" ")[2] for line in new]


async def follow(erasures: Erasures, entries: Callable[[], EntryStore], clock: Clock) -> None:
    """Look for ever, and have the entries forget what was noted. Cancel it to end it."""
    while True:
        await clock.sleep(LOOK_EVERY_S)
        owners = await asyncio.to_thread(erasures.look)
        if owners:
            await entries().forget(owners)


def _note(file: Path, owners: Collection[str]) -> None:
    """Add a line for each owner, and take those out that have nothing left to erase."""
    now = time.time_ns()
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    kept = [line for line in lines if line.partition(" ")[0].isdigit() and now - int(line.split()[0]) < _KEPT_NS]
    fresh = file.with_name(f"{NOTES}.{os.getpid()}")
    fresh.write_text(
        "".join(f"{line}\n" for line in (*kept, *(f"{now} {owner}" for owner in owners))), encoding="utf-8"
    )
    fresh.replace(file)
