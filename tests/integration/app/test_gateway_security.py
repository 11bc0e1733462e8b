"""What somebody with a key, or without one, might try at a running gateway: nothing of it comes to pass.

Elsewhere: keys that are compared in constant time and revoked ones (tests/unit/app/keys/test_ring.py), addresses of
images one by one (tests/unit/app/gateway/test_public.py), times of connections (tests/unit/app/gateway/
test_connection.py), redirects of upstreams (tests/integration/router_core/faults.py), what pages make of hostile texts
(tests/browser/test_hostile.py).
"""

from __future__ import annotations

import itertools
import json
import logging
import resource
import socket
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import httpx
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.dashboard.navigation import DECISION
from app.gateway.connection import Connection, Patience
from app.keys.key import ROLES, Key
from app.keys.store import create
from app.settings import GATEWAY_VARIABLE, HOME_VARIABLE, KEY_VARIABLE
from app.wiring import Service
from telemetry.evidence.bundle import Period, write_file
from telemetry.evidence.key import SigningKey
from telemetry.export import Format, TableName, export_file
from telemetry.query.filters import Filters
from telemetry.storage.models import REQUEST
from tests import upstream as up
from tests.hostile import INNER_ADDRESSES
from tests.serving import POLICY, gateway
from tests.sockets import sockets
from tests.upstream import Upstream

CHAT = "/v1/chat/completions"
SUM = [{"role": "user", "content": "What is 6 x 7?"}]
QUESTION = [{"role": "user", "content": "Tell me something about rivers"}]
UPSTREAM_KEY = "lb-canary-0a1b2c3d4e5f60718293"
WRONG_KEY = "rsk-0123456789ab-" + "canary" * 7 + "x"
HALF_OPEN = 500
MAIN = Path(__file__).parents[3] / "app" / "main.py"


class Hasty(Connection):
    patience = Patience(head_s=5)


@dataclass(frozen=True)
class Place:
    url: str
    service: Service
    upstream: Upstream
    key: str
    operator: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def home(self) -> Path:
        return self.service.settings.home

    def post(self, body: Any, path: str = CHAT, *, key: str | None = None, **more: Any) -> httpx.Response:
        headers = [("authorization", f"Bearer {key or self.key}"), *more.pop("headers", [])]
        return httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=60, **more)

    def tenants(self) -> set[str]:
        with self.service.telemetry.engine.connect() as connection:
            return set(connection.scalars(sa.select(REQUEST.c.tenant).distinct()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("home")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Both ends of every connection are in this process.
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if hard != resource.RLIM_INFINITY else 8192, hard))
    with Upstream() as upstream, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", UPSTREAM_KEY)
        policy = home / "loopback.toml"
        text = POLICY.format(url=upstream.base_url).replace('["json"]', '["json", "tools", "images"]')
        policy.write_text(text + '\n[telemetry]\ncontent = "full"\n')
        with gateway(home, policy, connection=Hasty) as (url, service):
            key, operator = (
                create(service.telemetry.engine, Key("", role, "acme", role, None, None, datetime.now(UTC), "t")).text
                for role in ROLES
            )
            yield Place(url, service, upstream, key, operator)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- who asks -----------------------------------------------------------------------------------------------------
NAMES = (
    *("x-tenant", "x-tenant-id", "tenant", "x-routescope-tenant", "x-routescope-key", "x-routescope-role", "x-user"),
    *("x-forwarded-user", "x-forwarded-for", "x-real-ip", "forwarded", "openai-organization", "openai-project"),
    *("x-api-key", "api-key", "cookie", "x-routescope-sibling", "x-routescope-context"),
)
CLAIMS = ("globex", '{"tenant": "globex"}', '{"key": "globex", "tenant": "globex"}', "tenant=globex", "operator")
BODIES: tuple[dict[str, Any], ...] = (
    {"tenant": "globex"},
    {"context": {"tenant": "globex"}},
    {"metadata": {"tenant": "globex", "x-routescope-tenant": "globex"}},
    {"user": "globex"},
    {"extra_body": {"tenant": "globex"}},
    {"routescope": {"tenant": "globex"}},
    {"safety_identifier": "globex"},
    {"prompt_cache_key": "globex"},
    {"service_tier": "globex"},
    {"store": True, "metadata": {"session_id": "globex"}},
)


def test_none_of_a_hundred_claims_to_be_another_tenant_gets_through(place: Place) -> None:
    tries: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({}, [(name, claim)]) for name, claim in itertools.product(NAMES, CLAIMS)
    ]
    tries += [(body, []) for body in BODIES]
    assert len(tries) == 100
    with httpx.Client(base_url=place.url, timeout=60) as http:
        statuses = {
            http.post(
                CHAT,
                json={"model": "route/chat", "messages": SUM, **body},
                headers=[("authorization", f"Bearer {place.key}"), *headers],
            ).status_code
            for body, headers in tries
        }
        refused = http.get("/metrics", headers={"authorization": f"Bearer {place.key}", "x-routescope-sibling": "1"})
    assert statuses == {200, 400}
    assert place.tenants() == {"acme"}
    assert refused.status_code == 403


@pytest.mark.parametrize("low", ['{"risk": "low"}', '{"risk": "low", "risk": "low"}', "{}"])
def test_a_risk_that_was_stated_is_not_taken_back_by_saying_it_again(place: Place, low: str) -> None:
    high = ("x-routescope-context", '{"risk": "high"}')
    body = {"model": "route/chat", "messages": SUM}
    assert place.post(body, headers=[high]).status_code == 403, "the policy denies it"
    for both in ([high, (high[0], low)], [(high[0], low), high]):
        refused = place.post(body, headers=both)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_context")


# --- where requests go ----------------------------------------------------------------------------------------------
def test_no_address_of_a_client_s_is_ever_turned_to(place: Place) -> None:
    place.upstream.plays(up.answer("Rivers flow."))
    with socket.create_server(("127.0.0.1", 0)) as trap, sockets() as opened:
        inner = [f"http://127.0.0.1:{trap.getsockname()[1]}/", f"https://127.0.0.1:{trap.getsockname()[1]}/"]
        for url in (*INNER_ADDRESSES, *inner, "file:///etc/passwd", "gopher://127.0.0.1/", "data:text/html,x"):
            image = {"type": "image_url", "image_url": {"url": url}}
            refused = place.post({"model": "route/chat", "messages": [{"role": "user", "content": [image]}]})
            assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_body"), url
        for name in ("base_url", "api_base", "api_key", "organization", "proxy", "callback_url"):
            body = {"model": "route/quick", "messages": QUESTION, name: inner[0], "metadata": {name: inner[0]}}
            assert place.post(body, headers=[(f"x-{name.replace('_', '-')}", inner[0])]).status_code == 200
        place.upstream.plays(up.status(302, None, Location=inner[0]), up.status(307, None, Location=inner[0]))
        for _ in range(2):
            assert place.post({"model": "route/quick", "messages": QUESTION}).status_code == 502
    known = {("127.0.0.1", place.port), ("127.0.0.1", place.upstream.port)}
    assert {tuple(one)[:2] for one in opened} <= known | {("127.0.0.1", str(port)) for _, port in known}


# --- what is told -----------------------------------------------------------------------------------------------------
def test_no_key_is_anywhere_whatever_goes_wrong(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: list[str] = []
    faults = (
        *(up.echo_key(code) for code in (400, 401, 403, 404, 429, 500)),
        *(up.parrot(), up.body("{not json " + UPSTREAM_KEY), up.body(UPSTREAM_KEY, "text/html"), up.reset()),
        *(up.events(f'{{"error": {{"message": "bad key {UPSTREAM_KEY}"}}}}'), up.cut("half "), up.hang()),
    )
    with caplog.at_level(logging.DEBUG):
        for fault, stream in itertools.product(faults, (False, True)):
            place.upstream.plays(fault)
            body = {"model": "route/quick", "messages": QUESTION, "stream": stream}
            said.append(place.post(body, headers=[("x-routescope-context", '{"deadline_ms": 500}')]).text)
            assert place.upstream.seen[-1].headers["Authorization"] == f"Bearer {UPSTREAM_KEY}"
        for path in (CHAT, "/v1/feedback", "/metrics", "/healthz", f"/{WRONG_KEY}"):
            said.append(place.post({"model": "route/quick"}, path, key=WRONG_KEY).text)
        for path in ("/metrics", "/healthz", "/v1/models/health", "/v1/budgets"):
            shown = httpx.get(f"{place.url}{path}", headers={"authorization": f"Bearer {place.operator}"}, timeout=60)
            assert shown.status_code == 200
            said.append(shown.text)
        place.post({"model": place.key, "messages": QUESTION})  # its sender is told that there is no such model
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert ours
    said += [logging.Formatter().format(record) for record in ours]
    monkeypatch.setenv(HOME_VARIABLE, str(place.home))
    monkeypatch.setenv(KEY_VARIABLE, place.operator)
    monkeypatch.setenv(GATEWAY_VARIABLE, place.url)
    failed = json.loads(said[0])["error"]["decision_id"]
    pages = {page: page_of(page, **{DECISION: failed}) for page in ("decisions", "decision", "pipeline", "policy")}
    assert "upstream answered 400" in pages["decision"], "it tells what the upstream said"
    exports = exported(place.service.telemetry.engine, tmp_path)
    assert all(any(failed in text for text in exports[form]) for form in exports)
    said += [*pages.values(), *itertools.chain.from_iterable(exports.values())]
    files = {file: file.read_bytes() for file in place.home.rglob("*") if file.is_file() and file.suffix != ".toml"}
    assert any(b"SQLite" in content[:16] for content in files.values())
    for secret in (UPSTREAM_KEY, WRONG_KEY[17:], place.key[17:], place.operator[17:]):
        assert not [text for text in said if secret in text]
        assert not [file for file, content in files.items() if secret.encode() in content]


def page_of(page: str, **params: str) -> str:
    """All that a page of the dashboard sends to a browser."""
    st.cache_data.clear()
    st.cache_resource.clear()
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    for name, value in params.items():
        app.query_params[name] = value
    app.switch_page(f"pages/{page}.py")
    app.run()
    assert not app.exception
    return "\n".join(str(element.proto) for element in app.main)


def exported(engine: sa.Engine, folder: Path) -> dict[str, list[str]]:
    """The texts of every export of decisions and of branches, and of the evidence."""
    texts: dict[str, list[str]] = {}
    for form, table in itertools.product(get_args(Format), get_args(TableName)):
        file = folder / f"{table}.{form}"
        export_file(engine, Filters(purposes=()), file, table=table, format=form)
        text = str(pq.read_table(file).to_pylist()) if form == "parquet" else file.read_text(encoding="utf-8")
        texts.setdefault(form, []).append(text)
    period = Period(None, datetime.now(UTC) + timedelta(days=1))
    write_file(engine, period, folder / "evidence.zip", SigningKey.of_home(folder), by="t")
    with zipfile.ZipFile(folder / "evidence.zip") as bundle:
        texts["evidence"] = [bundle.read(name).decode("utf-8", "replace") for name in bundle.namelist()]
    return texts


@pytest.mark.parametrize("name", ["quick\r\nx-evil: 1", "quick\nx-evil: 1", "quick\r\n\r\n<html>", "q\0"])
def test_nothing_that_was_sent_becomes_a_header(place: Place, name: str) -> None:
    place.upstream.plays(up.body(json.dumps({"x": name}), x_evil="1", set_cookie="evil=1"))
    answers = [place.post({"model": name, "messages": QUESTION}), place.post({"model": "quick", "messages": QUESTION})]
    assert [answer.status_code for answer in answers] == [404, 502]
    for answer in answers:
        assert not {"x-evil", "set-cookie"} & set(answer.headers)
        assert answer.json()["error"]["message"].isprintable()


# --- how much is taken ------------------------------------------------------------------------------------------------
def test_a_hundred_megabytes_are_refused_before_they_come(place: Place) -> None:
    head = f"POST {CHAT} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nauthorization: Bearer x\r\n"
    with socket.create_connection(("127.0.0.1", place.port), timeout=60) as client:
        client.sendall(f"{head}content-length: 104857600\r\n\r\n".encode())
        assert client.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_hundred_megabytes_that_do_not_say_so_are_not_kept(place: Place) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    piece = b"x" * 1_048_576

    def pieces() -> Iterator[bytes]:
        yield b'"'
        for _ in range(100):
            yield piece

    headers = {"authorization": f"Bearer {place.key}", "content-type": "application/json"}
    try:
        answer = httpx.post(f"{place.url}{CHAT}", content=pieces(), headers=headers, timeout=60)
    except (httpx.WriteError, httpx.RemoteProtocolError):
        pass  # it was cut off
    else:
        assert answer.status_code == 413
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024, "KiB"


def test_half_open_connections_keep_nobody_out_and_are_closed(place: Place) -> None:
    drops = [socket.create_connection(("127.0.0.1", place.port), timeout=60) for _ in range(HALF_OPEN)]
    try:
        for drop in drops:
            drop.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ")
        answers: list[int] = []

        def ask() -> None:
            for _ in range(10):
                answers.append(place.post({"model": "route/chat", "messages": SUM}).status_code)

        people = [threading.Thread(target=ask) for _ in range(5)]
        for one in people:
            one.start()
        for one in people:
            one.join(60)
        assert answers == [200] * 50
        assert all(drop.recv(4096).startswith(b"HTTP/1.1 408") for drop in drops)
        assert all(drop.recv(4096) == b"" for drop in drops)
    finally:
        for drop in drops:
            drop.close()
