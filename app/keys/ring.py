"""The keys as the gateway knows them: looked at again twice a second, so that a revoked key opens nothing for long."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from app.keys.key import Key, Role, digest_of, id_in
from router_core.clock import Clock
from router_core.errors import RouteScopeError
from router_core.request import DEFAULT_TENANT
from telemetry.errors import TelemetryError

log = logging.getLogger("routescope.gateway")

FRESH_S: Final = 0.5
"""Keys read longer ago than this are read again before anybody is let in."""
NEW_S: Final = 0.05
"""They are read again sooner for a key that is not among them, since it may be new; who shows it waits that long."""
PATIENCE_S: Final = 0.4
STALE_S: Final = 60.0
"""And for how long what was known goes on while they cannot be read: after that nobody is let in."""
_NOTHING: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request."""

    name: str | None
    """Its key's name; None for whoever is on this machine while there are no keys."""
    key_id: str | None
    tenant: str
    role: Role
    routes: frozenset[str] | None = None
    requests_per_minute: int | None = None
    rate_unchecked: bool = False
    """Whether this request came through although nobody could say how many its key has sent."""

    def may_ask(self, target: str) -> bool:
        """Whether it may ask for a target, by the name that the policy resolved it to."""
        return self.routes is None or target in self.routes


ANYBODY: Final = Caller(None, None, DEFAULT_TENANT, "operator")
"""The caller of a gateway without keys, which listens on loopback only."""
OWN: Final = Caller("routescope", None, DEFAULT_TENANT, "operator")
"""The dashboard and the jobs that were started together with the gateway."""


class KeysUnknown(RouteScopeError):
    """The keys cannot be read, and what was known of them is too old."""

    code = "keys_unknown"
    http_status = 503


class KeyRing:
    """Says who a request comes from. For one event loop."""

    def __init__(
        self,
        read: Callable[[], Sequence[tuple[Key, str]]],
        clock: Clock,
        *,
        own: str | None = None,
        needed: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """A ring over ``read``, which gives all keys with their digests; it is called in a thread.

        Args:
            own: a secret that processes started together share; None: there is none.
            needed: whether nobody comes in without a key, though there be none.
            patience_s: how long reading them may hold up a request; then what was known goes on.
        """
        self._read = read
        self._clock = clock
        self._own = None if own is None else digest_of(own)
        self._needed = needed
        self._patience_s = patience_s
        self._known: dict[str, tuple[Key, str]] | None = None
        self._read_ns: int | None = None
        self._tried_ns: int | None = None
        self._looking = asyncio.Lock()
        self._reading: asyncio.Task[Sequence[tuple[Key, str]]] | None = None
        self._began_ns = 0

    async def caller(self, text: str | None) -> Caller | None:
        """Who holds the key; None when nobody does. ``text``: the key, as it was sent.

        Raises:
            KeysUnknown
        """
        known = await self._keys(FRESH_S)
        digest = None if text is None else digest_of(text)
        if digest is not None and self._own is not None and compare_digest(digest, self._own):
            return OWN
        if not known and not self._needed:
            return ANYBODY
        if text is None or digest is None:
            return None
        key_id = id_in(text)
        if key_id is not None and key_id not in known:
            await self._clock.sleep(self._left(NEW_S))
            known = await self._keys(NEW_S / 2)  # half: a timer may end a moment early
        key, kept = known.get(key_id or "", (None, _NOTHING))
        # Compared also where there is nothing to compare with, so that time tells nobody which ids there are.
        if not compare_digest(digest, kept) or key is None:
            return None
        now = datetime.fromtimestamp(self._clock.time_ns() / 1e9, tz=UTC)
        if key.state(now) != "active":
            return None
        return Caller(key.name, key.key_id, key.tenant, key.role, key.routes, key.requests_per_minute)

    async def _keys(self, fresh_s: float) -> dict[str, tuple[Key, str]]:
        if not self._younger(self._tried_ns, fresh_s):
            async with self._looking:
                if not self._younger(self._tried_ns, fresh_s):
                    await self._look()
        if self._known is None or not self._younger(self._read_ns, STALE_S):
            raise KeysUnknown("the gateway's keys cannot be read from its database; see its log, then try again")
        return self._known

    async def _look(self) -> None:
        """Read the keys; what was known stays where that fails.

        A reading that hangs is waited for again, and no second one begun: each holds a thread of those that all share.
        """
        if self._reading is None:
            self._began_ns = self._clock.monotonic_ns()
            self._reading = asyncio.create_task(asyncio.to_thread(self._read))
        done, _ = await asyncio.wait({self._reading}, timeout=None if self._known is None else self._patience_s)
        self._tried_ns = self._clock.monotonic_ns()
        if not done:
            log.warning("the gateway's keys could not be read (TimeoutError)")
            return
        reading, self._reading = self._reading, None
        try:
            found = await reading
        except (TelemetryError, SQLAlchemyError) as error:
            log.warning("the gateway's keys could not be read (%s)", type(error).__name__)
        else:
            self._known = {key.key_id: (key, digest) for key, digest in found}
            self._read_ns = self._began_ns

    def _left(self, seconds: float) -> float:
        """Until the last look is so old."""
        if self._tried_ns is None:
            return 0.0
        return max(0.0, seconds - (self._clock.monotonic_ns() - self._tried_ns) / 1e9)

    def _younger(self, moment_ns: int | None, seconds: float) -> bool:
        return moment_ns is not None and self._clock.monotonic_ns() - moment_ns < seconds * 1e9
