"""Budgets over HTTP: a real gateway, its own ledger in a file, and the dashboard's client."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn

from app.dashboard.budgets import Budget
from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError
from app.gateway.server import create_app
from app.settings import HOME_VARIABLE, Settings
from app.wiring import Service
from tests.serving import free_port, write_policy
from tests.upstream import Upstream, answer

KEY = "lb-" + "0123456789abcdef"
BUDGETS = """
[[budgets]]
name = "all"
owner = "finance"
usd = "0.5"
period = "month"

[[budgets]]
name = "by-route"
usd = "2"
period = "day"
per = "route"
routes = ["chat", "quick"]
on_exhausted = "cheapest"
"""


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    monkeypatch.setenv("LOOPBACK_KEY", KEY)
    with Upstream() as server:
        yield server


@asynccontextmanager
async def serving(text: str, home: Path, upstream: Upstream) -> AsyncIterator[str]:
    """The address of a gateway that was opened by the thread that serves, as in a process of its own."""
    file = write_policy(home, upstream.base_url)
    file.write_text(file.read_text() + text)
    service = Service.open(Settings.read(policy=file, environ={HOME_VARIABLE: str(home)}))
    port = free_port()
    config = uvicorn.Config(create_app(service, pull=False), port=port, log_level="warning", log_config=None)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), "the gateway ended while it started"
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


async def ask(url: str, upstream: Upstream, route: str) -> float:
    """Route a prompt; what it has cost, in USD."""
    upstream.plays(answer("Rivers flow."))
    body = {"model": f"route/{route}", "messages": [{"role": "user", "content": "Tell me something about rivers"}]}
    async with httpx.AsyncClient(base_url=url, timeout=20) as client:
        reply = await client.post("/v1/chat/completions", json=body)
    return float(reply.json()["routescope"]["cost_usd"])


def budgets(url: str) -> Awaitable[tuple[Budget, ...]]:
    """As the dashboard asks for them."""
    return asyncio.to_thread(Gateway(url).budgets)


async def test_what_was_spent_stands_in_every_budget_that_counts_it(upstream: Upstream, tmp_path: Path) -> None:
    async with serving(BUDGETS, tmp_path, upstream) as url, httpx.AsyncClient(base_url=url) as client:
        nothing = await budgets(url)
        costs = [await ask(url, upstream, route) for route in ("chat", "chat", "quick")]
        every, by_route = await budgets(url)
        plain = (await client.get("/v1/budgets")).text
    assert [len(one.spenders) for one in nothing] == [1, 0]
    assert nothing[0].spenders[0].spent == 0
    assert (every.name, every.owner, every.per, every.period, every.limit) == ("all", "finance", "policy", "month", 0.5)
    assert every.start.day == 1 and every.start <= datetime.now(UTC) < every.end
    assert every.spenders[0].spent == pytest.approx(sum(costs))
    assert every.spenders[0].held == 0
    spent = {one.holder: one.spent for one in by_route.spenders}
    assert spent == {"chat": pytest.approx(sum(costs[:2])), "quick": pytest.approx(costs[2])}
    assert by_route.on_exhausted == "cheapest"
    assert KEY not in plain


async def test_a_policy_without_budgets_has_an_empty_list(upstream: Upstream, tmp_path: Path) -> None:
    async with serving("", tmp_path, upstream) as url:
        assert await budgets(url) == ()


async def test_it_cannot_be_asked_from_another_hosts_page_nor_written(upstream: Upstream, tmp_path: Path) -> None:
    async with serving(BUDGETS, tmp_path, upstream) as url, httpx.AsyncClient(base_url=url) as client:
        replies = [
            await client.get("/v1/budgets", headers={"host": "evil.example"}),
            await client.get("/v1/budgets", headers={"origin": "https://evil.example"}),
            await client.post("/v1/budgets", json={}),
        ]
    assert [reply.status_code for reply in replies] == [403, 403, 405]


async def test_accounts_that_cannot_be_read_are_one_sentence(upstream: Upstream, tmp_path: Path) -> None:
    async with serving(BUDGETS, tmp_path, upstream) as url, httpx.AsyncClient(base_url=url) as client:
        with sqlite3.connect(tmp_path / "state.db") as other:
            other.execute("DROP TABLE reserve")
        refused = await client.get("/v1/budgets")
        assert refused.status_code == 503
        assert "the state's file state.db cannot be used" in refused.json()["error"]["message"]
        with pytest.raises(GatewayError, match=r"state\.db cannot be used"):
            await budgets(url)
