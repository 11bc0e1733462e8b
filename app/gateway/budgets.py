"""`GET /v1/budgets`: what the policy's budgets allow, and what has been spent of them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.wiring import Service
from router_core.clock import SystemClock
from router_core.pricing import to_usd
from router_core.state.standings import BudgetStanding, HolderStanding, standings


async def budgets(request: Request) -> Response:
    """Every budget of the policy that decides now; an empty list when it has none."""
    service: Service = request.app.state.service
    budgets = service.loaded.policy.budgets
    found = [] if service.state is None else await standings(budgets, service.state, SystemClock())
    return JSONResponse({"object": "list", "data": [document(one) for one in found]})


def document(standing: BudgetStanding) -> dict[str, Any]:
    """One budget as JSON. Amounts are USD; a holder that is an API key goes by the key's name, never by the key."""
    budget = standing.budget
    return {
        "name": budget.name,
        "owner": budget.owner,
        "per": budget.per,
        "period": budget.period,
        "tenants": None if budget.tenants is None else sorted(budget.tenants),
        "routes": None if budget.routes is None else sorted(budget.routes),
        "on_exhausted": budget.on_exhausted,
        "limit_usd": to_usd(standing.limit),
        "started_at": standing.start.isoformat(),
        "resets_at": standing.end.isoformat(),
        "holders": [_holder(one) for one in standing.holders],
        "more_holders": standing.more,
    }


def _holder(one: HolderStanding) -> dict[str, Any]:
    return {"holder": one.holder, "spent_usd": to_usd(one.spent), "held_usd": to_usd(one.held)}
