"""What is posted to one path goes straight to its endpoint; all else goes through the application's own layers."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from app.gateway.errors import on_routescope_error, on_unexpected
from app.gateway.straight import Straight
from router_core.errors import RouteScopeError, UnknownRoute

PATH = "/v1/chat/completions"


async def straight(request: Request) -> Response:
    said = (await request.body()).decode()
    if said == "unknown":
        raise UnknownRoute("there is no such route")
    if said == "fault":
        raise RuntimeError("ours")
    return JSONResponse({"straight": said, "app": isinstance(request.app, Starlette)})


async def routed(request: Request) -> Response:
    return PlainTextResponse("routed")


def client() -> httpx.AsyncClient:
    app = Starlette(
        routes=[Route(PATH, routed, methods=["POST"]), Route("/other", routed, methods=["POST"])],
        middleware=[Middleware(Straight, path=PATH, endpoint=straight)],
        exception_handlers={RouteScopeError: on_routescope_error, Exception: on_unexpected},
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


async def test_what_is_posted_there_goes_straight_and_all_else_is_routed():
    async with client() as http:
        assert (await http.post(PATH, content=b"hello")).json() == {"straight": "hello", "app": True}
        assert (await http.post("/other")).text == "routed"
        assert (await http.get(PATH)).status_code == 405
        assert (await http.get("/nowhere")).status_code == 404


async def test_an_error_is_answered_as_on_any_path():
    async with client() as http:
        known = await http.post(PATH, content=b"unknown")
        assert (known.status_code, known.json()["error"]["code"]) == (UnknownRoute.http_status, UnknownRoute.code)
        fault = await http.post(PATH, content=b"fault")
        assert (fault.status_code, fault.json()["error"]["code"]) == (500, "internal")
