"""What people say of an answer goes through the gateway to a row beside its decision."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from app.dashboard.gateway_client import Gateway
from app.dashboard.gateway_error import GatewayError
from app.wiring import Service
from telemetry.query.evaluations import of_decision
from telemetry.storage.engine import open_engine
from tests.serving import gateway, write_policy

Post = Callable[..., httpx.Response]
NOBODY = "http://127.0.0.1:9"
"""No model is asked in these tests: the calculator answers."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Service]]:
    home = tmp_path_factory.mktemp("home")
    policy = write_policy(home, NOBODY)
    policy.write_text(policy.read_text() + '\n[telemetry]\ncontent = "redacted"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
        with gateway(home, policy) as found:
            yield found


@pytest.fixture
def post(running: tuple[str, Service]) -> Iterator[Post]:
    with httpx.Client(base_url=running[0], timeout=20) as client:
        yield lambda **body: client.post("/v1/feedback", json=body)


@pytest.fixture
def decision_id(running: tuple[str, Service]) -> str:
    body = {"model": "route/chat", "messages": [{"role": "user", "content": "What is 6 x 7?"}]}
    answered = httpx.post(f"{running[0]}/v1/chat/completions", json=body, timeout=20)
    return answered.headers["x-routescope-decision-id"]


def said(running: tuple[str, Service], decision_id: str) -> list[tuple[float, str | None, str | None]]:
    found = of_decision(running[1].telemetry.engine, decision_id)
    return [(one.score, one.label, one.explanation) for one in found]


def test_an_opinion_is_kept_and_can_be_changed(running: tuple[str, Service], post: Post, decision_id: str) -> None:
    first = post(decision_id=decision_id, label="good", comment="Right, says anna@example.com")
    assert first.json() == {
        "decision_id": decision_id,
        "score": 1.0,
        "label": "good",
        "updated": False,
        "comment": "kept",
    }
    [(_, _, words)] = said(running, decision_id)
    assert words is not None and words.startswith("Right, says") and "anna@example.com" not in words
    assert post(decision_id=decision_id, score=-0.5).json()["updated"] is True
    assert said(running, decision_id) == [(-0.5, "bad", None)]


def test_a_decision_that_is_not_there_is_404(post: Post) -> None:
    answer = post(decision_id="feedbeef\u202e", score=1)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "unknown_decision"
    assert "no decision has the id 'feedbeef\\u202e'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "score, label"),
        ({"score": 1.5}, "score"),
        ({"score": float("nan")}, "score"),
        ({"score": True}, "score"),
        ({"score": "1"}, "score"),
        ({"label": "fine"}, "label"),
        ({"label": "good", "score": -1}, "score, label"),
        ({"label": "bad", "score": 0}, "score, label"),
        ({"label": "good", "comment": "x" * 4_001}, "comment"),
        ({"label": "good", "author": "somebody else"}, "author"),
    ],
)
def test_what_is_no_opinion_is_refused_with_its_place(
    running: tuple[str, Service], decision_id: str, body: dict[str, Any], place: str
) -> None:
    answer = httpx.post(
        f"{running[0]}/v1/feedback",
        content=json.dumps({"decision_id": decision_id, **body}),
        headers={"content-type": "application/json"},
        timeout=20,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(f"{place}: ")
    assert said(running, decision_id) == []


def test_a_database_that_another_holds_is_503_and_to_be_tried_again(
    running: tuple[str, Service], post: Post, decision_id: str
) -> None:
    telemetry = running[1].telemetry
    patient, path = telemetry.engine, str(telemetry.engine.url.database)
    # Nobody wants to wait ten seconds in a test.
    telemetry.engine = open_engine(f"sqlite:///{path}", busy_timeout_ms=50)
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = post(decision_id=decision_id, score=1)
            other.execute("ROLLBACK")
    finally:
        telemetry.engine.dispose()
        telemetry.engine = patient
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_kept")


def test_the_dashboard_says_it_the_same_way(running: tuple[str, Service], decision_id: str) -> None:
    client = Gateway(running[0])
    assert client.feedback(decision_id, "bad", "Too short")["comment"] == "kept"
    assert said(running, decision_id) == [(-1.0, "bad", "Too short")]
    with pytest.raises(GatewayError, match="no decision has the id"):
        client.feedback("nobody", "good")
