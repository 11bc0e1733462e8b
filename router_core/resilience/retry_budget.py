"""How many retries one model gets, so that an outage does not multiply its own load.

A retry is allowed when, with it, the window of the last W seconds holds at most

    max(minimum, share * requests that called the model in the same window)

retries. The share of requests is Finagle's (RetryBudget, 2016: 20 % of the requests of the last 10 s). Two things are
otherwise. Finagle adds its minimum to the share; here the greater of both counts, so that a steady stream of requests
is never hit more than 1 + share times. Envoy bounds retries by the requests in flight at one moment; with requests that
come one after the other that allows one retry each, which doubles the load. gRPC's throttling (proposal A6) takes
retries away after failures, and has no bound that one can state in requests.

What is promised: cut the past into windows that end with a retry, from the last one back. They do not overlap, and each
holds at most max(minimum, share * its requests) retries. So there are at most ``share`` times as many retries as
requests, and ``minimum`` more for each window whose traffic is below minimum / share.

Not safe for threads: one event loop owns it.
"""

from __future__ import annotations

from typing import Final

from router_core.clock import Clock
from router_core.policy.schema import RetryEntry
from router_core.resilience.window import CountingWindow

_REQUEST: Final = 0
_RETRY: Final = 1


class RetryBudget:
    """The budget of one model."""

    def __init__(self, clock: Clock, entry: RetryEntry) -> None:
        self._clock = clock
        self._share = entry.budget
        self._minimum = entry.budget_min
        self._window = CountingWindow(entry.budget_window_s, 2)

    def request(self) -> None:
        """A request calls the model for the first time. Its retries are not requests."""
        self._window.add(self._clock.monotonic_ns(), _REQUEST)

    @property
    def left(self) -> int:
        """Retries that are allowed at present."""
        now = self._clock.monotonic_ns()
        allowed = max(self._minimum, int(self._share * self._window.total(now, _REQUEST) + 1e-9))
        return max(allowed - self._window.total(now, _RETRY), 0)

    def take(self) -> bool:
        """Take one retry, if there is one left."""
        if self.left == 0:
            return False
        self._window.add(self._clock.monotonic_ns(), _RETRY)
        return True
