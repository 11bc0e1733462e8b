"""How the gateway's threads share one interpreter: the event loop answers people, the writer works behind it."""

from __future__ import annotations

import sys
from typing import Final

TURN_S: Final = 0.0002
"""How long a thread computes before another one that waits gets its turn. Python's own 5 ms are as long as a whole
request: its first steps then wait for the rows of the one before. `benchmarks/router.py`, own time with an awaited
commit: 1.6 ms at 5 ms, 1.2 ms at 0.2 ms; rows a second are the same within the noise."""


def take_short_turns() -> None:
    """Set it for this process. Not for importing: it is the process's own matter."""
    sys.setswitchinterval(TURN_S)
