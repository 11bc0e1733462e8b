"""Metrics and events to a collector, by OpenTelemetry's own exporters: what they lose is in the database anyway.

The SDK's log records are not public API yet (``opentelemetry.sdk._logs``): they are used here and nowhere else, and the
version is bounded in pyproject.toml.
"""

from __future__ import annotations

import logging
from typing import Any, Final

from opentelemetry._logs import SeverityNumber
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from router_core import semconv
from telemetry.collector import Collector
from telemetry.content import Redact
from telemetry.log import EVENT_FIELDS, EVENT_NAME, EVENT_SPAN
from telemetry.masking import GONE
from telemetry.metrics import within
from telemetry.text import clean, to_json

SERVICE_NAME: Final = "routescope"
EVENT_PREFIX: Final = "router."
GENAI_PREFIX: Final = "gen_ai."
METRICS_EVERY_S: Final = 30.0
CLOSE_S: Final = 2.0

_SEVERITIES: Final = {
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
}

# What these exporters say of a collector that is away is said once already, by telemetry.collector.
logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)
logging.getLogger("opentelemetry.sdk").setLevel(logging.CRITICAL)


def metric_sender(collector: Collector, every_s: float = METRICS_EVERY_S) -> MetricReader:
    """A reader for `telemetry.metrics.Metrics` that sends all numbers now and then, from a thread of its own."""
    exporter = OTLPMetricExporter(
        endpoint=collector.endpoint,
        headers=dict(collector.headers),
        timeout=collector.timeout_s,
        compression=_compression(collector),
        certificate_file=collector.certificate,
    )
    return PeriodicExportingMetricReader(exporter, export_interval_millis=every_s * 1e3)


class LogSender(logging.Handler):
    """Sends those log records that are events, as OpenTelemetry log records with an event name."""

    def __init__(self, collector: Collector, redact: Redact) -> None:
        super().__init__(logging.INFO)
        self._redact = redact
        exporter = OTLPLogExporter(
            endpoint=collector.endpoint,
            headers=dict(collector.headers),
            timeout=collector.timeout_s,
            compression=_compression(collector),
            certificate_file=collector.certificate,
        )
        self._provider = LoggerProvider(resource=Resource({"service.name": SERVICE_NAME}), shutdown_on_exit=False)
        self._provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
        self._logger = self._provider.get_logger(semconv.INSTRUMENTATION_NAME, semconv.SCHEMA_VERSION)

    def emit(self, record: logging.LogRecord) -> None:
        """Queue an event; other records stay here. Never raises, never waits."""
        name = getattr(record, EVENT_NAME, None)
        if not isinstance(name, str):
            return
        fields: dict[str, Any] = getattr(record, EVENT_FIELDS, {})
        try:
            self._logger.emit(
                timestamp=int(record.created * 1e9),
                context=_within(getattr(record, EVENT_SPAN, None)),
                event_name=_named(name),
                severity_number=_SEVERITIES.get(record.levelno, SeverityNumber.WARN),
                severity_text=record.levelname,
                attributes={_named(key): self._shown(value) for key, value in fields.items() if value is not None},
            )
        except Exception:  # noqa: BLE001 - the edge: whoever logs must not fail by it
            self.handleError(record)

    def _shown(self, value: Any) -> str | bool | int | float:
        if isinstance(value, (bool, int, float)):
            return value
        text = clean(value) if isinstance(value, str) else to_json(value)
        # Names and identifiers have no spaces, and would be taken for secrets.
        if " " not in text:
            return text
        try:
            return self._redact(text)
        except Exception:  # noqa: BLE001 - somebody else's function: whatever it raises, the text must not leak
            return GONE

    def close(self) -> None:
        """Send what is queued, and stop; a collector that is away gets `CLOSE_S`."""
        within(CLOSE_S, self._provider.shutdown)
        super().close()


def _named(name: str) -> str:
    """Names of OpenTelemetry stay as they are, ours get our prefix."""
    return name if name.startswith(GENAI_PREFIX) else EVENT_PREFIX + name


def _within(span: tuple[str, str] | None) -> Context | None:
    """A context by which the event belongs to a span."""
    if span is None:
        return None
    trace_id, span_id = (int(number, 16) for number in span)
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return set_span_in_context(NonRecordingSpan(SpanContext(trace_id, span_id, True, sampled)), Context())


def _compression(collector: Collector) -> Compression:
    return Compression.Gzip if collector.compression == "gzip" else Compression.NoCompression
