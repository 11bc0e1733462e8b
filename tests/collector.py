"""A real OTLP collector on loopback, scripted: what it answers, how long it takes, and all that it got.

with ScriptedCollector() as collector:
    collector.answers(Says(429, retry_after="1"), Says())   # in order; the last one goes on
    ...
    assert collector.spans[0].name == "route chat"
"""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.loopback import LoopbackServer, QuietHandler


@dataclass(frozen=True)
class Says:
    """One answer."""

    status: int = 200
    retry_after: str | None = None
    until: threading.Event | None = None
    """What it waits for before it answers, a minute at most; None: it answers at once."""
    rejected: int = 0
    body: bytes | None = None
    location: str | None = None


class ScriptedCollector(LoopbackServer):
    """The server, in threads of its own; a port may be given, to come back where another one was."""

    def __init__(self, port: int = 0) -> None:
        self.spans: list[Span] = []
        """Of requests that were taken."""
        self.requests: list[tuple[float, Mapping[str, str], bytes]] = []
        """When (monotonic seconds), headers, and body as it came."""
        self.events: list[tuple[str, dict[str, Any]]] = []
        """Names and attributes of log records."""
        self.metrics: set[str] = set()
        """Names of metrics."""
        self.resources: list[dict[str, str]] = []
        self._script: list[Says] = [Says()]
        self._lock = threading.Lock()
        super().__init__(_handler(self), port)

    def answers(self, *script: Says) -> None:
        self._script = list(script)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Says:
        with self._lock:
            says = self._script.pop(0) if len(self._script) > 1 else self._script[0]
            self.requests.append((time.monotonic(), headers, body))
            if 200 <= says.status < 300:
                plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
                if path.endswith("/logs"):
                    for logs in ExportLogsServiceRequest.FromString(plain).resource_logs:
                        records = [record for scope in logs.scope_logs for record in scope.log_records]
                        self.events.extend((record.event_name, attributes(record)) for record in records)
                    return says
                if path.endswith("/metrics"):
                    for numbers in ExportMetricsServiceRequest.FromString(plain).resource_metrics:
                        self.metrics.update(metric.name for scope in numbers.scope_metrics for metric in scope.metrics)
                    return says
                for resource in ExportTraceServiceRequest.FromString(plain).resource_spans:
                    self.resources.append({a.key: a.value.string_value for a in resource.resource.attributes})
                    for scope in resource.scope_spans:
                        self.spans.extend(scope.spans)
            return says


def attributes(of: Any) -> dict[str, Any]:
    """The attributes of a span or a log record as plain values."""
    found = {}
    for attribute in of.attributes:
        kind = attribute.value.WhichOneof("value")
        found[attribute.key] = getattr(attribute.value, kind) if kind else None
    return found


def _handler(collector: ScriptedCollector) -> type[QuietHandler]:
    class Handler(QuietHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.body()
            says = collector.take(self.path, {name.lower(): text for name, text in self.headers.items()}, body)
            if says.until is not None:
                says.until.wait(60)
            answer = ExportTraceServiceResponse()
            if says.rejected:
                answer.partial_success.rejected_spans = says.rejected
                answer.partial_success.error_message = "not these"
            raw = answer.SerializeToString() if says.body is None else says.body
            headers = {"Retry_After": says.retry_after, "Location": says.location}
            self.answer(says.status, raw, **{name: value for name, value in headers.items() if value is not None})

    return Handler
