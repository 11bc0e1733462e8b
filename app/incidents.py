"""What went wrong or right again in a running gateway, told once each as an event of the log, and kept as a row.

Twice looked at, a second apart: what differs between two looks is an incident. Breakers and telemetry count and stamp
what happens to them, so that nothing between two looks is overlooked but a breaker that closes again within a second.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from app.gateway.metrics import GatewayMetrics
from app.wiring import Service
from router_core.clock import Clock
from router_core.policy.schema.models import ONLY_PLACE
from router_core.resilience.health import DeploymentHealth
from telemetry.health import Health
from telemetry.incidents import IncidentKeeper
from telemetry.log import event
from telemetry.pipeline import PipelineSampler

LOOK_EVERY_S: Final = 1.0
_SAME: Final = timedelta(milliseconds=100)
"""Stamps of one moment differ by less: each is computed from the present."""
_BROKEN: Final = ("open", "half_open")

log = logging.getLogger("routescope.incident")


@dataclass(frozen=True, slots=True)
class Standing:
    """How upstreams and telemetry stand at one moment."""

    deployments: tuple[DeploymentHealth, ...]
    health: Health

    @classmethod
    def of(cls, service: Service) -> Standing:
        """For the event loop."""
        return cls(service.router.fleet.snapshot(), service.telemetry.health())


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that a person on duty wants to know."""

    name: str
    sentence: str
    level: int = logging.WARNING
    fields: dict[str, Any] = field(default_factory=dict)

    def tell(self) -> None:
        """Log it."""
        log.log(self.level, "%s", self.sentence, extra=event(self.name, **self.fields))


def incidents(before: Standing, after: Standing) -> Iterator[Incident]:
    """What happened between two looks."""
    yield from of_upstreams(before.deployments, after.deployments)
    yield from _of_telemetry(before.health, after.health)


def of_upstreams(before: Sequence[DeploymentHealth], after: Sequence[DeploymentHealth]) -> Iterator[Incident]:
    """What happened to deployments between two looks; those of a new policy are no incident."""
    if before == after:
        return
    known = {(one.model, one.deployment): one for one in before}
    for now in after:
        earlier = known.get((now.model, now.deployment))
        if earlier is not None:
            yield from _of_deployment(earlier, now)


def _of_deployment(before: DeploymentHealth, after: DeploymentHealth) -> Iterator[Incident]:
    fields = {"model": after.model, "deployment": after.deployment, "since": after.since.isoformat()}
    name = after.model if after.deployment == ONLY_PLACE else f"{after.model} at {after.deployment}"
    if after.heard and (after.state in _BROKEN or (after.state == "closed" and before.state in _BROKEN)):
        return  # the process that has seen it tells of it
    anew = before.state != "open" or abs(after.since - before.since) > _SAME
    # Its open time may be over by the second look; nobody has been told of it all the same.
    missed = after.state == "half_open" and before.state not in _BROKEN
    if missed or (after.state == "open" and anew):
        fields |= {"why": after.why}
        yield Incident("breaker_opened", f"the breaker of {name} opened: {after.why}", fields=fields)
    if after.state == "half_open" and (missed or before.state == "open"):
        # Its open time ended at that moment, whenever the next request comes to try it.
        fields |= {"why": after.why}
        sentence = f"the breaker of {name} lets one call through"
        yield Incident("breaker_half_open", sentence, logging.INFO, fields)
    elif before.state in _BROKEN and after.state not in _BROKEN:
        yield Incident("breaker_closed", f"the breaker of {name} is closed again", fields=fields)
    if after.state == "ejected" and before.state != "ejected":
        fields |= {"why": after.why}
        yield Incident("deployment_ejected", f"{name} is called less: {after.why}", fields=fields)
    elif before.state == "ejected" and after.state == "closed":
        yield Incident("deployment_readmitted", f"{name} is called again as before", fields=fields)


def _of_telemetry(before: Health, after: Health) -> Iterator[Incident]:
    spooled = after.spooled - before.spooled
    if (after.spool_waiting and not before.spool_waiting) or (spooled > 0 and not before.spool_waiting):
        why = after.last_error or "the database did not take them"
        sentence = f"decisions go to the spool: {why}"
        yield Incident(
            "spool_in_use", sentence, fields={"waiting": after.spool_waiting, "last_error": after.last_error}
        )
    if not after.spool_waiting and (before.spool_waiting or spooled > 0):
        yield Incident("spool_empty", "the spool is empty again: all decisions are in the database")
    lost = after.not_durable + after.abandoned - before.not_durable - before.abandoned
    if lost > 0:
        why = after.last_error or "they came when telemetry was closed, or never ended"
        fields = {"traces": lost, "last_error": after.last_error}
        yield Incident("not_durable", f"{lost} decisions could be kept nowhere: {why}", logging.ERROR, fields)
    if after.refused > before.refused:
        count = after.refused - before.refused
        yield Incident(
            "rows_refused", f"{count} decisions fit no database and are kept aside", logging.ERROR, {"traces": count}
        )


@contextmanager
def keeping(service: Service) -> Iterator[PipelineSampler]:
    """Incidents are rows from now on, the gateway's own start and end among them, and its telemetry is sampled."""
    telemetry, loaded = service.telemetry, service.loaded
    keeper = IncidentKeeper(telemetry.journal, telemetry.process, telemetry.redact_keys)
    sampler = PipelineSampler(telemetry.sink, telemetry.journal, telemetry.process)
    keeper.attach()
    begun = f"a gateway began; policy {loaded.policy.name}, version {loaded.version}, decides"
    keeper.note("gateway_started", begun, fields={"policy_version": loaded.version})
    try:
        yield sampler
    finally:
        keeper.note("gateway_stopped", "the gateway ended", fields={"policy_version": service.loaded.version})
        sampler.close()
        keeper.close()


async def watch(service: Service, metrics: GatewayMetrics, sampler: PipelineSampler, clock: Clock) -> None:
    """Look for ever, and tell. Cancel it to end it."""
    before = Standing.of(service)
    while True:
        await clock.sleep(LOOK_EVERY_S)
        metrics.look()
        sampler.look()
        after = Standing.of(service)
        for incident in incidents(before, after):
            incident.tell()
        before = after
        # A clock that does not wait must not keep others from running.
        await asyncio.sleep(0)
