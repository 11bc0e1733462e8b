"""Spans as outsiders may see them: content as the content policy lets it through, and no keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import Status, format_trace_id

from router_core import semconv
from telemetry.collector_spool import Copy
from telemetry.content import ContentPolicy, Redact
from telemetry.masking import GONE
from telemetry.text import clean, to_json

_HASHES: Final = {semconv.INPUT_MESSAGES: semconv.INPUT_SHA256, semconv.OUTPUT_MESSAGES: semconv.OUTPUT_SHA256}


class Outward:
    """Makes copies of spans for a collector."""

    def __init__(self, content: ContentPolicy, redact_keys: Redact | None) -> None:
        self._content = content
        self._redact = redact_keys

    def body(self, batch: Sequence[ReadableSpan]) -> bytes:
        """Spans as a request of OTLP."""
        return self._encoded([self.shown(span) for span in batch])

    def copies(self, batch: Sequence[ReadableSpan]) -> list[Copy]:
        """The same, each trace apart, with what tells whose it is."""
        by_trace: dict[int, list[ReadableSpan]] = {}
        for span in batch:
            by_trace.setdefault(span.context.trace_id, []).append(self.shown(span))
        return [
            Copy(
                trace_id=format_trace_id(trace),
                tenant=_said(spans, semconv.TENANT),
                decision_id=_said(spans, semconv.DECISION_ID),
                spans=len(spans),
                body=self._encoded(spans),
            )
            for trace, spans in by_trace.items()
        ]

    def shown(self, span: ReadableSpan) -> ReadableSpan:
        """One span as outsiders may see it."""
        attributes = self._masked(self._kept(dict(span.attributes or {})))
        status = span.status
        if status.description:
            status = Status(status.status_code, self._masked({"": clean(status.description)})[""])
        return ReadableSpan(
            name=clean(span.name),
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes=attributes,
            links=span.links,
            kind=span.kind,
            status=status,
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _encoded(self, shown: Sequence[ReadableSpan]) -> bytes:
        body: bytes = encode_spans(shown).SerializeToString()
        return body

    def _kept(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Content as the policy wants it: as it is, redacted, as a hash, or not at all."""
        for key, hashed in _HASHES.items():
            value = attributes.pop(key, None)
            if value is None:
                continue
            kept = self._content.keep(value if isinstance(value, str) else to_json(value))
            if kept is not None and kept.text is not None:
                attributes[key] = kept.text
            elif kept is not None:
                attributes[hashed] = kept.sha256
        return attributes

    def _masked(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Without keys: each text for itself, once all of them together are not clean."""
        texts = {name: _clean(value) for name, value in attributes.items() if name not in semconv.CONTENT_KEYS}
        attributes |= texts
        if self._redact is None:
            return attributes
        whole = "\n".join(text for value in texts.values() for text in _texts(value))
        if self._hidden(whole) != whole:
            attributes |= {name: self._hidden_in(value) for name, value in texts.items()}
        return attributes

    def _hidden_in(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._hidden(value)
        return [self._hidden_in(item) for item in value] if isinstance(value, (list, tuple)) else value

    def _hidden(self, text: str) -> str:
        assert self._redact is not None
        try:
            return self._redact(text)
        except Exception:  # noqa: BLE001 - somebody else's function: whatever it raises, the text must not leak
            return GONE


def _said(spans: Sequence[ReadableSpan], name: str) -> str | None:
    """What the first of these says that says it."""
    values = (span.attributes.get(name) for span in spans if span.attributes)
    return next((value for value in values if isinstance(value, str)), None)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return [_clean(item) for item in value] if isinstance(value, (list, tuple)) else value


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
