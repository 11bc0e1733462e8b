"""A second way out: every span of ours to an OpenTelemetry collector, over OTLP/HTTP.

The database is where decisions are kept; a collector gets a copy. So its troubles are its own: a request only appends
to a queue in memory, a thread encodes and sends, tries again while the collector is away, and counts what it had to
leave out. OpenTelemetry's own exporter encodes; it does not send, since it gives a batch up after seconds.

What may be tried again is what the protocol says: no connection, 429, 502, 503, 504, after as long as ``Retry-After``
says. Content goes as the content policy lets it through, and keys are taken out, as on the way to the database.
"""

from __future__ import annotations

import gzip
import logging
import os
import random
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

import urllib3
from google.protobuf.message import DecodeError
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import Status

from router_core import semconv
from telemetry.content import ContentPolicy, Redact
from telemetry.log import event
from telemetry.masking import GONE
from telemetry.text import clean, to_json

QUEUE_LIMIT: Final = 20_000
"""Spans in memory before further ones are left out: some minutes of a busy gateway, about 60 MB."""
BATCH_LIMIT: Final = 512
GATHER_S: Final = 1.0
FIRST_DELAY_S: Final = 1.0
LONGEST_DELAY_S: Final = 60.0
LONGEST_RETRY_AFTER_S: Final = 300.0
LARGEST_ANSWER: Final = 64 * 1024
_LATER: Final = frozenset({429, 502, 503, 504})
_TOO_LARGE: Final = 413
_HASHES: Final = {semconv.INPUT_MESSAGES: semconv.INPUT_SHA256, semconv.OUTPUT_MESSAGES: semconv.OUTPUT_SHA256}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Collector:
    """Where a collector is, and how it is spoken to."""

    endpoint: str
    """The whole URL, as ``http://127.0.0.1:4318/v1/traces``."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """May hold a key: in no error and no log."""
    compression: Literal["gzip", "none"] = "gzip"
    timeout_s: float = 10.0
    """Of one attempt."""
    certificate: str | None = None
    """File of the authority that signed the collector's certificate; None: the system's."""


@dataclass(frozen=True, slots=True)
class CollectorHealth:
    """How well a collector gets its copy; counts are spans since the start of this process."""

    queued: int
    sent: int
    refused: int
    """The collector took the request, or should have, and did not want these."""
    dropped: int
    """Left out because the collector was away for too long."""
    last_error: str | None
    """Why it takes nothing now; None while all is well."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a collector made of one request."""

    kind: Literal["taken", "later", "too_large", "refused"]
    sentence: str | None = None
    retry_after_s: float | None = None
    rejected: int = 0


_TAKEN: Final = _Answer("taken")


class CollectorProcessor(SpanProcessor):
    """A span processor that never waits, never raises, and says what it could not send."""

    def __init__(
        self,
        collector: Collector,
        content: ContentPolicy,
        redact_keys: Redact | None = None,
        *,
        queue_limit: int = QUEUE_LIMIT,
        first_delay_s: float = FIRST_DELAY_S,
    ) -> None:
        self._collector = collector
        self._content = content
        self._redact = redact_keys
        self._queue_limit = queue_limit
        self._first_delay_s = first_delay_s
        self._sent = self._refused = self._dropped = 0
        self._last_error: str | None = None
        self._begin()
        if hasattr(os, "register_at_fork"):
            alive = weakref.WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: _call(alive))

    def _begin(self) -> None:
        """Nothing is queued and no thread runs: at the start, and in a forked child."""
        self._queue: deque[ReadableSpan] = deque()
        self._taken = self._settled = 0
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._counting = threading.Lock()
        self._thread: threading.Thread | None = None
        settings: dict[str, Any] = (
            {} if self._collector.certificate is None else {"ca_certs": self._collector.certificate}
        )
        self._http = urllib3.PoolManager(retries=False, timeout=self._collector.timeout_s, maxsize=1, **settings)

    # --- on a request's way -------------------------------------------------------------------------------------

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing is known yet."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue it; with a full queue it is left out and counted."""
        with self._counting:
            if len(self._queue) >= self._queue_limit or self._closing.is_set():
                self._dropped += 1
                return
            self._queue.append(span)
            self._taken += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="routescope-collector", daemon=True)
                self._thread.start()
        if len(self._queue) == BATCH_LIMIT:
            self._wake.set()

    # --- for those who watch ------------------------------------------------------------------------------------

    def health(self) -> CollectorHealth:
        """The present state."""
        return CollectorHealth(self._taken - self._settled, self._sent, self._refused, self._dropped, self._last_error)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until all that was queued is sent or given up."""
        until, target = time.monotonic() + timeout_millis / 1e3, self._taken
        while self._settled < target:
            if time.monotonic() > until:
                return False
            self._wake.set()
            time.sleep(0.005)
        return True

    def shutdown(self) -> None:
        """See `close`."""
        self.close()

    def close(self, timeout_s: float = 5.0) -> bool:
        """Try once more to send what waits, then stop. True when nothing had to be left out."""
        before = self._dropped
        self._closing.set()
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        left = self._taken - self._settled
        self._http.clear()
        return not left and self._dropped == before

    # --- the thread ---------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            self._wake.wait(GATHER_S)
            self._wake.clear()
            closing = self._closing.is_set()
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LIMIT))]
                try:
                    self._deliver(batch)
                except Exception:  # noqa: BLE001 - the edge: the thread has to live, and nobody waits for it
                    _log.exception("a batch of spans was not sent to the collector")
                    self._refused += len(batch)
                self._settled += len(batch)
            if closing:
                return

    def _deliver(self, batch: Sequence[ReadableSpan]) -> None:
        """Send until the collector takes it, refuses it, or we close."""
        body = self._encoded(batch)
        delay = self._first_delay_s
        while True:
            answer = self._post(body)
            if answer.kind != "later":
                break
            self._note(answer.sentence)
            wait = answer.retry_after_s
            if wait is None:
                # Full jitter would hammer a collector that comes back; half of it is certain.
                wait, delay = delay * random.uniform(0.5, 1.0), min(delay * 2, LONGEST_DELAY_S)  # noqa: S311
            if self._closing.is_set() or self._closing.wait(min(wait, LONGEST_RETRY_AFTER_S)):
                if self._post(body).kind == "taken":
                    self._sent += len(batch)
                else:
                    with self._counting:
                        self._dropped += len(batch)
                return
        if answer.kind == "too_large" and len(batch) > 1:
            middle = len(batch) // 2
            self._deliver(batch[:middle])
            self._deliver(batch[middle:])
            return
        refused = min(answer.rejected, len(batch)) if answer.kind == "taken" else len(batch)
        self._refused += refused
        self._sent += len(batch) - refused
        self._note(answer.sentence)

    def _note(self, sentence: str | None) -> None:
        if sentence is not None and sentence != self._last_error:
            _log.warning("the collector takes no spans: %s", sentence, extra=event("collector_away", why=sentence))
        elif sentence is None and self._last_error is not None:
            _log.warning("the collector takes spans again", extra=event("collector_back"))
        self._last_error = sentence

    def _post(self, body: bytes) -> _Answer:
        headers = {**self._collector.headers, "content-type": "application/x-protobuf"}
        if self._collector.compression == "gzip":
            headers["content-encoding"] = "gzip"
        try:
            response = self._http.request(
                "POST", self._collector.endpoint, body=body, headers=headers, redirect=False, preload_content=False
            )
            try:
                content = response.read(LARGEST_ANSWER)
            finally:
                response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # The kind alone: the message may hold the whole address.
            return _Answer("later", f"it cannot be reached ({type(error).__name__})")
        if 200 <= response.status < 300:
            return _taken(content)
        if response.status in _LATER:
            sentence = f"it answers {response.status} and is asked again"
            return _Answer("later", sentence, _seconds(response.headers.get("retry-after")))
        sentence = f"it answers {response.status} and gets these spans no more; check its address and its headers"
        return _Answer("too_large" if response.status == _TOO_LARGE else "refused", sentence)

    # --- what is sent -------------------------------------------------------------------------------------------

    def _encoded(self, batch: Sequence[ReadableSpan]) -> bytes:
        body: bytes = encode_spans([self._shown(span) for span in batch]).SerializeToString()
        return gzip.compress(body, 1) if self._collector.compression == "gzip" else body

    def _shown(self, span: ReadableSpan) -> ReadableSpan:
        """The span as outsiders may see it."""
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


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    return [_clean(item) for item in value] if isinstance(value, (list, tuple)) else value


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _taken(content: bytes) -> _Answer:
    """A success, which may still name spans that were not wanted."""
    try:
        partial = ExportTraceServiceResponse.FromString(content).partial_success
    except DecodeError:
        return _TAKEN  # many answer with JSON, or with a page
    rejected = partial.rejected_spans
    return (
        _Answer("taken", f"it did not want {rejected} spans of a batch", rejected=rejected) if rejected > 0 else _TAKEN
    )


def _seconds(retry_after: str | None) -> float | None:
    """``Retry-After`` in seconds (RFC 9110, 10.2.3): a number of seconds or a date; None when it is neither."""
    if retry_after is None:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(moment.timestamp() - time.time(), 0.0)


def _call(method: weakref.WeakMethod[Any]) -> None:
    alive = method()
    if alive is not None:
        alive()
