"""A gateway whose policy names a collector: what it gets, and that its troubles are its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from router_core import semconv
from tests.collector import Says, ScriptedCollector, attributes
from tests.serving import POLICY, free_port, gateway
from tests.upstream import Upstream, answer

KEY = "lb-" + "0123456789abcdef"
COLLECTOR = (
    '\n[telemetry]\ncontent = "hash"\notlp = {{ endpoint = "{url}", signals = ["traces", "metrics", "logs"] }}\n'
)


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    monkeypatch.setenv("LOOPBACK_KEY", KEY)
    with Upstream() as server:
        server.plays(answer("Poor swordfish."))
        yield server


@pytest.fixture(autouse=True)
def _level_as_before() -> Iterator[None]:
    logger = logging.getLogger("routescope.decision")
    level = logger.level
    yield
    logger.setLevel(level)


def policy(folder: Path, upstream: Upstream, url: str) -> Path:
    file = folder / "policy.toml"
    file.write_text(POLICY.format(url=upstream.base_url) + COLLECTOR.format(url=url), encoding="utf-8")
    return file


def ask(url: str) -> httpx.Response:
    body = {"model": "route/quick", "messages": [{"role": "user", "content": "the swordfish is ill"}]}
    return httpx.post(f"{url}/v1/chat/completions", json=body, timeout=20)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_collector_gets_spans_events_and_numbers_without_what_people_wrote(tmp_path: Path, upstream: Upstream):
    with ScriptedCollector() as collector:
        with gateway(tmp_path, policy(tmp_path, upstream, collector.base_url)) as (url, _):
            decision_id = ask(url).json()["routescope"]["decision_id"]
            until(lambda: any(span.name == "route quick" for span in collector.spans))
            numbers = httpx.get(f"{url}/metrics").text
            assert 'router_collector_spans_total{router_state="dropped"} 0.0' in numbers
            copies = httpx.get(f"{url}/healthz").json()["collector"]
            assert copies["sent"] > 0 and (copies["dropped"], copies["refused"], copies["last_error"]) == (0, 0, None)
        root = next(attributes(span) for span in collector.spans if span.name == "route quick")
        assert root[semconv.DECISION_ID] == decision_id
        assert len(root[semconv.INPUT_SHA256]) == 64
        told = dict(collector.events)
        assert told["router.decision"]["router.decision_id"] == decision_id
        assert semconv.METRIC_OPERATION_DURATION in collector.metrics
        everything = b"".join(body for _, _, body in collector.requests) + str(collector.spans).encode()
    assert b"swordfish" not in everything
    assert KEY.encode() not in everything


def test_a_collector_that_hangs_delays_no_answer_and_keeps_no_decision_out(tmp_path: Path, upstream: Upstream):
    with ScriptedCollector() as collector:
        answering = threading.Event()
        collector.answers(Says(until=answering))
        with gateway(tmp_path, policy(tmp_path, upstream, collector.base_url)) as (url, service):
            for _ in range(6):
                assert ask(url).status_code == 200
            assert service.telemetry.health().committed == 6
            answering.set()


def test_without_its_collector_a_gateway_starts_answers_and_ends(tmp_path: Path, upstream: Upstream):
    with gateway(tmp_path, policy(tmp_path, upstream, f"http://127.0.0.1:{free_port()}")) as (url, service):
        assert ask(url).status_code == 200
        assert service.telemetry.health().committed == 1
