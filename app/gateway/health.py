"""`GET /v1/models/health`: how every deployment of every model stands, as this gateway process sees it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.wiring import Service
from router_core.policy.schema import Model
from router_core.providers.base import Readiness
from router_core.resilience.health import DeploymentHealth

NAME = "/v1/models/health"


async def models_health(request: Request) -> Response:
    """Every model with its deployments, in the policy's order. Nothing is called to find out.

    ``ready`` says whether a model may be called now, and ``reason`` why not. Of a deployment: the state of its breaker
    (``closed``, ``open``, ``half_open``) or ``ejected``, since when and why; ``calls`` and ``failed`` within the
    policy's outlier window of ``window_s`` seconds; ``in_flight``; latencies of recent answers in ms, null while
    unknown.
    """
    service: Service = request.app.state.service
    router = service.router
    policy, fleet = router.loaded.policy, router.fleet
    deployments: dict[str, list[dict[str, Any]]] = {}
    for one in fleet.snapshot():
        several = len(policy.models[one.model].places) > 1
        deployments.setdefault(one.model, []).append(_deployment(one, several=several))
    return JSONResponse(
        {
            "policy": policy.name,
            "policy_version": router.loaded.version,
            "window_s": policy.resilience.outlier.window_s,
            "in_flight": router.in_flight.count,
            "models": [
                _model(name, model, fleet.readiness(name), deployments[name]) for name, model in policy.models.items()
            ],
        }
    )


def _model(name: str, model: Model, state: Readiness, deployments: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "model": name,
        "tier": model.tier,
        "location": model.location,
        "ready": state.ready,
        "reason": state.reason,
        "progress": state.progress,
        "deployments": deployments,
    }


def _deployment(one: DeploymentHealth, *, several: bool) -> dict[str, Any]:
    latency = one.latency
    return {
        "deployment": one.deployment if several else None,
        "state": one.state,
        "since": one.since.isoformat(),
        "why": one.why,
        "retry_in_s": one.retry_in_s,
        "calls": one.calls,
        "failed": one.failed,
        "in_flight": one.in_flight,
        "p50_ms": None if latency is None else latency.p50_ms,
        "p95_ms": None if latency is None else latency.p95_ms,
        "ttft_p95_ms": None if latency is None else latency.ttft_p95_ms,
    }
