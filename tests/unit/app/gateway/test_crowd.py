"""So many requests for models are let in at a time, and the next one is told to come again."""

from __future__ import annotations

import asyncio
import json

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.gateway.crowd import Crowd

PATH = "/v1/chat/completions"


async def test_those_inside_are_served_the_next_is_turned_away_and_the_one_after_them_let_in():
    inside, leave = asyncio.Semaphore(0), asyncio.Event()

    async def answer(request: Request) -> Response:
        if request.url.path == PATH:
            inside.release()
            await leave.wait()
        return PlainTextResponse("done")

    routes = [Route(PATH, answer, methods=["POST"]), Route("/healthz", answer)]
    app = Starlette(routes=routes, middleware=[Middleware(Crowd, most=2)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        first = [asyncio.create_task(client.post(PATH)) for _ in range(2)]
        for _ in first:
            await inside.acquire()
        turned_away = await client.post(PATH)
        assert (turned_away.status_code, turned_away.headers["retry-after"]) == (503, "1")
        assert json.loads(turned_away.content)["error"]["code"] == "overloaded"
        assert (await client.get("/healthz")).status_code == 200
        leave.set()
        assert [(await one).status_code for one in first] == [200, 200]
        assert (await client.post(PATH)).status_code == 200


async def test_a_request_that_fails_leaves_its_place():
    async def fail(request: Request) -> Response:
        raise RuntimeError

    app = Starlette(routes=[Route(PATH, fail, methods=["POST"])], middleware=[Middleware(Crowd, most=1)])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        assert [(await client.post(PATH)).status_code for _ in range(2)] == [500, 500]
