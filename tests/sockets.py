"""Which addresses this process turns to: names that it looks up, and places that it connects to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_watching: list[list[Any]] = []
_hooked = False


@contextmanager
def sockets() -> Iterator[list[Any]]:
    """A list that fills, to the end of the block, with every name that is looked up and every address connected to."""
    global _hooked
    if not _hooked:
        sys.addaudithook(_note)  # it cannot be taken away again
        _hooked = True
    opened: list[Any] = []
    _watching.append(opened)
    try:
        yield opened
    finally:
        _watching.remove(opened)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        place = arguments[0:2] if event == "socket.getaddrinfo" else arguments[1]
        for opened in _watching:
            opened.append(place)
