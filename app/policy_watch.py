"""When a running gateway reads its policy again: the file is another one, or somebody sent SIGHUP.

The file is looked at, not subscribed to: a look is one `stat`, works on every file system, follows symbolic links (a
mounted configuration is a chain of them whose middle is exchanged), and does not care whether the file was written in
place, replaced by a rename, or removed and put back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

from router_core.clock import Clock

LOOK_EVERY_S: Final = 0.5
"""A change takes effect after one to two looks."""

Change: TypeAlias = Literal["none", "changed", "asked"]
"""asked: to read it whether or not it has changed."""

_Stamp: TypeAlias = tuple[int, ...]


class PolicyWatch:
    """One file, from the moment that this is made."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._asked = False
        self._seen = self._told = _stamp(file)

    def ask(self) -> None:
        """Have the next look say that the file is to be read. Safe in a signal handler."""
        self._asked = True

    def look(self) -> Change:
        """What has happened since this was last told. Each change is told once, when it is over.

        A file is told of when two looks in a row see it alike: whoever writes in place is not read in mid-sentence.
        That it is gone, or cannot be looked at, is a change too.
        """
        now = _stamp(self._file)
        resting, self._seen = now == self._seen, now
        if self._asked:
            self._asked, self._told = False, now
            return "asked"
        if now == self._told or not resting:
            return "none"
        self._told = now
        return "changed"


async def follow(watch: PolicyWatch, reload: Callable[[Change], Awaitable[object]], clock: Clock) -> None:
    """Look for ever and call ``reload`` at each change, one at a time. Cancel it to end it."""
    while True:
        await clock.sleep(LOOK_EVERY_S)
        # In a thread: the disk may be far away, and requests are not to wait for it.
        change = await asyncio.to_thread(watch.look)
        if change != "none":
            await reload(change)


class Asked(Protocol):
    """What a signal asks for a reload: the watch of one process, or the workers of an address."""

    def ask(self) -> None:
        """Safe in a signal handler."""
        ...


def reload_on_hangup(asked: Asked) -> None:
    """From now on SIGHUP asks for a reload, where there is such a signal. For the main thread.

    The same signal says that the terminal was closed; a gateway that was started in it ends then, as before.
    """
    if sys.platform == "win32":
        return
    in_terminal = os.isatty(0)

    def hung_up(number: int, frame: object) -> None:
        if in_terminal and not os.isatty(0):
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            asked.ask()

    signal.signal(signal.SIGHUP, hung_up)


def _stamp(file: Path) -> _Stamp:
    """What differs when the file does: modification and status change (ns), size, inode, device; or why there is none.

    The status change is told when a file is overwritten by one of equal size that keeps an old date, and when its
    permissions are mended.
    """
    try:
        found = file.stat()
    except OSError as error:
        return (error.errno or 0,)
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev
