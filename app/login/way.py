"""Where somebody wanted to go before they had to log in, so that this is where they come in.

The provider sends everybody back to the front page, in a session of its own; the browser alone is the same.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

PATIENCE_S: Final = 600.0
"""For so long a way is kept: whoever comes later begins at the front page."""
MOST: Final = 1_000
"""Ways that are kept; of more the oldest are forgotten."""


@dataclass(frozen=True, slots=True)
class Way:
    """A page and what its address said."""

    file: str
    """Of the page, relative to the entry."""
    parameters: Mapping[str, Sequence[str]]


class Ways:
    """The ways of browsers that are about to log in, for all threads of a process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """``clock``: seconds that only grow."""
        self._clock = clock
        self._kept: OrderedDict[bytes, tuple[float, Way]] = OrderedDict()
        self._lock = Lock()

    def keep(self, browser: bytes, way: Way) -> None:
        """Remember where a browser wanted to go; what it wanted before is forgotten."""
        with self._lock:
            self._kept.pop(browser, None)
            self._kept[browser] = (self._clock(), way)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)

    def take(self, browser: bytes) -> Way | None:
        """Where it wanted to go, once; None when it did not say, or too long ago."""
        with self._lock:
            since, way = self._kept.pop(browser, (0.0, None))
        return way if way is not None and self._clock() - since <= PATIENCE_S else None


def browser_of(cookie: str | None) -> bytes | None:
    """The random name by which Streamlit knows a browser, from its cookie against forged requests.

    The cookie is ``2|mask|masked name|time`` in hexadecimal and is masked anew at each answer (RFC 6455, section 5.3);
    None for any other form.
    """
    try:
        version, mask, masked, _ = (cookie or "").strip("\"'").split("|")
        key, name = bytes.fromhex(mask), bytes.fromhex(masked)
    except ValueError:
        return None
    if version != "2" or not key or not name:
        return None
    return bytes(one ^ key[place % len(key)] for place, one in enumerate(name))
