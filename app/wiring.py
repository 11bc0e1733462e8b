"""The only place that puts the parts together: policy, telemetry, local models, router."""

from __future__ import annotations

import asyncio
import getpass
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from app.settings import Settings
from router_core import semconv
from router_core.clock import SystemClock
from router_core.errors import PolicyError
from router_core.policy.loading import LoadedPolicy, load_policy
from router_core.policy.schema import LocalProvider
from router_core.providers.fetch import Progress
from router_core.providers.local_server import LocalServer
from router_core.providers.pull_queue import PullQueue
from router_core.redaction import redact_text
from router_core.router import Router
from router_core.signals.read import warm_up
from router_core.state.sqlite import SqliteStore
from telemetry.setup import Telemetry

log = logging.getLogger("routescope")

CLOSE_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Service:
    """A router that records what it does, and what it stands on. Close it to keep every span."""

    loaded: LoadedPolicy
    settings: Settings
    telemetry: Telemetry
    router: Router
    local: LocalServer | None
    _stop_pulling: threading.Event = field(default_factory=threading.Event)
    _pulling: threading.Thread | None = None

    @classmethod
    def open(cls, settings: Settings, *, by: str | None = None) -> Self:
        """Read the policy, open the store, start the local model server if the policy has local models.

        Raises:
            PolicyError: the policy is broken.
            telemetry.errors.StorageError: the database cannot be used.
        """
        loaded = load_policy(settings.policy)
        telemetry = open_telemetry(loaded, settings, by=by)
        local = _local_server(loaded, settings)
        try:
            router = Router.from_policy(
                loaded,
                local=local,
                state=_state(loaded, settings),
                tracer=telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME),
                sink=telemetry.sink,
            )
        except PolicyError:
            telemetry.close(CLOSE_TIMEOUT_S)
            raise
        return cls(loaded, settings, telemetry, router, local)

    def warm(self) -> None:
        """Load what the first request would otherwise wait for."""
        warm_up()

    def pull_models(self, on_progress: Callable[[Progress], None] = lambda _: None) -> None:
        """Fetch the policy's local model files that are missing, in the background, smallest first."""
        names = local_files(self.loaded)
        if not names or self._pulling is not None:
            return

        queue = PullQueue(names, self.settings.models)
        if self.local is not None:
            self.local.refresh()

        def work() -> None:
            for name, reason in queue.pull(on_progress, self._stop_pulling).items():
                if not self._stop_pulling.is_set():
                    log.warning("model file %s could not be fetched: %s", name, reason)

        self._pulling = threading.Thread(target=work, name="model-pull", daemon=True)
        self._pulling.start()

    async def wait_for_models(self, seconds: float) -> None:
        """Give local models whose files are here up to ``seconds`` to load; those that are not here do not hold us."""
        if self.local is None:
            return
        await asyncio.gather(*(self.local.ready(name, seconds) for name in local_files(self.loaded)))

    async def aclose(self) -> bool:
        """Stop everything and flush; False when something could not be kept in time."""
        self._stop_pulling.set()
        await self.router.aclose()
        if self.local is not None:
            await self.local.aclose()
        return self.telemetry.close(CLOSE_TIMEOUT_S)


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
    )
    telemetry.record_policy_version(loaded.version, loaded.policy.name, loaded.text, by or _user())
    return telemetry


def local_files(loaded: LoadedPolicy) -> list[str]:
    """Catalogue names of the local model files that a policy uses, in the order of its tiers: the small ones first."""
    rank = {tier: place for place, tier in enumerate(loaded.policy.tiers)}
    models = sorted(loaded.policy.models.values(), key=lambda model: rank[model.tier])
    return list(dict.fromkeys(m.provider.file for m in models if isinstance(m.provider, LocalProvider)))


def _local_server(loaded: LoadedPolicy, settings: Settings) -> LocalServer | None:
    if not local_files(loaded):
        return None
    server = LocalServer(settings.models, settings.run)
    server.ensure()
    return server


def _state(loaded: LoadedPolicy, settings: Settings) -> SqliteStore | None:
    """Where budgets are kept: in a file, so that a restart does not give everybody a new month."""
    return SqliteStore(settings.home / "state.db", SystemClock()) if loaded.policy.budgets else None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
