"""`GET /healthz` and `/readyz`: whether somebody is there, and whether every route has a model that can answer.

Anybody may ask; what else they tell is for operators.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app import plain
from app.gateway.admission import caller_of
from app.gateway.siblings import ASKED_BY, Siblings
from app.wiring import Service
from router_core.providers.base import Readiness


async def healthz(request: Request) -> Response:
    """Alive; to operators also: under which policy, whether its file has been refused since, how telemetry fares.

    With several workers one of them answers, and says which; ``workers`` tells of all.
    """
    caller = caller_of(request)
    if caller is None or caller.role != "operator":
        return JSONResponse({"status": "ok"})
    service: Service = request.app.state.service
    health = service.telemetry.health()
    siblings: Siblings | None = request.app.state.siblings
    own = {"pid": os.getpid(), "worker": 1 if siblings is None else siblings.seat.number}
    others = {}
    if siblings is not None and ASKED_BY not in request.headers:
        others = {"workers": await siblings.standing(request.url.path, own)}
    return JSONResponse(
        {
            "status": "ok",
            **own,
            **others,
            "state": None if service.state is None else service.state.away or "ok",
            "policy": service.loaded.policy.name,
            "policy_version": service.loaded.version,
            "policy_file": plain.visible(service.settings.policy),
            "policy_loaded_at": service.loaded_at.isoformat(),
            "policy_refused": None if service.refused is None else service.refused.document(),
            "telemetry": {
                "queued": health.queued,
                "committed": health.committed,
                "spooled": health.spooled,
                "spool_waiting": health.spool_waiting,
                "not_durable": health.not_durable,
                "refused": health.refused,
                "abandoned": health.abandoned,
                "lag_ms": health.lag_ms,
                "last_error": health.last_error,
            },
            "collector": _collector(service),
        }
    )


def _collector(service: Service) -> dict[str, Any] | None:
    """How the copies of spans fare; null when none are sent."""
    copies = None if service.copies is None else service.copies.spans
    if copies is None:
        return None
    health = copies.health()
    return {
        "queued": health.queued,
        "spooled": health.spooled,
        "sent": health.sent,
        "refused": health.refused,
        "dropped": health.dropped,
        "last_error": health.last_error,
    }


async def readyz(request: Request) -> Response:
    """200 when every route can be answered, 503 when one cannot, with the reasons; for a load balancer."""
    service: Service = request.app.state.service
    models = {name: _answering(service, name) for name in service.loaded.policy.routes}
    reasons = unready(models, service.router.fleet.readiness)
    caller = caller_of(request)
    document: dict[str, Any] = {"status": "not ready" if reasons else "ready"}
    if caller is not None and caller.role == "operator":
        document["reasons"] = reasons
    headers = {"retry-after": "1"} if reasons else {}
    return JSONResponse(document, 503 if reasons else 200, headers)


def _answering(service: Service, route: str) -> list[str]:
    target = service.router.targets.resolve(route)
    return [name for name in target.models if name not in target.only_asked]


def unready(routes: Mapping[str, Iterable[str]], readiness: Callable[[str], Readiness]) -> list[str]:
    """A sentence for each route none of whose models may be called now. ``routes``: the models that answer there."""
    reasons = []
    for route, models in routes.items():
        states = {name: readiness(name) for name in models}
        if not any(state.ready for state in states.values()):
            why = "; ".join(f"{name}: {state.reason}" for name, state in states.items())
            reasons.append(f"route {route} has no model that can answer ({why})")
    return reasons
