"""Applications with keys at a running gateway: who gets in, as whom, to what, how often, until when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from app.cli import main
from app.dashboard.gateway_client import Gateway, Question
from app.dashboard.gateway_error import GatewayError
from app.keys.key import mint
from app.settings import DATABASE_VARIABLE, HOME_VARIABLE, KEY_VARIABLE, POLICY_VARIABLE
from app.wiring import Service
from telemetry.query.evaluations import of_decision
from telemetry.storage.models import REQUEST
from tests.serving import free_port, gateway, write_policy

NOBODY = "http://127.0.0.1:9"
"""No model is asked in these tests: the calculator answers."""
OWN = "0123456789-0123456789-0123456789"
SUM = [{"role": "user", "content": "What is 6 x 7?"}]


@dataclass(frozen=True)
class Place:
    """A running gateway, and the commands of its machine."""

    url: str
    service: Service
    run: Callable[..., tuple[str, str]]

    def key(self, name: str, *options: str) -> str:
        """The text of a new key."""
        return self.run("create", name, *options)[0]

    def ask(self, key: str | None, target: str = "route/chat", **headers: str) -> httpx.Response:
        sent = headers if key is None else {"authorization": f"Bearer {key}", **headers}
        body = {"model": target, "messages": SUM}
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, headers=sent, timeout=20)

    def get(self, path: str, key: str | None) -> httpx.Response:
        sent = {} if key is None else {"authorization": f"Bearer {key}"}
        return httpx.get(f"{self.url}{path}", headers=sent, timeout=20)

    def tenant_of(self, answer: httpx.Response) -> str:
        decision_id = answer.headers["x-routescope-decision-id"]
        with self.service.telemetry.engine.connect() as connection:
            return str(connection.scalar(sa.select(REQUEST.c.tenant).where(REQUEST.c.decision_id == decision_id)))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service, Path]]:
    home = tmp_path_factory.mktemp("home")
    policy = write_policy(home, NOBODY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        with gateway(home, policy, own_key=OWN) as (url, service):
            yield url, service, policy


@pytest.fixture
def place(
    running: tuple[str, Service, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    url, service, policy = running
    monkeypatch.setenv(HOME_VARIABLE, str(service.settings.home))
    monkeypatch.setenv(POLICY_VARIABLE, str(policy))
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)

    def run(*words: str, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["keys", *words])
        assert (ended.value.code or 0) == code
        said = capsys.readouterr()
        return said.out.strip(), said.err.strip()

    return Place(url, service, run)


def until(happens: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def test_the_tenant_comes_from_the_key_whatever_a_request_says(place: Place) -> None:
    key = place.key("billing", "--tenant", "acme")
    until(lambda: place.ask(None).status_code == 401)
    answer = place.ask(key)
    assert answer.json()["choices"][0]["message"]["content"] == "42"
    assert place.tenant_of(answer) == "acme"
    spoofed = place.ask(key, **{"x-routescope-context": '{"tenant": "globex"}'})
    assert (spoofed.status_code, spoofed.json()["error"]["code"]) == (400, "invalid_context")


@pytest.mark.parametrize(
    "key", [None, "sk-somebody-else", "rsk-000000000000-" + "a" * 43], ids=["none", "other", "made"]
)
def test_once_there_is_a_key_nobody_comes_in_without_one(place: Place, key: str | None) -> None:
    place.key(f"door-{key}"[:12])
    until(lambda: place.ask(key).status_code == 401)
    refused = place.ask(key)
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.json()["error"]["code"] == "invalid_api_key"
    assert place.get("/healthz", key).json() == {"status": "ok"}
    assert place.get("/readyz", key).json() == {"status": "ready"}
    assert place.get("/v1/models", key).status_code == 401


def test_a_client_asks_for_what_its_scope_holds_and_sees_nothing_else(place: Place) -> None:
    key = place.key("narrow", "--route", "route/chat")
    assert place.ask(key).status_code == 200
    for target in ("quick", "small"):
        refused = place.ask(key, target)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "route_not_allowed")
        assert "it may ask for chat" in refused.json()["error"]["message"]
    assert [entry["id"] for entry in place.get("/v1/models", key).json()["data"]] == ["route/chat"]
    for path in ("/metrics", "/v1/budgets", "/v1/models/health"):
        refused = place.get(path, key)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_for_clients")


def test_a_client_cannot_keep_its_requests_out_of_the_numbers(place: Place) -> None:
    refused = place.ask(place.key("sly"), **{"x-routescope-purpose": "canary"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "not_for_clients")


def test_an_operator_s_key_opens_everything(place: Place) -> None:
    key = place.key("anna", "--role", "operator")
    assert place.get("/metrics", key).status_code == 200
    assert place.get("/healthz", key).json()["policy"] == "loopback"
    assert Gateway(place.url, key=key).explain(Question("What is 6 x 7?"))["status"] == "planned"


def test_the_dashboard_of_the_same_start_comes_in_and_another_is_told_what_it_lacks(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.key("some")
    until(lambda: place.ask(None).status_code == 401)
    monkeypatch.setenv(KEY_VARIABLE, OWN)
    assert Gateway(place.url).health()["status"] == "ok"
    monkeypatch.delenv(KEY_VARIABLE)
    with pytest.raises(GatewayError, match=f"{KEY_VARIABLE} set to an operator's key"):
        Gateway(place.url).budgets()


def test_a_key_that_sends_too_much_is_told_when_to_come_again(place: Place) -> None:
    key = place.key("slow", "--requests-per-minute", "2")
    assert [place.ask(key).status_code for _ in range(3)] == [200, 200, 429]
    refused = place.ask(key)
    assert 0 < int(refused.headers["retry-after"]) <= 30
    assert "may send 2 requests a minute" in refused.json()["error"]["message"]
    assert place.get("/v1/models", key).status_code == 200, "only what calls models is counted"


def test_a_revoked_key_is_refused_and_a_rotated_one_has_its_grace(place: Place) -> None:
    first = place.key("turned", "--tenant", "acme")
    second = place.run("rotate", "turned", "--grace-hours", "1")[0]
    until(lambda: place.ask(second).status_code == 200)
    assert place.ask(first).status_code == 200
    assert place.tenant_of(place.ask(second)) == "acme"
    assert "2 key(s) revoked" in place.run("revoke", "turned")[1]
    until(lambda: place.ask(first).status_code == place.ask(second).status_code == 401)
    assert "no active key is named 'turned'" in place.run("revoke", "turned", code=2)[1]


def test_feedback_is_the_key_s_and_of_its_own_tenant_s_decisions(place: Place) -> None:
    ours, theirs = place.key("ours", "--tenant", "one"), place.key("theirs", "--tenant", "two")
    decision_id = place.ask(ours).headers["x-routescope-decision-id"]

    def say(key: str) -> httpx.Response:
        body = {"decision_id": decision_id, "label": "good"}
        headers = {"authorization": f"Bearer {key}"}
        return httpx.post(f"{place.url}/v1/feedback", json=body, headers=headers, timeout=20)

    assert say(theirs).status_code == 404
    assert say(ours).status_code == 200
    assert say(ours).json()["updated"] is True
    assert [one.author for one in of_decision(place.service.telemetry.engine, decision_id)] == ["key:ours"]


def test_who_has_logged_in_is_named_by_the_dashboard_and_by_nobody_else(place: Place) -> None:
    plain, operator = place.key("plain"), place.key("own-dashboard", "--role", "operator")
    until(lambda: place.ask(plain).status_code == 200)
    decision_id = place.ask(plain).headers["x-routescope-decision-id"]
    for key in (OWN, operator, plain):
        Gateway(place.url, key=key, operator="Zoë <zoe@example.org>").feedback(decision_id, "good")
    Gateway(place.url, key=OWN).feedback(decision_id, "good")
    authors = {one.author for one in of_decision(place.service.telemetry.engine, decision_id)}
    assert authors == {
        "operator:Zoë <zoe@example.org>",
        "key:own-dashboard for Zoë <zoe@example.org>",
        "key:plain",
        "local",
    }


@pytest.mark.parametrize("name", ["", "%0A", "a" * 201, "%00root"], ids=["empty", "line", "long", "nul"])
def test_a_name_that_could_not_be_kept_is_refused(place: Place, name: str) -> None:
    headers = {"authorization": f"Bearer {OWN}", "x-routescope-operator": name}
    body = {"decision_id": "d-1", "label": "good"}
    refused = httpx.post(f"{place.url}/v1/feedback", json=body, headers=headers, timeout=20)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "invalid_body")


def test_keys_are_listed_without_their_secrets_and_kept_nowhere(place: Place) -> None:
    key = place.key("listed", "--route", "chat", "--expires-days", "30")
    listed, _ = place.run("list")
    as_json: list[dict[str, Any]] = json.loads(place.run("list", "--json")[0])
    found = next(one for one in as_json if one["name"] == "listed")
    assert (found["state"], found["routes"], found["role"]) == ("active", ["chat"], "client")
    secret = key[len("rsk-") + 13 :]
    assert secret not in listed
    assert place.ask(key).status_code == 200
    files = [file for file in place.service.settings.home.rglob("*") if file.is_file()]
    assert not [file for file in files if secret.encode() in file.read_bytes()]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("create", ""), "the name '' cannot be used"),
        (("create", "x" * 65), "cannot be used; give 1 to 64 printable characters"),
        (("create", "a\x1b[31m"), "cannot be used"),
        (("create", "new", "--route", "nowhere"), "the policy has no route or model 'nowhere'; use one of"),
        (("rotate", "nobody"), "no active key is named 'nobody'; see routescope keys list"),
    ],
    ids=["empty", "long", "escape", "route", "unknown"],
)
def test_what_cannot_be_done_is_said_in_one_sentence(place: Place, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in place.run(*words, code=2)[1]


def test_a_name_is_given_once(place: Place) -> None:
    place.key("once")
    assert "a key 'once' is there already" in place.run("create", "once", code=2)[1]


def test_beyond_this_machine_nothing_is_served_without_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv("LOOPBACK_KEY", mint().text)
    policy = write_policy(tmp_path, NOBODY)
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--host", "0.0.0.0", "--port", str(free_port()), "--policy", str(policy)])
    assert ended.value.code == 2
    assert "make one with routescope keys create NAME" in capsys.readouterr().err
