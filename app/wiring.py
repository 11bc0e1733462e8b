"""The only place that puts the parts together: policy, telemetry, local models, router; and exchanges the policy."""

from __future__ import annotations

import asyncio
import getpass
import logging
import os
import threading
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy.exc import SQLAlchemyError

from app.own_secrets import key_redactor
from app.policy_refusal import Refusal, check_fixed
from app.policy_watch import Change, PolicyWatch
from app.settings import Settings
from app.shared_state import on_server, open_state, patience_s
from router_core import semconv
from router_core.clock import SystemClock
from router_core.errors import Fault, PolicyError, RouteScopeError
from router_core.policy.loading import LoadedPolicy, load_policy
from router_core.policy.schema import LocalProvider, TelemetryEntry
from router_core.providers.build import warm_up as warm_up_providers
from router_core.providers.fetch import Progress
from router_core.providers.local_server import LocalServer
from router_core.providers.pull_queue import PullQueue
from router_core.redaction import redact_text
from router_core.resilience.peers import BreakerPeers
from router_core.router import Router
from router_core.signals.read import warm_up
from router_core.state.shared import SharedStore
from telemetry.errors import StorageError, TelemetryError
from telemetry.log import event
from telemetry.setup import Telemetry

if TYPE_CHECKING:
    from app.collector import Copies

log = logging.getLogger("routescope")

CLOSE_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Service:
    """A router that records what it does, and what it stands on. Close it to keep every span.

    `reload` exchanges the policy and the router while requests run: each ends under the policy it began with. Ask for
    `router` when a request is about to begin, with nothing awaited in between.
    """

    loaded: LoadedPolicy
    settings: Settings
    telemetry: Telemetry
    router: Router
    local: LocalServer | None
    state: SharedStore | None
    """Budgets, and with others beside us all that gateways share; None while this process needs none of it."""
    peers: BreakerPeers | None
    """Other processes whose breakers open and close with ours; None when there are none."""
    watch: PolicyWatch
    by: str
    opened: TelemetryEntry
    """How telemetry was opened; no later policy changes that."""
    copies: Copies | None = None
    """What goes to a collector; None when nothing does."""
    loaded_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    """Since when `loaded` decides."""
    refused: Refusal | None = None
    """What the policy file says now cannot be used, and why; None while `loaded` is what it says."""
    _routers: list[Router] = field(default_factory=list)
    """The present one, and those whose requests have not all ended."""
    _retiring: set[asyncio.Task[None]] = field(default_factory=set)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stop_pulling: threading.Event = field(default_factory=threading.Event)
    _pulled: set[str] | None = None
    """Local model files that were asked for; None while none are to be fetched."""

    @classmethod
    def open(cls, settings: Settings, *, by: str | None = None, beside_others: bool = False) -> Self:
        """Read the policy, open the store, start the local model server if the policy has local models.

        ``beside_others``: whether other gateway processes serve the same address. On PostgreSQL there may always be
        some.

        Raises:
            PolicyError: the policy is broken.
            telemetry.errors.StorageError: the database cannot be used.
            StateUnavailable: the shared state cannot be used.
        """
        # Made first: what is written from here on is a change.
        watch = PolicyWatch(settings.policy)
        loaded = load_policy(settings.policy)
        who = by or _user()
        telemetry = open_telemetry(loaded, settings, by=who)
        state = None
        try:
            local = _local_server(loaded, settings, None)
            beside_others = beside_others or on_server(settings.database_url)
            state = _state(loaded, settings, None, shared=beside_others)
            peers = BreakerPeers(state, SystemClock()) if beside_others and state is not None else None
            router = _router(loaded, telemetry, local, state, peers, None)
            if local is not None:
                local.ensure()
        except RouteScopeError:
            if state is not None:
                state.close()
            telemetry.close(CLOSE_TIMEOUT_S)
            raise
        return cls(
            loaded=loaded,
            settings=settings,
            telemetry=telemetry,
            router=router,
            local=local,
            state=state,
            peers=peers,
            watch=watch,
            by=who,
            opened=loaded.policy.telemetry,
            copies=_copies(loaded, telemetry, settings),
            _routers=[router],
        )

    def warm(self) -> None:
        """Load what the first request would otherwise wait for."""
        warm_up()
        warm_up_providers(self.loaded.policy.models)

    # --- another policy ------------------------------------------------------------------------------------------

    async def reload(self, change: Change = "asked") -> bool:
        """Read the policy file again and decide by it from the next request on; whether what it says is in force.

        A file that cannot be used changes nothing but `refused`. One that says what it said before changes nothing
        either, unless it was ``asked`` for: then what the policy names, as a folder of documents, is read again too.
        Raises nothing for what a file holds.
        """
        async with self._changing:
            version = None
            try:
                loaded = await asyncio.to_thread(load_policy, self.settings.policy)
                version = loaded.version
                if change == "asked" or version != self.loaded.version:
                    self._switch(await self._successor(loaded))
            except (RouteScopeError, TelemetryError) as error:
                await self._refuse(error, version)
            except SQLAlchemyError as error:
                words = f"the database cannot note the new version ({type(error).__name__})"
                await self._refuse(StorageError(words), version)
            except Exception as error:  # noqa: BLE001 (the edge: a fault of ours must not end the watch, nor the gateway)
                where = "".join(traceback.format_tb(error.__traceback__))
                log.error("reading the policy again raised %s\n%s", type(error).__name__, where)
                await self._refuse(_own_fault(error, self.settings), version)
            else:
                if self.refused is not None:
                    mended = event("policy_mended", policy=self.loaded.policy.name, policy_version=version)
                    log.warning("policy %s is mended; version %s decides", self.settings.policy, version, extra=mended)
                self.refused = None
            return self.refused is None

    async def _successor(self, loaded: LoadedPolicy) -> Router:
        """A router for another policy, ready to take requests; nothing of the present one is touched."""
        check_fixed(self.opened, loaded)
        self.state = await asyncio.to_thread(_state, loaded, self.settings, self.state)
        self.local = _local_server(loaded, self.settings, self.local)
        parts = (self.telemetry, self.local, self.state, self.peers)
        router = await asyncio.to_thread(_router, loaded, *parts, self.router)
        await asyncio.to_thread(self.warm)
        policy = loaded.policy
        await asyncio.to_thread(self.telemetry.record_policy_version, loaded.version, policy.name, loaded.text, self.by)
        if self.local is not None and local_files(loaded):
            # Last: a policy that is refused starts nothing.
            await asyncio.to_thread(self.local.ensure)
        return router

    def _switch(self, router: Router) -> None:
        """From one request to the next; nothing is awaited here."""
        old, self.router, self.loaded = self.router, router, router.loaded
        self.loaded_at = datetime.now(UTC)
        if self.state is not None:
            self.state.patience_s = patience_s(router.loaded.policy)
        router.fleet.health.adopt(old.fleet.health)
        self._routers.append(router)
        retiring = asyncio.create_task(self._retire(old), name=f"retire {old.loaded.version}")
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)
        # As loud as a refusal, since a gateway shows warnings only: who changes a policy looks for this line.
        log.warning(
            "policy %s: version %s decides now, in place of %s", *_names(router, old), extra=_reloaded(router, old)
        )
        if self._pulled is not None:
            self.pull_models()

    async def _retire(self, router: Router) -> None:
        """Close what only this router uses, once its last request has ended."""
        await router.in_flight.none()
        async with self._changing:
            self._routers.remove(router)
            await _closed(router.fleet.aclose(spare=[other.fleet for other in self._routers]), "providers")
            if self.local is not None and not any(local_files(other.loaded) for other in self._routers):
                await _closed(self.local.aclose(), "the local model server")

    async def _refuse(self, error: Exception, version: str | None) -> None:
        file = self.settings.policy
        self.refused = await asyncio.to_thread(Refusal.of, error, file, version, datetime.now(UTC))
        told = event("policy_refused", policy_version=self.loaded.version, **self.refused.document())
        words = (file, self.loaded.version, self.refused)
        log.error("policy %s is refused, version %s still decides:\n%s", *words, extra=told)

    # --- local models --------------------------------------------------------------------------------------------

    def pull_models(self, on_progress: Callable[[Progress], None] = lambda _: None) -> None:
        """Fetch the policy's local model files that are missing, in the background, smallest first.

        Those of later policies too, from now on.
        """
        asked = self._pulled = set() if self._pulled is None else self._pulled
        names = [name for name in local_files(self.loaded) if name not in asked]
        if not names:
            return

        asked.update(names)
        queue = PullQueue(names, self.settings.models)
        if self.local is not None:
            self.local.refresh()

        def work() -> None:
            for name, reason in queue.pull(on_progress, self._stop_pulling).items():
                if not self._stop_pulling.is_set():
                    log.warning("model file %s could not be fetched: %s", name, reason)
                # The next policy that wants it tries again.
                asked.discard(name)

        threading.Thread(target=work, name="model-pull", daemon=True).start()

    async def follow_peers(self) -> None:
        """Hear of other processes' breakers, for ever when there are such processes. Cancel it to end it."""
        await self.router.fleet.health.follow(lambda: self.router.fleet.health)

    async def wait_for_models(self, seconds: float) -> None:
        """Give local models whose files are here up to ``seconds`` to load; those that are not here do not hold us."""
        if self.local is None:
            return
        await asyncio.gather(*(self.local.ready(name, seconds) for name in local_files(self.loaded)))

    async def aclose(self) -> bool:
        """Stop everything and flush; False when something could not be kept in time."""
        self._stop_pulling.set()
        for retiring in self._retiring:
            retiring.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        for router in self._routers:
            await _closed(router.aclose(), "providers")
        if self.local is not None:
            await _closed(self.local.aclose(), "the local model server")
        if self.state is not None:
            await asyncio.to_thread(self.state.close)
        kept = self.telemetry.close(CLOSE_TIMEOUT_S)
        if self.copies is not None:
            self.copies.close()
        return kept


async def _closed(closing: Awaitable[None], what: str) -> None:
    """Close something; that it fails must keep nothing else open, least of all the store."""
    try:
        await closing
    except Exception as error:  # noqa: BLE001 (the edge: whatever closing raises, the rest has to be closed)
        # Without the error's own words: they may hold a key.
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s could not be closed (%s)\n%s", what, type(error).__name__, where)


def open_telemetry(loaded: LoadedPolicy, settings: Settings, *, by: str | None = None) -> Telemetry:
    """The store that decisions under this policy go to; the policy's version is noted there.

    Raises:
        telemetry.errors.StorageError: the database cannot be used.
    """
    kept = loaded.policy.telemetry
    telemetry = Telemetry.open(
        settings.database_url,
        home=settings.home,
        content=kept.content,
        durability=kept.durability,
        redact=redact_text,
        redact_keys=key_redactor(os.environ),
    )
    telemetry.record_policy_version(loaded.version, loaded.policy.name, loaded.text, by or _user())
    return telemetry


def local_files(loaded: LoadedPolicy) -> list[str]:
    """Catalogue names of the local model files that a policy uses, in the order of its tiers: the small ones first."""
    rank = {tier: place for place, tier in enumerate(loaded.policy.tiers)}
    models = sorted(loaded.policy.models.values(), key=lambda model: rank[model.tier])
    return list(dict.fromkeys(m.provider.file for m in models if isinstance(m.provider, LocalProvider)))


def _router(
    loaded: LoadedPolicy,
    telemetry: Telemetry,
    local: LocalServer | None,
    state: SharedStore | None,
    peers: BreakerPeers | None,
    previous: Router | None,
) -> Router:
    return Router.from_policy(
        loaded,
        local=local,
        state=state,
        # Alone, sessions and cached answers stay in memory: nobody else needs them, and asking takes no time.
        entries=None if peers is None else state,
        peers=peers,
        tracer=telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME),
        sink=telemetry.sink,
        previous=previous,
    )


def _local_server(loaded: LoadedPolicy, settings: Settings, known: LocalServer | None) -> LocalServer | None:
    """The one local server, once a policy has local models. It does not run yet."""
    if known is not None or not local_files(loaded):
        return known
    return LocalServer(settings.models, settings.run)


def _state(
    loaded: LoadedPolicy, settings: Settings, known: SharedStore | None, *, shared: bool = False
) -> SharedStore | None:
    """What outlives this process or is shared with others: budgets at least, lest a restart give everybody a new month.

    Raises:
        StateUnavailable
    """
    if known is not None or not (shared or loaded.policy.budgets):
        return known
    return open_state(settings.database_url, settings.home, patience_s=patience_s(loaded.policy))


def _copies(loaded: LoadedPolicy, telemetry: Telemetry, settings: Settings) -> Copies | None:
    kept = loaded.policy.telemetry
    if kept.otlp is None and not any(name.startswith("OTEL_EXPORTER_OTLP_") for name in os.environ):
        return None
    # Encoders take a tenth of a second to import, and few need them.
    from app.collector import Copies

    return Copies.of(kept.otlp, os.environ, telemetry, kept.content, home=settings.home)


def _names(new: Router, old: Router) -> tuple[str, str, str]:
    return new.loaded.policy.name, new.loaded.version, old.loaded.version


def _reloaded(new: Router, old: Router) -> dict[str, Any]:
    name, version, before = _names(new, old)
    return event("policy_reloaded", policy=name, policy_version=version, previous_version=before)


def _own_fault(error: Exception, settings: Settings) -> PolicyError:
    problem = f"a fault of RouteScope itself keeps it from being checked ({type(error).__name__})"
    return PolicyError([Fault(str(settings.policy), "file", problem, "the gateway's log says where")])


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
