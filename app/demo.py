"""Simulated history, written through the real router, spans and storage: only the models and the clock are made up.

Every row carries ``simulated``, the dashboard says so wherever one is in view, and `clear` removes exactly those.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa

from app.demo_models import NATURES, Happenings, SimulatedModel
from app.demo_progress import DIED, DemoProgress, progress, tell
from app.demo_traffic import arrivals, requests
from app.incidents import Incident, of_upstreams
from app.settings import DATABASE_VARIABLE, Settings, shipped
from router_core import semconv
from router_core.clock import ManualClock
from router_core.errors import RoutingError
from router_core.policy.loading import LoadedPolicy, load_policy, parse_policy
from router_core.resilience.health import DeploymentHealth
from router_core.router import Router
from telemetry.incidents import incident_row, keep
from telemetry.journal import Row
from telemetry.setup import Telemetry
from telemetry.storage.erase import delete_simulated

DEFAULT_WEEKS, DEFAULT_REQUESTS, DEFAULT_SEED = 8, 20_000, 7
PRICE_CHANGE_WEEK = 4
OLD_PRICE, NEW_PRICE = 'input = "2.50", output = "10.00"', 'input = "2.00", output = "8.00"'
TELL_EVERY = 200
CLOSE_TIMEOUT_S = 120.0
PROCESS = "demo"
"""Who notes the story's incidents."""


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What was written."""

    requests: int
    answered: int
    first: datetime
    last: datetime
    seed: int


def write_history(
    telemetry: Telemetry,
    *,
    weeks: int = DEFAULT_WEEKS,
    count: int = DEFAULT_REQUESTS,
    seed: int = DEFAULT_SEED,
    end: datetime | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> DemoSummary:
    """Route ``count`` simulated requests over ``weeks`` whole weeks and what there is of the present one.

    Same seed and same ``end`` (default: now), same story.

    Args:
        telemetry: where to; open it with ``durability="async"``, nobody waits for these commits.
        on_progress: told how many of how many are done.
    """
    return asyncio.run(_write(telemetry, weeks, count, seed, end or datetime.now(UTC), on_progress))


async def _write(
    telemetry: Telemetry,
    weeks: int,
    count: int,
    seed: int,
    end: datetime,
    on_progress: Callable[[int, int], None],
) -> DemoSummary:
    monday = _monday(end) - timedelta(weeks=weeks)
    rng = random.Random(seed)  # noqa: S311 (a story, not a secret)
    # The present week has only begun: what would come after now is left out.
    moments = [moment for moment in arrivals(monday, weeks + 1, _enough(count, weeks), rng) if moment < end]
    moments = sorted(rng.sample(moments, min(count, len(moments))))
    clock = ManualClock(monday)
    routers = _routers(telemetry, clock, monday, random.Random(seed + 1))  # noqa: S311
    stream, answered, told = requests(rng), 0, Told(telemetry)
    for done, moment in enumerate(moments, start=1):
        # One request after the other: when the last answer ended after this arrival, this one begins a little later.
        if moment.timestamp() * 1e9 > clock.time_ns():
            clock.move_to(moment)
        router = routers[moment >= monday + timedelta(weeks=PRICE_CHANGE_WEEK - 1)]
        told.look(router)
        try:
            await router.aroute(next(stream))
            answered += 1
        except RoutingError:
            pass  # Denied or failed: part of the story, and recorded as such.
        told.look(router)
        if done % TELL_EVERY == 0 or done == len(moments):
            on_progress(done, len(moments))
    return DemoSummary(len(moments), answered, moments[0], moments[-1], seed)


class Told:
    """Keeps what happens to the simulated upstreams, as a gateway would, at the story's own moments."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._journal = telemetry.journal
        self._router: Router | None = None
        self._before: tuple[DeploymentHealth, ...] = ()

    def look(self, router: Router) -> None:
        """Compare with the last look at this router; another one begins anew."""
        now = router.fleet.snapshot()
        if router is self._router:
            keep(self._journal, map(_row, of_upstreams(self._before, now)))
        self._router, self._before = router, now


def _row(incident: Incident) -> Row:
    return incident_row(
        incident.name,
        incident.sentence,
        at=datetime.fromisoformat(incident.fields["since"]),
        process=PROCESS,
        level=incident.level,
        fields=incident.fields,
        simulated=True,
    )


def _enough(count: int, weeks: int) -> int:
    """So many arrivals, the present week counted whole, that at least ``count`` lie in the weeks before it."""
    return int(count * (weeks + 1) / weeks * 1.2) + 50


def _routers(telemetry: Telemetry, clock: ManualClock, monday: datetime, rng: random.Random) -> dict[bool, Router]:
    """The router before and after the price change; the models behind them are the same."""
    before = load_policy(shipped("policies") / "demo.toml")
    after = parse_policy(before.text.replace(OLD_PRICE, NEW_PRICE), before.path)
    happenings = Happenings.in_weeks_from(monday)
    scripts = {name: SimulatedModel(name, clock, happenings, rng) for name in NATURES}
    tracer = telemetry.tracer_provider.get_tracer(semconv.INSTRUMENTATION_NAME)
    since = {False: monday, True: monday + timedelta(weeks=PRICE_CHANGE_WEEK - 1)}
    routers = {}
    for changed, loaded in ((False, before), (True, after)):
        _record(telemetry, loaded, since[changed])
        routers[changed] = Router.from_policy(loaded, clock=clock, scripts=scripts, tracer=tracer, sink=telemetry.sink)
    return routers


def _record(telemetry: Telemetry, loaded: LoadedPolicy, at: datetime) -> None:
    telemetry.record_policy_version(loaded.version, loaded.policy.name, loaded.text, "demo (simulated)", at=at)


def _monday(moment: datetime) -> datetime:
    return datetime.combine(moment.date() - timedelta(days=moment.weekday()), time(), tzinfo=UTC)


def clear(engine: sa.Engine) -> int:
    """Remove exactly what is simulated, drift results included; how many decisions that were."""
    return delete_simulated(engine)


def start_in_background(settings: Settings, *, count: int = DEFAULT_REQUESTS) -> subprocess.Popen[bytes]:
    """Write history in a child of its own; `demo_progress.progress` tells how far it is, and when it dies."""
    tell(settings, DemoProgress(0, count, "writing"))
    environment = {**os.environ, DATABASE_VARIABLE: settings.database_url, "DO_NOT_TRACK": "1"}
    child = subprocess.Popen(  # noqa: S603 (our own command)
        [sys.executable, "-P", "-m", "app.cli", "demo", "--requests", str(count)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    threading.Thread(target=_watch, args=(child, settings, count), name="demo-watch", daemon=True).start()
    return child


def _watch(child: subprocess.Popen[bytes], settings: Settings, count: int) -> None:
    """A child that is killed, or fails before it can say so, must not look as if it still ran."""
    child.wait()
    now = progress(settings)
    if now is None or now.running:
        tell(settings, DemoProgress(0 if now is None else now.done, count, "failed", DIED))
