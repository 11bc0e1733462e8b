"""Other systems tell a running gateway what they called: over the wire, by their own exporters."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from app.wiring import Service
from telemetry.otlp import LARGEST_BODY
from telemetry.query.decision import decision
from telemetry.storage.models import BRANCH, REQUEST, SPAN
from tests.otlp import LITELLM, OPENINFERENCE, as_json, request, span
from tests.serving import gateway, write_policy
from tests.upstream import Upstream

PROTOBUF = "application/x-protobuf"


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Service]]:
    monkeypatch.setenv("LOOPBACK_KEY", "lb-" + "0123456789abcdef")
    with Upstream() as upstream, gateway(tmp_path, write_policy(tmp_path, upstream.base_url)) as found:
        yield found


@pytest.fixture
def url(running: tuple[str, Service]) -> str:
    return f"{running[0]}/v1/traces"


@pytest.fixture
def service(running: tuple[str, Service]) -> Service:
    return running[1]


def post(url: str, body: bytes, kind: str = PROTOBUF, **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.post(url, content=body, headers={"content-type": kind, **names}, timeout=30)


def kept(service: Service, table: sa.Table) -> list[dict[str, Any]]:
    with service.telemetry.engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def test_a_call_is_in_the_database_when_its_sender_is_answered(url: str, service: Service):
    answer = post(url, request(span(LITELLM)).SerializeToString())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == PROTOBUF
    assert ExportTraceServiceResponse.FromString(answer.content) == ExportTraceServiceResponse()
    (row,) = kept(service, REQUEST)
    assert (row["source"], row["route"], row["chosen"], row["cost_nano"]) == ("otlp", "otlp/litellm", "gpt-4o", 250_000)
    found = decision(service.telemetry.engine, row["decision_id"])
    assert found is not None
    assert "over OTLP" in found.document["reason"]


def test_json_and_gzip_are_understood(url: str, service: Service):
    assert post(url, as_json(request(span(LITELLM, 1))), "application/json").json() == {}
    body = gzip.compress(request(span(OPENINFERENCE, 2)).SerializeToString())
    assert post(url, body, content_encoding="gzip").status_code == 200
    body = gzip.compress(as_json(request(span(OPENINFERENCE, 3))))
    assert post(url, body, "application/json; charset=utf-8", content_encoding="gzip").status_code == 200
    assert len(kept(service, REQUEST)) == 3


def test_what_is_sent_again_or_late_is_there_once(url: str, service: Service):
    root, call = span({"traceloop.span.kind": "workflow"}, 1), span(LITELLM, 2, parent=1)
    for body in (request(call), request(call, root), request(call), request(root)):
        assert post(url, body.SerializeToString()).status_code == 200
    assert (len(kept(service, REQUEST)), len(kept(service, BRANCH)), len(kept(service, SPAN))) == (1, 1, 1)


def test_a_bad_span_is_told_and_the_others_are_kept(url: str, service: Service):
    body = request(span(LITELLM, 1), span(LITELLM, 2, trace_id=b"bad"))
    partial = ExportTraceServiceResponse.FromString(post(url, body.SerializeToString()).content).partial_success
    assert partial.rejected_spans == 1
    assert "trace id" in partial.error_message
    document = post(url, as_json(body).replace(b'"626164"', b'"bad"'), "application/json").json()
    assert document["partialSuccess"]["rejectedSpans"] == "1"
    assert len(kept(service, REQUEST)) == 1


def test_what_is_no_otlp_is_refused_in_one_sentence(url: str, service: Service):
    answer = post(url, b"{", "application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, 3)
    assert "no JSON" in answer.json()["message"]
    assert post(url, b"\xff").status_code == 400
    assert post(url, b"plain", content_encoding="gzip").status_code == 400
    assert post(url, b"", content_encoding="br").status_code == 415
    assert post(url, b"{}", "text/plain").status_code == 415
    assert post(url, gzip.compress(b"\0" * 3 * LARGEST_BODY), content_encoding="gzip").status_code == 413
    assert post(url, b"\0" * (LARGEST_BODY + 1)).status_code == 413
    assert kept(service, REQUEST) == kept(service, SPAN) == []


def test_protobuf_is_taken_nowhere_else(url: str):
    assert post(url.replace("traces", "chat/completions"), b"").status_code == 415


def test_another_programs_calls_are_not_in_our_metrics(url: str, running: tuple[str, Service]):
    post(url, request(span(LITELLM)).SerializeToString())
    assert "gpt-4o" not in httpx.get(f"{running[0]}/metrics").text


def test_opentelemetrys_own_exporter_is_content(url: str, service: Service):
    provider = TracerProvider(resource=Resource({"service.name": "my-app"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(url, compression=Compression.Gzip)))
    tracer = provider.get_tracer("my-app")
    with tracer.start_as_current_span("work"), tracer.start_as_current_span("chat gpt", attributes=dict(LITELLM)):
        pass
    (row,) = kept(service, REQUEST)
    assert row["route"] == "otlp/my-app"
    assert [found["name"] for found in kept(service, SPAN)] == ["work"]
    assert service.telemetry.health().not_durable == 0


LITELLM_PROGRAM = """
import litellm
litellm.callbacks = ["otel"]
for answer in ("Rivers flow.", "Seas wait."):
    litellm.completion(
        model="openai/gpt-4o-mini", messages=[{"role": "user", "content": "the swordfish is ill"}], mock_response=answer
    )
try:
    litellm.completion(
        model="openai/gpt-4o-mini", messages=[{"role": "user", "content": "hi"}], mock_response="litellm.RateLimitError"
    )
except litellm.RateLimitError:
    pass
from opentelemetry import trace
import time
time.sleep(1)
trace.get_tracer_provider().force_flush()
"""


def test_litellms_own_callback_fills_the_dashboard(url: str, service: Service, tmp_path: Path):
    environment = {
        "PATH": "",
        "HOME": str(tmp_path),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
        "OPENAI_API_KEY": "unused",
        "OTEL_EXPORTER": "otlp_http",
        "OTEL_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "otlp_http",
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_SERVICE_NAME": "litellm-app",
        "NO_PROXY": "127.0.0.1",
    }
    ended = subprocess.run(
        [sys.executable, "-c", LITELLM_PROGRAM],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    deadline = time.monotonic() + 60
    while len(rows := kept(service, REQUEST)) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert sorted(row["status"] for row in rows) == ["failed", "ok", "ok"], ended.stderr[-2000:]
    branches = kept(service, BRANCH)
    assert {row["model"] for row in branches} == {"gpt-4o-mini"}
    answered = [row for row in branches if row["outcome"] == "accepted"]
    assert all(row["input_tokens"] and row["output_tokens"] for row in answered)
    assert {row["route"] for row in rows} == {"otlp/litellm-app"}
    assert "swordfish" not in json.dumps([rows, branches, kept(service, SPAN)], default=str)
