"""The gateway's paths, and the life of the process that serves them."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import erased
from app.gateway.admission import Admission, known_caller
from app.gateway.alerts import end_silence, start_silence
from app.gateway.budgets import budgets
from app.gateway.chat import chat_completions
from app.gateway.connection import Connection
from app.gateway.crowd import Crowd
from app.gateway.description import PATH as OPENAPI
from app.gateway.description import openapi
from app.gateway.descriptors import allow_connections
from app.gateway.doorkeeper import LOOPBACK, Doorkeeper
from app.gateway.errors import on_http_error, on_routescope_error, on_unexpected
from app.gateway.events import route_events, route_explain
from app.gateway.feedback import feedback
from app.gateway.health import models_health
from app.gateway.metrics import GatewayMetrics, metrics
from app.gateway.probes import healthz, readyz
from app.gateway.siblings import Siblings
from app.gateway.straight import Straight
from app.gateway.traces import traces
from app.incidents import keeping, watch
from app.interpreter import collect_seldom, leave_generators_alone, take_short_turns
from app.keys.rate import Rates
from app.keys.ring import KeyRing
from app.keys.store import every
from app.policy_watch import follow, reload_on_hangup
from app.settings import DEFAULT_HOST
from app.wiring import Service
from app.workers import Seat
from router_core.clock import Clock, SystemClock
from router_core.errors import RouteScopeError
from router_core.state.memory import MemoryStore
from telemetry.log import log_decision

log = logging.getLogger("routescope.gateway")

CHAT: Final = "/v1/chat/completions"


def create_app(
    service: Service,
    *,
    pull: bool = True,
    clock: Clock | None = None,
    host: str = DEFAULT_HOST,
    keyless: bool = False,
    seat: Seat | None = None,
) -> Starlette:
    """The gateway over an open service; it closes the service at its end.

    Args:
        service: what answers.
        pull: fetch missing model files.
        clock: what paces the looks at the policy's file and at the keys.
        host: where it will listen; elsewhere than on loopback nobody comes in without a key, by whatever name.
        keyless: even there let everybody in who has none, as long as there are no keys.
        seat: which of several workers this is; None when it is the only one.
    """
    hosts = LOOPBACK if host in LOOPBACK else None
    ring = KeyRing(
        partial(every, service.telemetry.engine),
        clock or SystemClock(),
        own=service.settings.gateway_key,
        needed=hosts is None and not keyless,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        if pull:
            service.pull_models()
        try:
            # uvicorn listens only after this: half a second of start, which no request has to wait for.
            await asyncio.to_thread(service.warm)
            async with _watching(service, held, clock or SystemClock()):
                yield
        finally:
            kept = await service.aclose()
            held.metrics.close()
            if not kept:
                log.error(
                    "not every span could be kept within the time to close; see the spool in %s", service.settings.home
                )

    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", metrics),
            Route(OPENAPI, openapi),
            Route("/v1/models", models),
            Route("/v1/models/health", models_health),
            Route("/v1/budgets", budgets),
            Route("/v1/traces", traces, methods=["POST"]),
            Route(CHAT, chat_completions, methods=["POST"]),
            Route("/v1/route/events", route_events, methods=["POST"]),
            Route("/v1/route/explain", route_explain, methods=["POST"]),
            Route("/v1/feedback", feedback, methods=["POST"]),
            Route("/v1/alerts/silences", start_silence, methods=["POST"]),
            Route("/v1/alerts/silences/end", end_silence, methods=["POST"]),
        ],
        middleware=[
            Middleware(Doorkeeper, hosts=hosts),
            Middleware(Admission, ring=ring, rates=_rates(service, clock or SystemClock())),
            Middleware(Crowd),
            Middleware(Straight, path=CHAT, endpoint=chat_completions),
        ],
        exception_handlers={
            RouteScopeError: on_routescope_error,
            HTTPException: on_http_error,
            Exception: on_unexpected,
        },
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.siblings = None if seat is None else Siblings(seat, service.settings.gateway_key)
    app.state.reading = asyncio.Semaphore(1)
    app.state.metrics = held = GatewayMetrics(service)
    service.telemetry.sink.listen(log_decision)
    if service.copies is not None:
        service.copies.send_events()
    return app


def _rates(service: Service, clock: Clock) -> Rates:
    """The rates of keys: in memory, unless other processes let requests with the same keys in."""
    shared = service.state if service.peers is not None else None
    return Rates(shared or MemoryStore(clock), lambda: service.loaded.policy.state)


@asynccontextmanager
async def _watching(service: Service, held: GatewayMetrics, clock: Clock) -> AsyncIterator[None]:
    """The policy's file and erasures are followed, incidents told and kept, to the end of the block."""
    erasures = erased.Erasures(service.settings.run)
    with keeping(service) as sampler:
        tasks = [
            asyncio.create_task(follow(service.watch, service.reload, clock), name="policy-watch"),
            asyncio.create_task(watch(service, held, sampler, clock), name="incident-watch"),
            asyncio.create_task(service.follow_peers(), name="breaker-peers"),
            asyncio.create_task(erased.follow(erasures, lambda: service.router.entries, clock), name="erasures"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def models(request: Request) -> Response:
    """Routes and models that the caller may ask for, in OpenAI's form, and what RouteScope knows of each."""
    service: Service = request.app.state.service
    caller = known_caller(request)
    policy, fleet = service.loaded.policy, service.router.fleet
    data: list[dict[str, Any]] = [
        _entry(
            f"route/{name}",
            {"kind": "route", "description": route.description, "default": name == policy.default_route},
        )
        for name, route in policy.routes.items()
        if caller.may_ask(name)
    ]
    for name, model in policy.models.items():
        if not caller.may_ask(f"model/{name}"):
            continue
        state = fleet.readiness(name)
        known = {
            "kind": "model",
            "tier": model.tier,
            "location": model.location,
            "ready": state.ready,
            "reason": state.reason,
            "progress": state.progress,
        }
        data.append(_entry(name, known))
    return JSONResponse({"object": "list", "data": data})


def _entry(name: str, known: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "routescope", "routescope": known}


class _Server(uvicorn.Server):
    """Says when it serves, to whoever starts the next worker."""

    def __init__(self, config: uvicorn.Config, seat: Seat | None) -> None:
        super().__init__(config)
        self._seat = seat

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        collect_seldom()
        leave_generators_alone()
        if self._seat is not None:
            await asyncio.to_thread(self._seat.ready_file(self._seat.number).touch)


def configuration(app: Starlette, host: str, port: int, connection: type[Connection] = Connection) -> uvicorn.Config:
    """How uvicorn serves the gateway."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=connection,
        ws="none",
        log_level="warning",
        log_config=None,  # its lines go where ours go
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here asks where a request came from, so nobody need be believed who says it
        timeout_graceful_shutdown=5,
    )


def serve(
    service: Service,
    *,
    host: str,
    port: int,
    pull: bool = True,
    keyless: bool = False,
    seat: Seat | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; running requests get a few seconds to end. SIGHUP reads the policy again.

    ``seat``: as one of several workers, which take their connections from a socket of their parent.
    """
    reload_on_hangup(service.watch)
    take_short_turns()
    allow_connections()
    config = configuration(create_app(service, pull=pull, host=host, keyless=keyless, seat=seat), host, port)
    _Server(config, seat).run(None if seat is None else seat.sockets())
