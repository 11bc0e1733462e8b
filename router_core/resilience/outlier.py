"""Ejection of outliers among the deployments of one model.

The frame is Envoy's outlier detection: deployments are compared with their peers, an outlier is ejected for its base
time multiplied by the number of its ejections, and only a share may be ejected at a time. Envoy compares success rates
by mean and standard deviation, which says little about the two to five deployments that a model has. So here:

- errors: ejected when the lower end of the Wilson interval (Wilson 1927, one-sided 95 %) of its own error rate exceeds
  the pooled error rate of its peers by more than ``error_margin``;
- latency: ejected when its recent p95 exceeds ``latency_factor`` times the greater of its own baseline p95 and the
  median of its peers' recent p95. Time to first token and whole latency are judged alike; one of them is enough. When
  a whole model becomes slow, its peers are slow too; a deployment that always was slow has a slow baseline: neither
  is ejected.

A deployment is judged after its own calls, at most once a second. Not safe for threads: one event loop owns it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from router_core.clock import Clock
from router_core.policy.schema import OutlierEntry
from router_core.resilience.measures import QUANTITIES, Measures, Quantity

_Z: Final = 1.6448536269514722
"""Normal quantile of 0.95."""
_JUDGED_EVERY_NS: Final = 1_000_000_000
_WORDS: Final[dict[Quantity, str]] = {"ttft": "time to first token", "latency": "latency"}


@dataclass(frozen=True, slots=True)
class Ejection:
    """Why and for how long a deployment is left out."""

    since_ns: int
    until_ns: int
    why: str


@dataclass(slots=True)
class _Standing:
    measures: Measures
    ejection: Ejection | None = None
    times: int = 0
    """Ejections so far, less those that good conduct made up for."""
    good_since_ns: int = 0
    judged_ns: int = -_JUDGED_EVERY_NS


class Outliers:
    """The deployments of one model beside each other."""

    def __init__(self, clock: Clock, entry: OutlierEntry, deployments: Iterable[str]) -> None:
        self._clock = clock
        self._entry = entry
        self._standings = {name: _Standing(Measures(entry)) for name in deployments}

    def measures(self, deployment: str) -> Measures:
        """What was measured of one deployment.

        Raises:
            KeyError: the model has no such deployment.
        """
        return self._standings[deployment].measures

    def ejection(self, deployment: str) -> Ejection | None:
        """The ejection that is in force; None when there is none, or it is over."""
        standing = self._standings[deployment]
        if standing.ejection is not None and self._clock.monotonic_ns() >= standing.ejection.until_ns:
            return None
        return standing.ejection

    def judge(self, deployment: str, usable: Collection[str]) -> Ejection | None:
        """Compare one deployment with its peers, and eject it when it is an outlier.

        ``usable`` are the deployments whose breakers admit calls: without another one that is not ejected either, none
        is ejected.
        """
        now = self._clock.monotonic_ns()
        standing = self._standings[deployment]
        if not self._entry.enabled or len(self._standings) < 2 or now - standing.judged_ns < _JUDGED_EVERY_NS:
            return None
        standing.judged_ns = now
        if self.ejection(deployment) is not None or not self._may_eject(deployment, usable):
            return None
        self._reward(standing, now)
        why = self._worse_errors(deployment, now) or self._worse_latency(deployment, now)
        return None if why is None else self._eject(standing, now, why)

    # --- how many --------------------------------------------------------------------------------------------------

    def _may_eject(self, deployment: str, usable: Collection[str]) -> bool:
        ejected = {name for name in self._standings if self.ejection(name) is not None}
        if len(ejected) + 1 > self._entry.max_ejected * len(self._standings):
            return False
        return any(name != deployment and name not in ejected for name in usable)

    def _eject(self, standing: _Standing, now: int, why: str) -> Ejection:
        standing.times += 1
        seconds = min(self._entry.eject_s * standing.times, self._entry.max_eject_s)
        standing.good_since_ns = now + round(seconds * 1e9)
        standing.ejection = Ejection(now, standing.good_since_ns, why)
        standing.measures.forget_recent()
        return standing.ejection

    def _reward(self, standing: _Standing, now: int) -> None:
        """Good conduct takes one ejection off the count for each base time that it lasts."""
        base_ns = round(self._entry.eject_s * 1e9)
        periods = (now - standing.good_since_ns) // base_ns
        standing.times = max(standing.times - periods, 0)
        standing.good_since_ns += periods * base_ns

    # --- how much worse --------------------------------------------------------------------------------------------

    def _peers(self, deployment: str, now: int) -> list[Measures]:
        """Peers with enough recent calls to compare with; ejected ones do not set a standard."""
        return [
            standing.measures
            for name, standing in self._standings.items()
            if name != deployment
            and self.ejection(name) is None
            and standing.measures.calls(now)[0] >= self._entry.min_calls
        ]

    def _worse_errors(self, deployment: str, now: int) -> str | None:
        calls, failed = self._standings[deployment].measures.calls(now)
        peers = [measures.calls(now) for measures in self._peers(deployment, now)]
        if calls < self._entry.min_calls or not peers:
            return None
        theirs = sum(bad for _, bad in peers) / sum(total for total, _ in peers)
        if wilson_lower(failed, calls) <= theirs + self._entry.error_margin:
            return None
        return f"{failed} of its {calls} recent calls failed, of its peers' {theirs:.0%}"

    def _worse_latency(self, deployment: str, now: int) -> str | None:
        entry, own = self._entry, self._standings[deployment].measures
        calls, failed = own.calls(now)
        if calls - failed < entry.min_calls:
            return None
        peers = self._peers(deployment, now)
        for quantity in QUANTITIES:
            recent, usual = own.recent[quantity].quantile(0.95), own.baseline[quantity].quantile(0.95)
            theirs = [p95 for peer in peers if (p95 := peer.recent[quantity].quantile(0.95)) is not None]
            if recent is None or usual is None or not theirs or recent < entry.min_latency_ms:
                continue
            standard = _median(theirs)
            if recent > entry.latency_factor * max(usual, standard):
                return (
                    f"its p95 {_WORDS[quantity]} is {recent:,.0f} ms, "
                    f"usually {usual:,.0f} ms, its peers' {standard:,.0f} ms"
                )
        return None


def _median(values: Collection[float]) -> float:
    """The middle one, or the mean of the middle two. The standard library's takes 6 ms to import."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def wilson_lower(failed: int, calls: int) -> float:
    """Lower end of the one-sided 95 % Wilson interval of a rate; 0 without calls."""
    if calls == 0:
        return 0.0
    rate, square = failed / calls, _Z * _Z
    centre = rate + square / (2 * calls)
    spread = _Z * math.sqrt(rate * (1 - rate) / calls + square / (4 * calls * calls))
    return max((centre - spread) / (1 + square / calls), 0.0)
