"""What was measured of one deployment of late: calls, failures, latencies, and a slow baseline of the latencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from router_core.policy.schema import OutlierEntry
from router_core.resilience.histogram import FadingHistogram
from router_core.resilience.window import CountingWindow

Quantity: TypeAlias = Literal["ttft", "latency"]
QUANTITIES: Final[tuple[Quantity, ...]] = ("ttft", "latency")

_GOOD: Final = 0
_BAD: Final = 1
_FEW: Final = 5.0
"""Recent latencies below which the baseline tells more."""


@dataclass(frozen=True, slots=True)
class LatencyEstimate:
    """How long a call takes, in ms. Successful calls only."""

    p50_ms: float
    p95_ms: float
    ttft_p50_ms: float | None
    """Time to first token; None when no call told it."""
    ttft_p95_ms: float | None
    n: float
    """Calls that the estimate stands on; older ones count less."""


class Measures:
    """Recent calls in a sliding window; latencies that fade fast (recent) and slowly (baseline). O(1) a call."""

    def __init__(self, entry: OutlierEntry) -> None:
        self._calls = CountingWindow(entry.window_s, 2)
        self.recent = {quantity: FadingHistogram(entry.window_s) for quantity in QUANTITIES}
        self.baseline = {quantity: FadingHistogram(entry.baseline_s) for quantity in QUANTITIES}

    def succeeded(self, now_ns: int, latency_ms: float | None, ttft_ms: float | None) -> None:
        """A call was answered. Latencies that are not known are None."""
        self._calls.add(now_ns, _GOOD)
        values: Mapping[Quantity, float | None] = {"ttft": ttft_ms, "latency": latency_ms}
        for quantity, value in values.items():
            if value is not None:
                self.recent[quantity].add(now_ns, value)
                self.baseline[quantity].add(now_ns, value)

    def failed(self, now_ns: int) -> None:
        """A call failed by the deployment's fault."""
        self._calls.add(now_ns, _BAD)

    def calls(self, now_ns: int) -> tuple[int, int]:
        """Calls within the window, and how many of them failed."""
        bad = self._calls.total(now_ns, _BAD)
        return bad + self._calls.total(now_ns, _GOOD), bad

    def forget_recent(self) -> None:
        """Begin anew, with the baseline kept: what led to an ejection does not lead to the next one."""
        self._calls.clear()
        for histogram in self.recent.values():
            histogram.clear()

    def estimate(self, now_ns: int) -> LatencyEstimate | None:
        """From recent calls; while these are few, from the baseline; None when no call was ever answered."""
        source = self.recent if self.recent["latency"].weight(now_ns) >= _FEW else self.baseline
        p50, p95 = source["latency"].quantile(0.5), source["latency"].quantile(0.95)
        if p50 is None or p95 is None:
            return None
        ttft = source["ttft"]
        return LatencyEstimate(p50, p95, ttft.quantile(0.5), ttft.quantile(0.95), source["latency"].weight(now_ns))
