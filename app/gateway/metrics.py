"""`GET /metrics`: what Prometheus scrapes of a running gateway; and what only the gateway knows, as instruments."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from app.gateway.siblings import ASKED_BY, Siblings, merged
from app.wiring import Service
from router_core import semconv
from router_core.resilience.health import DeploymentHealth
from telemetry.metrics import Metrics, Observed
from telemetry.setup import SERVICE_NAME

if TYPE_CHECKING:
    from telemetry.collector import CollectorHealth

STATES: Final = ("closed", "open", "half_open", "ejected")


class GatewayMetrics:
    """A service's numbers, counted from the moment that this is made. Close it before the service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._deployments: tuple[DeploymentHealth, ...] = ()
        self.look()
        copies = service.copies
        self.metrics = Metrics(SERVICE_NAME, () if copies is None else copies.metric_readers())
        service.telemetry.sink.listen(self.metrics.count)
        self.metrics.observe_health(service.telemetry.health)
        observe = self.metrics.observe
        observe(semconv.METRIC_DEPLOYMENT, "", "1 for the state that a deployment is in", self._states)
        observe(semconv.METRIC_DEPLOYMENT_CALLS, "{call}", "Calls within the outlier window", self._calls)
        observe(semconv.METRIC_DEPLOYMENT_FAILED, "{call}", "Of these, the failed ones", self._failed)
        if copies is not None and copies.spans is not None:
            sender = copies.spans
            about = "Spans by what became of their copy at the collector"
            observe(semconv.METRIC_COLLECTOR_SPANS, "{span}", about, lambda: _fates(sender.health()), total=True)
            waiting = "Spans that the collector is still to get"
            observe(semconv.METRIC_COLLECTOR_QUEUED, "{span}", waiting, lambda: _waiting(sender.health()))
        observe(semconv.METRIC_POLICY_REFUSED, "", "1 while the policy's file cannot be used", self._refused)

    def look(self) -> None:
        """Note how the upstreams stand. For the event loop: their health belongs to it, and readers have threads."""
        self._deployments = self._service.router.fleet.snapshot()

    def _states(self) -> Observed:
        return [
            (float(one.state == state), {**_of(one), semconv.STATE: state})
            for one in self._deployments
            for state in STATES
        ]

    def _calls(self) -> Observed:
        return [(one.calls, _of(one)) for one in self._deployments]

    def _failed(self) -> Observed:
        return [(one.failed, _of(one)) for one in self._deployments]

    def _refused(self) -> Observed:
        return [(float(self._service.refused is not None), {})]


def _fates(health: CollectorHealth) -> Observed:
    fates = {"sent": health.sent, "refused": health.refused, "dropped": health.dropped}
    return [(count, {semconv.STATE: fate}) for fate, count in fates.items()]


def _waiting(health: CollectorHealth) -> Observed:
    return [(health.queued, {semconv.STATE: "memory"}), (health.spooled, {semconv.STATE: "disk"})]


def _of(one: DeploymentHealth) -> dict[str, str]:
    return {semconv.REQUEST_MODEL: one.model, semconv.BRANCH_DEPLOYMENT: one.deployment}


async def metrics(request: Request) -> Response:
    """All numbers, in Prometheus' text format; of several workers those of each, with the label ``worker``."""
    held: GatewayMetrics = request.app.state.metrics
    held.look()
    body, content_type = await asyncio.to_thread(held.metrics.exposition)
    siblings: Siblings | None = request.app.state.siblings
    if siblings is not None and ASKED_BY not in request.headers:
        answers = {siblings.seat.number: body, **await siblings.ask(request.url.path)}
        body = merged({number: answer.decode() for number, answer in answers.items()}).encode()
    return Response(body, headers={"content-type": content_type})
