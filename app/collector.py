"""Where copies of spans, metrics and events go, as the policy and OpenTelemetry's own variables say."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from opentelemetry.sdk.metrics.export import MetricReader
from opentelemetry.util.re import parse_env_headers

from app.own_secrets import key_redactor
from router_core.policy.schema import CollectorEntry
from router_core.redaction import redact_text
from telemetry.collector import Collector, CollectorProcessor
from telemetry.collector_signals import LogSender, metric_sender
from telemetry.collector_spool import CollectorSpool, collector_folder
from telemetry.content import ContentMode, ContentPolicy, Redact
from telemetry.setup import Telemetry

Signal: TypeAlias = Literal["traces", "metrics", "logs"]

SIGNALS: Final[tuple[Signal, ...]] = ("traces", "metrics", "logs")
PREFIX: Final = "OTEL_EXPORTER_OTLP"

log = logging.getLogger("routescope.collector")


@dataclass(frozen=True, slots=True)
class Outlets:
    """A collector for each signal that is sent."""

    by_signal: Mapping[Signal, Collector] = field(default_factory=dict)

    def get(self, signal: Signal) -> Collector | None:
        """Where a signal goes; None when it stays here."""
        return self.by_signal.get(signal)


def outlets(entry: CollectorEntry | None, environ: Mapping[str, str]) -> Outlets:
    """What is sent, and where to.

    The variables are those of OpenTelemetry (specification, "OTLP Exporter Configuration") and beat the policy: an
    endpoint for all signals or for one, headers, compression, timeout in milliseconds, certificate.
    ``OTEL_SDK_DISABLED=true`` and ``OTEL_TRACES_EXPORTER=none`` switch off, ``OTEL_METRICS_EXPORTER=otlp`` and
    ``OTEL_LOGS_EXPORTER=otlp`` on.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return Outlets()
    found: dict[Signal, Collector] = {}
    for signal in SIGNALS:
        collector = _collector(signal, entry, environ) if _is_sent(signal, entry, environ) else None
        if collector is not None:
            found[signal] = collector
    return Outlets(found)


def _is_sent(signal: Signal, entry: CollectorEntry | None, environ: Mapping[str, str]) -> bool:
    exporter = environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").strip().lower()
    if exporter:
        return exporter == "otlp"
    if entry is not None:
        return signal in entry.signals
    return signal == "traces" or f"{PREFIX}_{signal.upper()}_ENDPOINT" in environ


def _collector(signal: Signal, entry: CollectorEntry | None, environ: Mapping[str, str]) -> Collector | None:
    def said(name: str) -> str | None:
        text = (
            environ.get(f"{PREFIX}_{signal.upper()}_{name}", "").strip() or environ.get(f"{PREFIX}_{name}", "").strip()
        )
        return text or None

    own = environ.get(f"{PREFIX}_{signal.upper()}_ENDPOINT", "").strip()
    base = environ.get(f"{PREFIX}_ENDPOINT", "").strip() or (None if entry is None else entry.endpoint)
    endpoint = own or (f"{base.rstrip('/')}/v1/{signal}" if base else None)
    if endpoint is None:
        return None
    if (said("PROTOCOL") or "http/protobuf") != "http/protobuf":
        log.warning("%s_PROTOCOL=%s is not spoken; nothing is sent: set it to http/protobuf", PREFIX, said("PROTOCOL"))
        return None
    return Collector(
        endpoint,
        headers=_headers(said("HEADERS"), entry, environ),
        compression="none" if (said("COMPRESSION") or (entry.compression if entry else "gzip")) == "none" else "gzip",
        timeout_s=_seconds(said("TIMEOUT")) or (entry.timeout_s if entry else 10.0),
        certificate=said("CERTIFICATE"),
    )


def _headers(given: str | None, entry: CollectorEntry | None, environ: Mapping[str, str]) -> dict[str, str]:
    if given is None and entry is not None and entry.headers_env is not None:
        given = environ.get(entry.headers_env)
        if given is None:
            log.warning("telemetry.otlp: %s is not set; spans go without its headers", entry.headers_env)
    return {} if given is None else dict(parse_env_headers(given, liberal=True))


def _seconds(milliseconds: str | None) -> float | None:
    return (
        int(milliseconds) / 1e3 if milliseconds is not None and milliseconds.isdigit() and int(milliseconds) else None
    )


class Copies:
    """What leaves this process besides answers. Spans end with the telemetry that makes them; close the rest."""

    def __init__(
        self, sent: Outlets, telemetry: Telemetry, content: ContentPolicy, redact_keys: Redact, *, home: Path
    ) -> None:
        self._sent = sent
        self._logs: LogSender | None = None
        self.spans: CollectorProcessor | None = None
        """Counts what it sends; None when no spans are sent."""
        traces = sent.get("traces")
        if traces is not None:
            self.spans = CollectorProcessor(traces, content, redact_keys, spool=CollectorSpool(collector_folder(home)))
            telemetry.tracer_provider.add_span_processor(self.spans)

    @classmethod
    def of(
        cls,
        entry: CollectorEntry | None,
        environ: Mapping[str, str],
        telemetry: Telemetry,
        content: ContentMode,
        *,
        home: Path,
    ) -> Copies:
        """As the policy's entry and the environment say. ``home``: where spans wait for a collector that is away."""
        policy = ContentPolicy(content, redact_text)
        return cls(outlets(entry, environ), telemetry, policy, key_redactor(environ), home=home)

    def metric_readers(self) -> list[MetricReader]:
        """Who sends the numbers; for `Metrics`, which shuts them down."""
        metrics = self._sent.get("metrics")
        return [] if metrics is None else [metric_sender(metrics)]

    def send_events(self) -> None:
        """From now on send decisions, evaluations and incidents as log records, if that is wanted."""
        logs = self._sent.get("logs")
        if logs is not None and self._logs is None:
            self._logs = LogSender(logs, redact_text)
            logging.getLogger("routescope").addHandler(self._logs)
            for name in ("decision", "evaluation"):
                logging.getLogger(f"routescope.{name}").setLevel(logging.INFO)

    def close(self) -> None:
        """Send the last events."""
        if self._logs is not None:
            logging.getLogger("routescope").removeHandler(self._logs)
            self._logs.close()
            self._logs = None
