"""How a process of ours uses its interpreter.

In the gateway two threads share it: the event loop answers people, the writer works behind it. In both, and in the
dashboard, the collector of garbage looks through all objects now and then while somebody waits.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

TURN_S: Final = 0.0002
"""How long a thread computes before another one that waits gets its turn. Python's own 5 ms are as long as a whole
request: its first steps then wait for the rows of the one before. `benchmarks/router.py`, own time with an awaited
commit: 1.6 ms at 5 ms, 1.2 ms at 0.2 ms; rows a second are the same within the noise."""


def take_short_turns() -> None:
    """Set it for this process. Not for importing: it is the process's own matter."""
    sys.setswitchinterval(TURN_S)


def collect_seldom() -> None:
    """Look for garbage after 20,000 new objects and not after 700, when a process has loaded what it will use for good.

    A request makes some thousand objects, hardly one of them in a cycle: the collector looked through all of them, more
    than once for each request, and found nothing. That was a tenth of the processor time of a request.
    """
    keep_what_is_here()
    gc.set_threshold(20_000, 20, 50)


def leave_generators_alone() -> None:
    """Have the event loop that runs now keep no list of the asynchronous generators that begin in it.

    It keeps one in order to close them when it ends itself. Ours are closed by whoever iterates over them, a dozen in
    each request, and each cost as much to put down and to cross out as an event that it passes on. One that nobody
    holds any more is closed as ever.
    """
    sys.set_asyncgen_hooks(firstiter=None)


def keep_what_is_here() -> None:
    """Take what is alive now out of the collector's sight, when a process has loaded what it will use for good; once.

    A collection of everything takes as long as there are objects: nearly a tenth of a second once the packages of the
    dashboard are imported, and none of these ever goes. It made the slowest of twenty answers of some questions four
    times as long as the others (`benchmarks/queries.py`). Reference counts still free what nobody holds.
    """
    if gc.get_freeze_count():
        return
    gc.collect()
    gc.freeze()
