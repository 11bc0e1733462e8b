"""What Prometheus reads of a running gateway."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.serving import POLICY, gateway
from tests.upstream import Upstream, answer, status

BREAKER = "breaker = { enabled = true, failures_in_row = 2, open_s = 600 }"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as server:
        yield server


@pytest.fixture
def http(upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setenv("LOOPBACK_KEY", "lb-" + "0123456789abcdef")
    policy = tmp_path / "policy.toml"
    text = POLICY.format(url=upstream.base_url)
    policy.write_text(text.replace("breaker = { enabled = false }", BREAKER), encoding="utf-8")
    with gateway(tmp_path, policy) as (url, _), httpx.Client(base_url=url, timeout=20) as client:
        yield client


def ask(
    http: httpx.Client, prompt: str = "Tell me something about rivers", route: str = "quick", **context: str
) -> int:
    body = {"model": f"route/{route}", "messages": [{"role": "user", "content": prompt}]}
    headers = {"x-routescope-context": json.dumps(context)} if context else {}
    return http.post("/v1/chat/completions", json=body, headers=headers).status_code


def scraped(http: httpx.Client, name: str, **labels: str) -> float | None:
    """The sum of a metric's samples under these labels; None when there is none."""
    response = http.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    values = [
        sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return sum(values) if values else None


def until(http: httpx.Client, wanted: float, name: str, **labels: str) -> None:
    """A trace is counted right after its answer is complete, not before."""
    deadline = time.monotonic() + 60
    while (found := scraped(http, name, **labels)) != wanted:
        assert time.monotonic() < deadline, f"{name} is {found}"
        time.sleep(0.02)


def test_a_request_is_counted_with_its_route_its_model_and_its_tokens(http: httpx.Client, upstream: Upstream):
    upstream.plays(answer("Rivers flow."))
    assert ask(http) == 200
    until(http, 1, "router_requests_total", router_route="quick", router_status="ok")
    assert scraped(http, "gen_ai_client_operation_duration_seconds_count", gen_ai_request_model="small") == 1
    assert scraped(http, "router_request_overhead_seconds_count", router_route="quick") == 1


def test_a_denied_request_is_counted_by_its_rule(http: httpx.Client):
    assert ask(http, route="chat", risk="high") >= 400
    until(http, 1, "router_denials_total", router_cause="rule:too-risky")


def test_an_open_breaker_is_seen_at_the_next_scrape(http: httpx.Client, upstream: Upstream):
    assert scraped(http, "router_deployment_state", gen_ai_request_model="small", router_state="closed") == 1
    upstream.plays(status(500))
    for _ in range(2):
        ask(http)
    assert scraped(http, "router_deployment_state", gen_ai_request_model="small", router_state="open") == 1
    assert scraped(http, "router_deployment_state", gen_ai_request_model="small", router_state="closed") == 0
    assert scraped(http, "router_deployment_failed", gen_ai_request_model="small") == 2


def test_telemetry_tells_how_it_fares_and_that_nothing_is_dropped(http: httpx.Client):
    assert scraped(http, "router_telemetry_dropped_total") == 0
    assert scraped(http, "router_policy_refused") == 0


def test_a_web_page_of_another_origin_reads_no_numbers(http: httpx.Client):
    assert http.get("/metrics", headers={"origin": "https://example.com"}).status_code == 403
