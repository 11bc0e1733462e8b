"""`GET /v1/models/health`: what a running gateway says of its models, with real calls behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import gateway, write_policy
from tests.upstream import Upstream, answer, status

ASKED = {"model": "route/chat", "messages": [{"role": "user", "content": "Tell me something about rivers"}]}


@pytest.fixture
def http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[httpx.Client, Upstream]]:
    monkeypatch.setenv("LOOPBACK_KEY", "lb-0123456789abcdef")
    with (
        Upstream() as upstream,
        gateway(tmp_path, write_policy(tmp_path, upstream.base_url)) as (url, _),
        httpx.Client(base_url=url, timeout=20) as client,
    ):
        yield client, upstream


def models(client: httpx.Client) -> dict[str, dict[str, Any]]:
    document = client.get("/v1/models/health").json()
    return {model["model"]: model for model in document["models"]}


def test_every_model_of_the_policy_is_told_with_its_breaker_and_its_calls(
    http: tuple[httpx.Client, Upstream],
) -> None:
    client, upstream = http
    upstream.plays(status(500), answer("Rivers flow."))
    assert client.post("/v1/chat/completions", json=ASKED).status_code == 200
    document = client.get("/v1/models/health").json()
    assert (document["policy"], document["in_flight"], document["window_s"]) == ("loopback", 0, 60)
    small, large = (model["deployments"][0] for model in document["models"])
    assert (small["calls"], small["failed"], small["p95_ms"]) == (1, 1, None)
    assert (large["calls"], large["failed"], large["state"], large["in_flight"]) == (1, 0, "closed", 0)
    assert large["p95_ms"] > 0
    assert large["deployment"] is None
    assert datetime.fromisoformat(large["since"]) <= datetime.now(UTC)


def test_a_model_that_may_be_called_says_so_and_has_no_reason(http: tuple[httpx.Client, Upstream]) -> None:
    known = models(http[0])
    assert [(one["ready"], one["reason"]) for one in known.values()] == [(True, ""), (True, "")]
    assert known["large"]["location"] == "cloud"


def test_it_is_told_to_this_machine_alone(http: tuple[httpx.Client, Upstream]) -> None:
    assert http[0].get("/v1/models/health", headers={"Host": "evil.example"}).status_code == 403
