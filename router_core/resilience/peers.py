"""Breakers of several processes, kept in step through a store that they share.

Each process has breakers of its own, which decide at once. Whenever one of them opens or closes by what its own process
has seen, all others are told; they look every `LOOK_EVERY_S` for news. Of a half-open breaker only one process at a
time sends the probe: it asks the store first. While the store is away each process goes by what it sees itself.

What else is measured of deployments (latencies, outliers, retry budgets) stays with each process.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from router_core.clock import Clock
from router_core.errors import StateUnavailable
from router_core.policy.schema import Deployment
from router_core.resilience.breaker import Breaker
from router_core.state.store import BreakerNews, BreakerStore

log = logging.getLogger("routescope.router")

LOOK_EVERY_S: Final = 0.4
PROBE_S: Final = 3.0
"""How long the right to probe lasts without being renewed: that of a process that was killed is over then."""


class BreakerPeers:
    """What this process tells others of breakers, and hears of them. For one event loop."""

    def __init__(self, store: BreakerStore, clock: Clock, *, teller: str | None = None) -> None:
        """``teller``: a name that no other process has."""
        self._store = store
        self._clock = clock
        self._teller = teller or f"{os.getpid()}-{os.urandom(4).hex()}"
        self._known: dict[str, int] = {}
        """The last revision that was looked at, by the breaker's name."""

    def of(self, name: str) -> OneBreaker:
        """What one breaker tells the others, by the name that all of them know."""
        return OneBreaker(name, self._store, self._clock, self._teller)

    async def ask_to_probe(self, breakers: Iterable[tuple[str, Breaker]]) -> None:
        """Of every breaker that would let a probe through: whether this process may send it. It knows afterwards."""
        for name, breaker in breakers:
            if breaker.state != "half_open" or not breaker.permission().allowed:
                continue
            now = self._clock.time_ns()
            try:
                answer = await self._store.claim_probe(name, self._teller, now + round(PROBE_S * 1e9))
            except StateUnavailable:
                continue
            if answer.closed:
                breaker.hear_closed()
            elif not answer.granted:
                breaker.hear_probe(answer.again_ns - self._clock.time_ns())

    async def look(self, breakers: Mapping[str, Breaker]) -> None:
        """Hear what is new, and keep the right to probe for probes on their way."""
        try:
            for news in await self._store.news():
                self._hear(news, breakers)
            for name, breaker in breakers.items():
                if breaker.probing:
                    until_ns = self._clock.time_ns() + round(PROBE_S * 1e9)
                    await self._store.claim_probe(name, self._teller, until_ns)
        except StateUnavailable:
            return  # each goes by what it sees itself

    async def follow(self, breakers: Callable[[], Mapping[str, Breaker]]) -> None:
        """`look` for ever. Cancel it to end it."""
        while True:
            await self.look(breakers())
            await self._clock.sleep(LOOK_EVERY_S)

    def _hear(self, news: BreakerNews, breakers: Mapping[str, Breaker]) -> None:
        breaker = breakers.get(news.name)
        if breaker is None or self._known.get(news.name) == news.revision:
            return
        self._known[news.name] = news.revision
        if news.teller == self._teller:
            return
        if news.open:
            breaker.hear_open(news.until_ns - self._clock.time_ns(), news.openings, news.why)
        else:
            breaker.hear_closed()


class OneBreaker:
    """See `router_core.resilience.breaker.Peers`."""

    def __init__(self, name: str, store: BreakerStore, clock: Clock, teller: str) -> None:
        self.name = name
        self._store = store
        self._clock = clock
        self._teller = teller

    def opened(self, left_ns: int, openings: int, why: str) -> None:
        """See `Peers.opened`."""
        until_ns = self._clock.time_ns() + left_ns
        self._store.tell(BreakerNews(self.name, True, until_ns, openings, why, self._teller))

    def closed(self) -> None:
        """See `Peers.closed`."""
        self._store.tell(BreakerNews(self.name, False, 0, 0, "", self._teller))

    def released(self) -> None:
        """See `Peers.released`."""
        self._store.give_back_probe(self.name, self._teller)


def shared_name(model: str, place: Deployment) -> str:
    """What all processes call a deployment's breaker. Where a policy calls another upstream by the same name it is
    another breaker: gateways of one database may have different policies."""
    called = hashlib.sha256(place.provider.model_dump_json().encode()).hexdigest()[:12]
    return f"{model}/{place.name}/{called}"
