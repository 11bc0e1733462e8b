"""Several gateway processes on one port, over a file and over PostgreSQL: together they are one gateway."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.keys.key import Key
from app.keys.store import create, revoke
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, KEY_VARIABLE, POLICY_VARIABLE
from telemetry.storage.engine import open_engine
from tests.postgres import new_schema, postgres
from tests.serving import free_port
from tests.upstream import Upstream, answer

__all__ = ["postgres"]

OWN = "0123456789-0123456789-0123456789"
PATIENCE_S = 90.0
NOBODY = "http://127.0.0.1:9/v1"
USAGE = {"prompt_tokens": 1, "completion_tokens": 10, "total_tokens": 11}
"""Of every answer: $0.011. One is held to cost more, for its prompt is longer than that."""

POLICY = """
format = 1
name = "many"
description = "{description}"
default_route = "plain"
tiers = ["only", "gone"]

[models.good]
tier = "only"
location = "cloud"
provider = {{ kind = "openai", base_url = "{url}", model = "good", api_key_env = "LOOPBACK_KEY" }}
price = {{ kind = "tokens", input = "1000", output = "1000" }}

[models.gone]
tier = "gone"
location = "cloud"
provider = {{ kind = "openai", base_url = "{nobody}", model = "gone", api_key_env = "LOOPBACK_KEY" }}
price = {{ kind = "tokens", input = "1", output = "2" }}

[routes.plain]
strategy = {{ kind = "cascade", tiers = ["only"] }}

[routes.counted]
strategy = {{ kind = "cascade", tiers = ["only"] }}
max_output_tokens = 10

[routes.broken]
strategy = {{ kind = "cascade", tiers = ["gone"] }}

[[budgets]]
name = "team"
usd = "0.5"
period = "month"
routes = ["counted"]

[resilience]
retry = {{ enabled = false }}
breaker = {{ failures_in_row = 3, open_s = 3000, max_open_s = 3000 }}

[state]
patience_ms = 10000
"""


@dataclass
class Site:
    """A running gateway of several processes."""

    url: str
    engine: sa.Engine
    policy: Path
    parent: subprocess.Popen[bytes]
    workers: int
    write: Callable[[str], None]

    def key(self, name: str, per_minute: int | None = None) -> str:
        now = datetime.now(UTC)
        return create(self.engine, Key("", name, "acme", "client", None, per_minute, now, "test")).text

    async def ask(self, route: str, key: str = OWN, times: int = 1) -> list[httpx.Response]:
        """So many requests at once, each over a connection of its own, so that any worker may take it."""
        body = {"model": f"route/{route}", "messages": [{"role": "user", "content": "Tell me of rivers."}]}
        headers = {"authorization": f"Bearer {key}", "connection": "close"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE_S) as client:
            return list(await asyncio.gather(*(client.post("/v1/chat/completions", json=body) for _ in range(times))))

    def get(self, path: str) -> httpx.Response:
        headers = {"authorization": f"Bearer {OWN}", "connection": "close"}
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=PATIENCE_S)

    def series(self, name: str, **labels: str) -> dict[int, float]:
        """A metric of each worker."""
        found = {}
        for line in self.get("/metrics").text.splitlines():
            wanted = all(f'{label}="{value}"' in line for label, value in labels.items())
            if line.startswith(f"{name}{{") and wanted and (worker := re.search(r'worker="(\d+)"', line)):
                found[int(worker.group(1))] = float(line.rpartition(" ")[2])
        return found

    def pids(self) -> dict[int, int | None]:
        return {one["worker"]: one["pid"] for one in self.get("/healthz").json()["workers"]}


def until(question: Callable[[], Any]) -> Any:
    """What a question comes to be answered with."""
    end = time.monotonic() + PATIENCE_S
    while not (found := question()):
        assert time.monotonic() < end, "it did not come to be so"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        running.plays(answer("The Loire is long.", usage=USAGE, first_chunk_s=0.05))
        yield running


@pytest.fixture(scope="module", params=[("sqlite", 4), ("postgresql", 2)], ids=["4-sqlite", "2-postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, upstream: Upstream
) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    kind, workers = request.param
    if kind == "sqlite":
        database = f"sqlite:///{home / 'routescope.db'}"
    else:
        database = new_schema(request.getfixturevalue("postgres"))
    policy = home / "many.toml"

    def write(description: str) -> None:
        policy.write_text(POLICY.format(description=description, url=upstream.base_url, nobody=NOBODY))

    write("first")
    engine = open_engine(database)
    own = {HOME_VARIABLE: str(home), POLICY_VARIABLE: str(policy), DATABASE_VARIABLE: database, KEY_VARIABLE: OWN}
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--workers", str(workers), "--no-pull"]
    with (home / "log").open("wb") as log:
        parent = subprocess.Popen(
            command, env={**os.environ, **own, "LOOPBACK_KEY": "k"}, stderr=log, stdin=subprocess.DEVNULL
        )
    made = Site(f"http://127.0.0.1:{port}", engine, policy, parent, workers, write)
    try:
        until(lambda: _answers(made))
        made.key("first")  # from here on nobody comes in without one
        until(lambda: all(made.pids().values()))
        yield made
    finally:
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(60) == 0
        print((home / "log").read_text())
        engine.dispose()


def _answers(site: Site) -> bool:
    assert site.parent.poll() is None, "it ended while it started"
    try:
        return site.get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False


async def test_a_budget_is_spent_to_its_end_and_never_passed(site: Site) -> None:
    by_status: Counter[int] = Counter()
    while True:
        replies = await site.ask("counted", times=40)
        by_status.update(reply.status_code for reply in replies)
        if all(reply.status_code == 402 for reply in replies):
            break
    assert set(by_status) == {200, 402}
    (budget,) = site.get("/v1/budgets").json()["data"]
    (team,) = budget["holders"]
    assert team["held_usd"] == 0
    assert team["spent_usd"] == pytest.approx(0.011 * by_status[200])  # each settled exactly once
    assert 0.45 < team["spent_usd"] <= 0.5


async def test_a_key_s_rate_is_that_of_all_workers_together(site: Site) -> None:
    key = site.key("limited", per_minute=5)
    began = time.monotonic()
    replies = await site.ask("plain", key, times=40)
    more = int((time.monotonic() - began) / 12) + 1  # drops that came meanwhile
    by_status = Counter(reply.status_code for reply in replies)
    assert set(by_status) == {200, 429}
    assert 5 <= by_status[200] <= 5 + more


async def test_a_breaker_that_opens_in_one_worker_is_open_in_all(site: Site) -> None:
    # Three failures in a row in one process open its breaker; connections that stay open stay with one worker.
    body = {"model": "route/broken", "messages": [{"role": "user", "content": "Are you there?"}]}
    headers = {"authorization": f"Bearer {OWN}"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers, timeout=PATIENCE_S) as client:
        codes = [(await client.post("/v1/chat/completions", json=body)).json()["error"]["code"] for _ in range(4)]
    assert codes[-1] != "all_branches_failed"
    states = {"gen_ai_request_model": "gone", "router_state": "open"}
    until(lambda: site.series("router_deployment_state", **states) == dict.fromkeys(range(1, site.workers + 1), 1.0))
    replies = await site.ask("broken", times=20)
    assert {reply.json()["error"]["code"] for reply in replies} == {codes[-1]}
    assert sum(site.series("router_deployment_failed", gen_ai_request_model="gone").values()) == 3


async def test_a_revoked_key_opens_nothing_at_any_worker(site: Site) -> None:
    key = site.key("leaving")
    assert {reply.status_code for reply in await site.ask("plain", key, times=20)} == {200}
    revoke(site.engine, "leaving", now=datetime.now(UTC))

    end = time.monotonic() + PATIENCE_S
    # So many that every worker is among those that answer.
    while {reply.status_code for reply in await site.ask("plain", key, times=40)} != {401}:
        assert time.monotonic() < end


@pytest.mark.parametrize("site", [("sqlite", 4)], ids=["4-sqlite"], indirect=True)
def test_another_policy_comes_to_decide_in_all_workers(site: Site) -> None:
    before = site.get("/healthz").json()["policy_version"]
    site.write("second")
    site.parent.send_signal(signal.SIGHUP)
    versions: dict[int, str] = {}

    def all_have_it() -> bool:
        said = site.get("/healthz").json()
        versions[said["worker"]] = said["policy_version"]
        return len(versions) == site.workers and before not in versions.values()

    until(all_have_it)
    assert len(set(versions.values())) == 1


@pytest.mark.parametrize("site", [("sqlite", 4)], ids=["4-sqlite"], indirect=True)
def test_a_killed_worker_is_started_again_while_the_others_answer(site: Site) -> None:
    before = site.pids()
    killed = before[2]
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    after = until(lambda: _all_new(site, killed))
    assert {number for number, pid in after.items() if pid != before[number]} == {2}


def _all_new(site: Site, killed: int) -> dict[int, int | None] | None:
    found = site.pids()
    return found if all(found.values()) and found[2] != killed else None
