"""What comes past the door: as whom, and with what said of it."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.gateway.admission import Admission, known_caller
from app.gateway.bodies import as_caller
from app.gateway.server import configuration
from app.keys.key import Key, digest_of, mint
from app.keys.rate import Rates
from app.keys.ring import KeyRing
from router_core.clock import ManualClock
from router_core.errors import StateUnavailable
from router_core.policy.schema import StateEntry
from router_core.request import Context
from router_core.state.memory import MemoryStore

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TEXT = mint()
KEY = Key(TEXT.key_id, "billing", "acme", "client", None, 1, NOW, "anna")
CHAT = "/v1/chat/completions"


class Away(MemoryStore):
    """Rates whose store cannot be used, from a moment of one's choice on."""

    away = False

    async def take(self, name: str, per_minute: int) -> float:
        if self.away:
            raise StateUnavailable("it is away")
        return await super().take(name, per_minute)


async def told(request: Request) -> Response:
    context = as_caller(Context(), known_caller(request))
    return JSONResponse([context.tenant, context.key, context.rate_unchecked, request.client and request.client.host])


def door(store: MemoryStore, policy: StateEntry) -> Starlette:
    clock = ManualClock(NOW)
    ring = KeyRing(lambda: [(KEY, digest_of(TEXT.text))], clock)
    admission = Middleware(Admission, ring=ring, rates=Rates(store, lambda: policy))
    return Starlette(routes=[Route(CHAT, told, methods=["POST"])], middleware=[admission])


def client(app: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 4711))  # type: ignore[arg-type]
    headers = {"authorization": f"Bearer {TEXT.text}"}
    return httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers)


@pytest.mark.parametrize(("policy", "status"), [("fail_open", 200), ("fail_closed", 503)])
async def test_a_rate_that_nobody_can_check_is_told_or_refused_as_the_policy_says(policy: str, status: int) -> None:
    store = Away(ManualClock(NOW))
    async with client(door(store, StateEntry.model_validate({"on_unavailable": policy}))) as http:
        assert (await http.post(CHAT)).json()[:3] == ["acme", "billing", False]
        assert (await http.post(CHAT)).status_code == 429
        store.away = True
        answer = await http.post(CHAT)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()[:3] == ["acme", "billing", True]


async def test_nobody_is_believed_who_says_that_a_request_came_from_elsewhere() -> None:
    served = configuration(door(MemoryStore(ManualClock(NOW)), StateEntry()), "127.0.0.1", 0)
    served.load()
    async with client(served.loaded_app) as http:
        spoofed = {"x-forwarded-for": "198.51.100.1", "x-forwarded-proto": "https", "forwarded": "for=198.51.100.1"}
        assert (await http.post(CHAT, headers=spoofed)).json()[3] == "127.0.0.1"
