"""Spans on their way to a real, scripted collector, which is away, slow, overloaded, or does not want them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

from router_core import semconv
from telemetry.collector import Collector, CollectorProcessor
from telemetry.content import ContentMode, ContentPolicy
from tests.collector import Says, ScriptedCollector, attributes
from tests.serving import free_port
from tests.traces import Attempt, Routed, emit

PROMPT = "my password is swordfish"


@pytest.fixture
def collector() -> Iterator[ScriptedCollector]:
    with ScriptedCollector() as server:
        yield server


class Sending:
    """A tracer provider of our own whose spans go to a collector."""

    def __init__(self, processor: CollectorProcessor) -> None:
        self.processor = processor
        provider = TracerProvider(resource=Resource({"service.name": "routescope"}), shutdown_on_exit=False)
        provider.add_span_processor(processor)
        self.tracer = provider.get_tracer("test")

    def emit(self, *decisions: Routed) -> None:
        for routed in decisions or (Routed("d1"),):
            emit(self.tracer, routed)

    def sent(self) -> None:
        assert self.processor.force_flush(60_000)


@contextmanager
def sending(url: str, content: ContentMode = "off", redact_keys: Any = None, **more: Any) -> Iterator[Sending]:
    own = {name: more.pop(name) for name in ("queue_limit",) if name in more}
    target = Collector(f"{url}/v1/traces", **more)
    policy = ContentPolicy(content, lambda text: text.replace("swordfish", "[fish]"))
    processor = CollectorProcessor(target, policy, redact_keys, first_delay_s=0.05, **own)
    try:
        yield Sending(processor)
    finally:
        processor.close()


def test_a_collector_gets_every_span_with_its_service(collector: ScriptedCollector):
    with sending(collector.base_url) as ours:
        ours.emit(Routed("d1"), Routed("d2", attempts=[Attempt(outcome="rejected"), Attempt("large")]))
        ours.sent()
        health = ours.processor.health()
    assert sorted(span.name for span in collector.spans).count("route chat") == 2
    assert len(collector.spans) == 5 + 6 == health.sent
    assert (health.queued, health.refused, health.dropped, health.last_error) == (0, 0, 0, None)
    assert collector.resources[0]["service.name"] == "routescope"


def test_bodies_are_compressed_unless_told_otherwise(collector: ScriptedCollector):
    with sending(collector.base_url) as ours:
        ours.emit()
        ours.sent()
    with sending(collector.base_url, compression="none") as ours:
        ours.emit()
        ours.sent()
    (_, first, body), (_, second, _) = collector.requests
    assert first["content-encoding"] == "gzip"
    assert body.startswith(b"\x1f\x8b")
    assert "content-encoding" not in second
    assert first["content-type"] == "application/x-protobuf"
    assert len(collector.spans) == 10


def test_headers_go_along_and_are_in_no_repr(collector: ScriptedCollector):
    with sending(collector.base_url, headers={"authorization": "Bearer t0ken"}) as ours:
        ours.emit()
        ours.sent()
    assert collector.requests[0][1]["authorization"] == "Bearer t0ken"
    assert "t0ken" not in repr(Collector("http://127.0.0.1/v1/traces", {"authorization": "Bearer t0ken"}))


def test_an_overloaded_collector_is_asked_again_when_it_says(collector: ScriptedCollector):
    collector.answers(Says(429, retry_after="1"), Says())
    with sending(collector.base_url) as ours:
        ours.emit()
        ours.sent()
        assert ours.processor.health().sent == 5
    first, second = (when for when, _, _ in collector.requests)
    assert second - first >= 1.0
    assert len(collector.spans) == 5, "each span once"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_may_pass_is_tried_again(collector: ScriptedCollector, status: int):
    collector.answers(Says(status), Says(status), Says())
    with sending(collector.base_url) as ours:
        ours.emit()
        ours.sent()
        assert ours.processor.health().sent == 5


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_what_will_not_pass_is_sent_once_and_counted(collector: ScriptedCollector, status: int):
    collector.answers(Says(status))
    with sending(collector.base_url) as ours:
        ours.emit()
        ours.sent()
        health = ours.processor.health()
    assert (health.sent, health.refused, health.dropped) == (0, 5, 0)
    assert len(collector.requests) == 1
    assert f"answers {status}" in str(health.last_error)


def test_a_redirection_is_not_followed_for_it_would_give_the_key_away(collector: ScriptedCollector):
    with ScriptedCollector() as other:
        collector.answers(Says(307, location=f"{other.base_url}/v1/traces"))
        with sending(collector.base_url, headers={"authorization": "Bearer t0ken"}) as ours:
            ours.emit()
            ours.sent()
        assert other.requests == []


def test_a_batch_that_is_too_large_is_halved(collector: ScriptedCollector):
    collector.answers(Says(413), Says())
    with sending(collector.base_url) as ours:
        ours.emit()
        ours.sent()
        assert ours.processor.health().sent == 5
    assert len(collector.requests) == 3


def test_spans_that_a_collector_did_not_want_are_counted(collector: ScriptedCollector):
    collector.answers(Says(rejected=2))
    with sending(collector.base_url) as ours:
        ours.emit()
        ours.sent()
        health = ours.processor.health()
    assert (health.sent, health.refused) == (3, 2)


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"\xff" * 200_000])
def test_whatever_a_collector_answers_with_success_is_success(collector: ScriptedCollector, body: bytes):
    collector.answers(Says(body=body))
    with sending(collector.base_url) as ours:
        ours.emit()
        ours.sent()
        assert ours.processor.health().sent == 5


def test_a_collector_that_comes_back_gets_what_it_missed():
    port = free_port()
    with sending(f"http://127.0.0.1:{port}") as ours:
        ours.emit(Routed("d1"))
        until = time.monotonic() + 60
        while ours.processor.health().last_error is None:
            assert time.monotonic() < until
            time.sleep(0.01)
        assert "cannot be reached" in str(ours.processor.health().last_error)
        with ScriptedCollector(port) as collector:
            ours.emit(Routed("d2"))
            ours.sent()
            health = ours.processor.health()
            assert len(collector.spans) == 10
    assert (health.sent, health.dropped, health.last_error) == (10, 0, None)


def test_a_slow_collector_delays_nobody(collector: ScriptedCollector):
    answering = threading.Event()
    collector.answers(Says(until=answering))
    with sending(collector.base_url) as ours:
        ours.emit(*(Routed(f"d{number}") for number in range(200)))
        assert ours.processor.health().sent == 0
        answering.set()
        ours.sent()
        assert ours.processor.health().sent == 1000


def test_with_a_full_queue_spans_are_left_out_and_counted():
    with sending(f"http://127.0.0.1:{free_port()}", queue_limit=20) as ours:
        ours.emit(*(Routed(f"d{number}") for number in range(10)))
        assert 50 - 2 * 20 <= ours.processor.health().dropped <= 30


def test_closing_tries_once_more_and_ends():
    with sending(f"http://127.0.0.1:{free_port()}") as ours:
        ours.emit()
        assert not ours.processor.close(5)
        ours.emit(Routed("too late"))
        assert ours.processor.health().dropped == 10


def test_what_waits_is_sent_at_the_end(collector: ScriptedCollector):
    with sending(collector.base_url) as ours:
        ours.emit()
        assert ours.processor.close(60)
    assert len(collector.spans) == 5


def contents(collector: ScriptedCollector, content: ContentMode) -> dict[str, Any]:
    with sending(collector.base_url, content) as ours:
        ours.emit(Routed("d1", prompt=PROMPT, attempts=[Attempt(answer="poor swordfish")]))
        ours.sent()
    return {name: value for span in collector.spans for name, value in attributes(span).items()}


@pytest.mark.parametrize("content", ["off", "hash", "redacted"])
def test_content_goes_only_as_the_policy_lets_it(collector: ScriptedCollector, content: ContentMode):
    found = contents(collector, content)
    assert "swordfish" not in str(found)
    assert (semconv.INPUT_SHA256 in found) == (content == "hash")
    assert ("[fish]" in str(found.get(semconv.INPUT_MESSAGES))) == (content == "redacted")


def test_full_content_goes_along(collector: ScriptedCollector):
    found = contents(collector, "full")
    assert json.loads(found[semconv.INPUT_MESSAGES]) == [{"role": "user", "content": PROMPT}]


def test_keys_are_taken_out_of_all_else(collector: ScriptedCollector):
    def hide(text: str) -> str:
        return text.replace("k3y", "[key]")

    extra = {semconv.ERROR_MESSAGE: "bad key k3y", semconv.REASON: "fine", semconv.TAGS: ["a", "k3y"]}
    with sending(collector.base_url, redact_keys=hide) as ours:
        ours.emit(Routed("d1", extra=extra))
        ours.sent()
    root = next(attributes(span) for span in collector.spans if span.name == "route chat")
    assert (root[semconv.ERROR_MESSAGE], root[semconv.REASON]) == ("bad key [key]", "fine")
    assert "k3y" not in str(root[semconv.TAGS])


def test_a_function_that_cannot_search_lets_nothing_through(collector: ScriptedCollector):
    def fails(text: str) -> str:
        raise RuntimeError(text)

    with sending(collector.base_url, redact_keys=fails) as ours:
        ours.emit(Routed("d1", extra={semconv.ERROR_MESSAGE: "bad key k3y"}))
        ours.sent()
    assert "k3y" not in str(collector.spans)


def test_text_that_no_encoding_takes_is_sent_clean(collector: ScriptedCollector):
    with sending(collector.base_url) as ours:
        ours.emit(Routed("d1", extra={semconv.REASON: "half \ud800 and \0"}))
        ours.sent()
        assert ours.processor.health().sent == 5
    root = next(attributes(span) for span in collector.spans if span.name == "route chat")
    assert root[semconv.REASON] == "half \N{REPLACEMENT CHARACTER} and \N{REPLACEMENT CHARACTER}"
