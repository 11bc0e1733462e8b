"""A gateway whose policy changes under it: what runs ends as it began, what comes is decided anew, nothing breaks."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest
import sqlalchemy as sa
from aiohttp import web

from app import wiring
from app.launch import is_up, read_json
from app.policy_watch import LOOK_EVERY_S
from app.settings import HOME_VARIABLE, Settings
from app.wiring import Service
from router_core.clock import SystemClock
from router_core.policy.loading import load_policy
from router_core.pricing import Usage
from router_core.providers.base import READY, Call, Completion, Readiness, StreamItem, TextChunk
from router_core.request import RouteRequest
from router_core.router import Router
from router_core.state.store import Account
from telemetry.query.decision import decision as stored_decision
from telemetry.storage.models import POLICY_VERSION
from tests.serving import POLICY, free_port, gateway
from tests.state import balance
from tests.upstream import Behaviour, Seen, Upstream, answer, chunk, status, wire

PROMPT = [{"role": "user", "content": "Tell me something about rivers"}]
QUICK = {"model": "route/quick", "messages": PROMPT}
BREAKER = "breaker = { enabled = true, open_s = 600 }"
LOOK_S = LOOK_EVERY_S / 25
"""Between two looks of the gateways in this process; those in processes of their own look as rarely as anywhere."""


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    monkeypatch.setenv("LOOPBACK_KEY", "lb-" + "0123456789abcdef")
    with Upstream() as server:
        server.plays(answer("Rivers flow."))
        yield server


@pytest.fixture
def policy(upstream: Upstream, tmp_path: Path) -> PolicyFile:
    file = PolicyFile(tmp_path / "team.toml", POLICY.format(url=upstream.base_url))
    file.put(file.text)
    return file


@pytest.fixture
def running(policy: PolicyFile, tmp_path: Path) -> Iterator[Running]:
    clock = Hurried()
    with (
        gateway(tmp_path / "home", policy.path, clock) as (url, service),
        httpx.Client(base_url=url, timeout=60) as http,
    ):
        yield Running(http, service, clock)


class Hurried(SystemClock):
    looks = 0
    """How often it was waited for until now: before each look at the file."""

    async def sleep(self, seconds: float) -> None:
        self.looks += 1
        await super().sleep(seconds / LOOK_EVERY_S * LOOK_S)


@dataclass
class PolicyFile:
    path: Path
    text: str

    def put(self, text: str) -> str:
        """Replace the file by a sound one; the version of what is in it now."""
        self.replace(text)
        return load_policy(self.path).version

    def replace(self, text: str) -> None:
        """By a rename, as editors do it."""
        new = self.path.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(self.path)

    def say(self, word: str) -> str:
        """The same policy with another system prompt: another version. What that version is."""
        return self.put(self.text.replace("[routes.quick]", f'[routes.quick]\nsystem = "Say {word}."'))

    def spoil(self) -> None:
        """Two faults."""
        self.replace(self.text.replace('validators = ["polite"]', 'validators = ["rude"]\ncolour = 1'))


@dataclass
class Running:
    http: httpx.Client
    service: Service
    clock: Hurried

    @property
    def health(self) -> dict[str, Any]:
        return dict(self.http.get("/healthz").json())

    def reaches(self, version: str) -> None:
        until(lambda: self.health["policy_version"] == version)

    def is_looked_at(self, times: int) -> None:
        """Until the file has been looked at so often from now on, and what was seen has been done."""
        enough = self.clock.looks + times + 1
        until(lambda: self.clock.looks >= enough)

    def refusal(self) -> dict[str, Any]:
        until(lambda: self.health["policy_refused"] is not None)
        return dict(self.health["policy_refused"])

    def ask(self, **fields: Any) -> dict[str, Any]:
        """The stored decision of one answered request."""
        reply = self.http.post("/v1/chat/completions", json={**QUICK, **fields})
        assert reply.status_code == 200, reply.text
        return self.decision(reply.json()["routescope"]["decision_id"])

    def decision(self, decision_id: str) -> dict[str, Any]:
        found = stored_decision(self.service.telemetry.engine, decision_id)
        assert found is not None
        return found.document


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def sessions(router: Router) -> list[aiohttp.ClientSession]:
    """The HTTP sessions that a router's providers hold open."""
    transports = [provider._transport for provider in router.fleet.by_entry().values()]  # type: ignore[attr-defined]
    return [session for transport in transports for session in transport._sessions.values() if not session.closed]


def halfway(go_on: threading.Event) -> Behaviour:
    """Sixty words, of which the second half comes when it may."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(wire(*[chunk("word ")] * 30))
        while not go_on.is_set():
            await asyncio.sleep(0.01)
        await response.write(wire(*[chunk("word ")] * 30, chunk(None, "stop"), "[DONE]"))
        return response

    return play


# --- a sound change -------------------------------------------------------------------------------------------------
def test_a_change_decides_from_the_next_request_on_and_a_stream_ends_as_it_began(
    running: Running, policy: PolicyFile, upstream: Upstream
) -> None:
    before = running.health["policy_version"]
    go_on = threading.Event()
    upstream.plays(halfway(go_on), answer("Rivers flow."))
    with running.http.stream("POST", "/v1/chat/completions", json={**QUICK, "stream": True}) as reply:
        lines = reply.iter_lines()
        head = json.loads(next(lines).removeprefix("data: "))
        # Called otherwise too: the stream's connection belongs to the old policy alone.
        after = policy.put(policy.text.replace('"upstream-small"', '"upstream-mini"'))
        running.reaches(after)
        assert running.ask()["policy_version"] == after
        assert upstream.seen[-1].body["model"] == "upstream-mini"
        go_on.set()
        rest = "".join(lines)
    assert rest.count("word ") == 60
    assert '"finish_reason":"stop"' in rest
    assert rest.endswith("data: [DONE]")
    assert running.decision(head["id"].removeprefix("chatcmpl-"))["policy_version"] == before


def test_every_policy_that_decided_is_kept_with_who_and_when(running: Running, policy: PolicyFile) -> None:
    before = running.health["policy_version"]
    after = policy.say("little")
    running.reaches(after)
    with running.service.telemetry.engine.connect() as connection:
        kept = {row.version: row for row in connection.execute(sa.select(POLICY_VERSION))}
    assert kept.keys() == {before, after}
    assert "Say little." in kept[after].toml
    assert kept[after].recorded_by == kept[before].recorded_by != ""
    assert kept[after].first_seen > kept[before].first_seen


def test_the_health_answer_names_the_file_and_since_when_it_decides(running: Running, policy: PolicyFile) -> None:
    before = running.health
    assert before["policy_file"] == str(policy.path)
    assert before["policy_refused"] is None
    running.reaches(policy.say("little"))
    assert running.health["policy_loaded_at"] > before["policy_loaded_at"]


def test_a_file_written_in_place_is_taken_too(running: Running, policy: PolicyFile) -> None:
    policy.path.write_text(policy.text.replace('"loopback"', '"in place"'), encoding="utf-8")
    until(lambda: running.health["policy"] == "in place")


def test_ten_quick_changes_end_at_the_last(running: Running, policy: PolicyFile) -> None:
    versions = []
    for number in range(10):
        versions.append(policy.say(f"number {number}"))
        time.sleep(LOOK_S / 4)
    running.reaches(versions[-1])
    running.is_looked_at(5)
    assert running.health["policy_version"] == versions[-1]
    assert running.ask()["policy_version"] == versions[-1]


def test_a_comment_changes_nothing(running: Running, policy: PolicyFile) -> None:
    before, router = running.health, running.service.router
    policy.put(policy.text + "\n# by the night shift\n")
    running.is_looked_at(5)
    assert running.health["policy_loaded_at"] == before["policy_loaded_at"]
    assert running.service.router is router


def test_routes_and_models_are_those_of_the_new_policy(running: Running, policy: PolicyFile) -> None:
    running.reaches(policy.put(policy.text.replace("[routes.quick]", "[routes.swift]")))
    names = [entry["id"] for entry in running.http.get("/v1/models").json()["data"]]
    assert "route/swift" in names
    assert "route/quick" not in names
    assert running.ask(model="route/swift")["route"] == "swift"


def test_a_request_whose_body_is_still_coming_is_decided_by_the_policy_of_its_last_byte(
    running: Running, policy: PolicyFile
) -> None:
    body = json.dumps(QUICK).encode()
    after = policy.say("little")

    def slowly() -> Iterator[bytes]:
        yield body[:20]
        # By another connection: this one is busy.
        until(lambda: told(f"{running.http.base_url}/healthz", "policy_version") == after)
        yield body[20:]

    reply = running.http.post("/v1/chat/completions", content=slowly(), headers={"content-type": "application/json"})
    assert reply.status_code == 200, reply.text
    assert running.decision(reply.json()["routescope"]["decision_id"])["policy_version"] == after


# --- what is kept ---------------------------------------------------------------------------------------------------
async def test_fifty_requests_during_a_change_all_end_and_the_old_connections_are_closed(
    running: Running, policy: PolicyFile, upstream: Upstream
) -> None:
    old, before = running.service.router, running.health["policy_version"]
    upstream.plays(answer(["Rivers ", "flow."], first_chunk_s=0.3, chunk_s=0.05))
    text = policy.text.replace('"upstream-small"', '"upstream-mini"')

    async def ask(http: httpx.AsyncClient) -> tuple[int, str]:
        reply = await http.post("/v1/chat/completions", json=QUICK)
        return reply.status_code, reply.json()["routescope"]["decision_id"]

    async with httpx.AsyncClient(base_url=running.http.base_url, timeout=20) as http:
        asked = [asyncio.create_task(ask(http)) for _ in range(25)]
        await asyncio.to_thread(until, lambda: len(sessions(old)) == 1)
        after = policy.put(text)
        while running.service.loaded.version == before:
            asked.append(asyncio.create_task(ask(http)))
            await asyncio.sleep(0.02)
        asked += [asyncio.create_task(ask(http)) for _ in range(25)]
        replies = await asyncio.gather(*asked)
    assert len(replies) >= 50
    assert {code for code, _ in replies} == {200}
    versions = [running.decision(decision_id)["policy_version"] for _, decision_id in replies]
    assert set(versions) == {before, after}
    assert [seen.body["model"] for seen in upstream.seen].count("upstream-mini") == versions.count(after)
    await asyncio.to_thread(until, lambda: sessions(old) == [])
    assert len(sessions(running.service.router)) == 1


def test_connections_to_what_is_called_as_before_are_kept(running: Running, policy: PolicyFile) -> None:
    running.ask()
    old = sessions(running.service.router)
    assert len(old) == 1
    for word in ("little", "more", "enough"):
        running.reaches(policy.say(word))
        running.ask()
    running.is_looked_at(5)
    assert sessions(running.service.router) == old


def test_a_breaker_that_is_open_stays_open(upstream: Upstream, tmp_path: Path) -> None:
    text = POLICY.format(url=upstream.base_url).replace("breaker = { enabled = false }", BREAKER)
    policy = PolicyFile(tmp_path / "team.toml", text)
    policy.put(text)
    clock = Hurried()
    with (
        gateway(tmp_path / "home", policy.path, clock) as (url, service),
        httpx.Client(base_url=url, timeout=60) as http,
    ):
        running = Running(http, service, clock)
        upstream.plays(status(500))
        until(lambda: http.post("/v1/chat/completions", json=QUICK).json()["error"]["code"] == "unavailable")
        hits = len(upstream.seen)
        running.reaches(policy.say("little"))
        states = {entry.model: entry.state for entry in service.router.fleet.snapshot()}
        assert states == {"small": "open", "large": "closed"}
        assert http.post("/v1/chat/completions", json=QUICK).json()["error"]["code"] == "unavailable"
        assert len(upstream.seen) == hits


async def test_what_a_budget_has_spent_stays_spent(policy: PolicyFile, tmp_path: Path) -> None:
    budget = '\n[[budgets]]\nname = "team"\nusd = "1"\nperiod = "month"\n'
    asked = RouteRequest.from_prompt("Tell me something about rivers", route="quick")
    service = open_service(tmp_path / "home", policy)
    try:
        assert service.state is None
        policy.put(policy.text + budget)
        assert await service.reload("changed")
        decision = (await service.router.aroute(asked)).decision
        policy.put(policy.text + budget.replace('"1"', '"2"'))
        assert await service.reload("changed")
        await service.router.aroute(asked)
        assert service.state is not None
        spent = (await balance(service.state, Account("team", decision.created_at[:7]))).spent
        assert spent == pytest.approx(2 * (decision.cost_usd or 0) * 1e9)
        assert spent > 0
    finally:
        await service.aclose()


# --- a change that cannot be used -----------------------------------------------------------------------------------
def test_a_broken_file_is_refused_with_all_its_faults_and_the_old_policy_stays(
    running: Running, policy: PolicyFile, caplog: pytest.LogCaptureFixture
) -> None:
    before = running.health
    with caplog.at_level(logging.INFO, "routescope"):
        policy.spoil()
        refused = running.refusal()
        running.is_looked_at(5)
    assert refused["version"] is None
    assert [fault["key"] for fault in refused["faults"]] == ["routes.chat.validators", "routes.chat.colour"]
    assert all(fault["file"].startswith(f"{policy.path}:") for fault in refused["faults"])
    assert running.health["policy_version"] == before["policy_version"]
    assert running.health["policy_loaded_at"] == before["policy_loaded_at"]
    assert running.ask()["policy_version"] == before["policy_version"]
    (said,) = [record.getMessage() for record in caplog.records]
    assert before["policy_version"] in said
    assert "routes.chat.colour: there is no such key" in said
    assert "there is no validator 'rude'" in said
    assert "Traceback" not in said


def test_a_file_that_is_mended_is_taken(running: Running, policy: PolicyFile) -> None:
    policy.spoil()
    running.refusal()
    after = policy.say("sorry")
    running.reaches(after)
    assert running.health["policy_refused"] is None


def test_putting_the_old_text_back_mends_it_too(running: Running, policy: PolicyFile) -> None:
    before = running.health
    policy.spoil()
    running.refusal()
    policy.put(policy.text)
    until(lambda: running.health["policy_refused"] is None)
    assert running.health["policy_loaded_at"] == before["policy_loaded_at"]


def test_a_file_that_is_removed_is_refused_and_taken_again_when_it_is_back(
    running: Running, policy: PolicyFile
) -> None:
    aside = policy.path.rename(policy.path.with_suffix(".aside"))
    (fault,) = running.refusal()["faults"]
    assert (fault["file"], fault["problem"]) == (str(policy.path), "there is no such file")
    assert running.ask()["status"] == "ok"
    aside.rename(policy.path)
    until(lambda: running.health["policy_refused"] is None)


def test_a_policy_whose_tool_cannot_be_made_is_refused_by_its_version(running: Running, policy: PolicyFile) -> None:
    version = policy.put(policy.text + '\n[tools.manual]\nkind = "search"\nfolder = "nowhere"\n')
    refused = running.refusal()
    assert refused["version"] == version
    assert refused["faults"][0]["problem"] == "there is no such folder"


def test_another_place_or_kind_of_record_needs_a_restart(running: Running, policy: PolicyFile) -> None:
    before = running.health["policy_version"]
    policy.put(policy.text + '\n[telemetry]\ncontent = "full"\naudit = "strict"\n')
    (fault,) = running.refusal()["faults"]
    assert fault["key"] == "telemetry.content"
    assert fault["problem"] == "it has changed, and takes effect only at a start"
    assert running.health["policy_version"] == before


def test_a_key_in_a_broken_file_is_in_no_answer_and_no_log(
    running: Running, policy: PolicyFile, caplog: pytest.LogCaptureFixture
) -> None:
    key = "sk-proj-" + "abcdefghijklmnop1234567890ABCDEFGHIJ"
    policy.replace(policy.text.replace("format = 1", f'format = "{key}"'))
    refused = running.refusal()
    assert refused["faults"][0]["key"] == "format"
    assert key not in json.dumps(running.health)
    assert key not in caplog.text


async def test_a_fault_of_our_own_is_a_refusal_that_shows_no_value(
    policy: PolicyFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(path: Path) -> None:
        raise KeyError(path.read_text())

    service = open_service(tmp_path / "home", policy)
    try:
        # There is no file that is known to do this; if there were, it would be mended.
        with monkeypatch.context() as patch:
            patch.setattr(wiring, "load_policy", broken)
            assert not await service.reload()
        assert service.refused is not None
        assert "a fault of RouteScope itself" in service.refused.faults[0].problem
        assert "KeyError" in service.refused.faults[0].problem
        assert "upstream-small" not in caplog.text
        assert await service.reload()
    finally:
        await service.aclose()


async def test_a_version_that_the_store_cannot_note_is_refused(policy: PolicyFile, tmp_path: Path) -> None:
    service = open_service(tmp_path / "home", policy)
    try:
        with service.telemetry.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE policy_version RENAME TO away"))
        before, after = service.loaded.version, policy.say("little")
        assert not await service.reload("changed")
        assert service.refused is not None
        assert service.refused.version == after
        assert "the database cannot note the new version" in service.refused.faults[0].problem
        assert service.router.loaded.version == service.loaded.version == before
        with service.telemetry.engine.begin() as connection:
            connection.execute(sa.text("ALTER TABLE away RENAME TO policy_version"))
        assert await service.reload("asked")
        assert service.loaded.version == after
    finally:
        await service.aclose()


class Stubborn:
    """A provider that cannot be closed."""

    name = "stubborn"

    async def stream(self, call: Call) -> AsyncIterator[StreamItem]:
        yield TextChunk("Yes.")
        yield Completion("stop", Usage(1, 1))

    def readiness(self) -> Readiness:
        return READY

    async def aclose(self) -> None:
        raise RuntimeError("it will not")


async def test_a_provider_that_cannot_be_closed_holds_up_neither_the_change_nor_the_end(
    policy: PolicyFile, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service = open_service(tmp_path / "home", policy)
    stubborn = dict.fromkeys(service.loaded.policy.models, Stubborn())
    for number in range(2):
        service._switch(Router(service.loaded, providers=stubborn, tools={}, validators={}))
        policy.put(policy.text.replace("upstream-", f"other-{number}-"))
        assert await service.reload()
        await asyncio.gather(*service._retiring)
        assert service._routers == [service.router], "the old ones have gone"
        assert "providers could not be closed (ExceptionGroup)" in caplog.text
    service._switch(Router(service.loaded, providers=stubborn, tools={}, validators={}))
    assert await service.aclose(), "all was kept though a provider is still open"


async def test_a_refused_policy_starts_no_local_models(policy: PolicyFile, tmp_path: Path) -> None:
    service = open_service(tmp_path / "home", policy)
    try:
        local = '\n[models.tiny]\ntier = "small"\nlocation = "local"\n' + (
            'provider = { kind = "local", file = "smollm2-135m" }\n'
        )
        broken = '\n[tools.manual]\nkind = "search"\nfolder = "nowhere"\n'
        policy.put(policy.text + local + broken)
        assert not await service.reload("changed")
        assert not (tmp_path / "home" / "run").exists()
        policy.put(policy.text + local)
        assert await service.reload("changed")
        assert (tmp_path / "home" / "run").exists()
        assert service.local is not None
        assert "not running" not in service.router.fleet.readiness("tiny").reason
        policy.put(policy.text)
        assert await service.reload("changed")
        server = service.local
        await asyncio.to_thread(until, lambda: "not running" in server.status("smollm2-135m").reason)
        policy.put(policy.text + local)
        assert await service.reload("changed")
        assert service.local is server
        assert "not running" not in service.router.fleet.readiness("tiny").reason
    finally:
        await service.aclose()


def open_service(home: Path, policy: PolicyFile) -> Service:
    return Service.open(Settings.read(policy=policy.path, environ={HOME_VARIABLE: str(home)}))


# --- the process and its signals ------------------------------------------------------------------------------------
@contextmanager
def process(policy: PolicyFile, home: Path, stdin: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}/healthz"
    command = [sys.executable, "-P", "-m", "app.cli", "serve", "--no-pull", "--port", str(port)]
    child = subprocess.Popen(
        [*command, "--policy", str(policy.path)], env={**os.environ, HOME_VARIABLE: str(home)}, stdin=stdin
    )
    try:
        until(lambda: is_up(url), 60)
        yield url, child
    finally:
        child.kill()
        child.wait(20)


def told(url: str, key: str) -> Any:
    health = read_json(url)
    assert health is not None
    return health[key]


def test_sighup_reads_an_unchanged_policy_again_and_the_gateway_goes_on(policy: PolicyFile, tmp_path: Path) -> None:
    documents = tmp_path / "manual"
    documents.mkdir()
    (documents / "rivers.md").write_text("# Rivers\n\nThe Rhine is a river in Europe.\n")
    policy.put(policy.text + '\n[tools.manual]\nkind = "search"\nfolder = "manual"\n')
    with process(policy, tmp_path / "home", subprocess.DEVNULL) as (url, child):
        before = told(url, "policy_loaded_at")
        child.send_signal(signal.SIGHUP)
        until(lambda: told(url, "policy_loaded_at") > before)
        for document in documents.iterdir():
            document.unlink()
        child.send_signal(signal.SIGHUP)
        until(lambda: told(url, "policy_refused") is not None)
        assert told(url, "policy_refused")["faults"][0]["problem"] == "it holds no text"
        child.terminate()
        assert child.wait(20) in (0, -signal.SIGTERM)


def test_the_gateway_of_a_terminal_that_is_closed_ends(policy: PolicyFile, tmp_path: Path) -> None:
    terminal, screen = pty.openpty()
    with process(policy, tmp_path / "home", screen) as (url, child):
        os.close(screen)
        before = told(url, "policy_loaded_at")
        child.send_signal(signal.SIGHUP)
        until(lambda: told(url, "policy_loaded_at") > before)
        os.close(terminal)
        child.send_signal(signal.SIGHUP)
        assert child.wait(20) in (0, -signal.SIGTERM)
