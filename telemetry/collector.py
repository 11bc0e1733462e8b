"""A second way out: every span of ours to an OpenTelemetry collector, over OTLP/HTTP.

The database is where decisions are kept; a collector gets a copy. So its troubles are its own: a request only appends
to a queue in memory, a thread encodes and sends, keeps on disk what a collector that is away did not take, tries again,
and counts what it had to leave out. OpenTelemetry's own exporter encodes; it does not send, since it gives a batch up
after seconds.

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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

import urllib3
from google.protobuf.message import DecodeError
from opentelemetry.context import Context
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from telemetry.collector_spool import CollectorSpool
from telemetry.content import ContentPolicy, Redact
from telemetry.log import event
from telemetry.outward import Outward

QUEUE_LIMIT: Final = 20_000
"""Spans in memory before further ones are left out, about 60 MB. With a spool they are there for seconds."""
BATCH_LIMIT: Final = 512
GATHER_S: Final = 1.0
FIRST_DELAY_S: Final = 1.0
LONGEST_DELAY_S: Final = 60.0
LONGEST_RETRY_AFTER_S: Final = 300.0
CLOSE_S: Final = 3.0
"""How long what waits on disk is sent for while we close."""
LARGEST_ANSWER: Final = 64 * 1024
_LATER: Final = frozenset({429, 502, 503, 504})
_TOO_LARGE: Final = 413

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
    """Left out because the collector was away for too long, or the spool took no more."""
    last_error: str | None
    """Why it takes nothing now; None while all is well."""
    spooled: int = 0
    """On disk, those that other processes left there included, as far as this one knows."""


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
        spool: CollectorSpool | None = None,
        queue_limit: int = QUEUE_LIMIT,
        first_delay_s: float = FIRST_DELAY_S,
    ) -> None:
        """``spool``: where spans wait for a collector that is away; None: in memory, and only as long as we live."""
        self._collector = collector
        self._outward = Outward(content, redact_keys)
        self._spool = spool
        self._queue_limit = queue_limit
        self._first_delay_s = first_delay_s
        self._sent = self._refused = self._dropped = 0
        self._spooled = 0 if spool is None else spool.waiting().spans
        self._last_error: str | None = None
        self._begin()
        if self._spooled:
            # What an earlier process left is sent, whether or not anybody asks anything.
            self._wake.set()
            self._start()
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
        self._delay = self._first_delay_s
        self._next_try = 0.0
        """On the monotonic clock: before it, a collector that is away is not asked."""
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
                self._start()
        if len(self._queue) == BATCH_LIMIT:
            self._wake.set()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="routescope-collector", daemon=True)
        self._thread.start()

    # --- for those who watch ------------------------------------------------------------------------------------

    def health(self) -> CollectorHealth:
        """The present state."""
        return CollectorHealth(
            self._taken - self._settled, self._sent, self._refused, self._dropped, self._last_error, self._spooled
        )

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until all that was queued is sent, spooled or given up."""
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
        """Try once more to send what waits, then stop; what is not taken stays on the spool.

        Returns:
            True when nothing had to be left out.
        """
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
            self._at_the_edge(self._replay, closing)
            while self._queue:
                batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LIMIT))]
                if not self._at_the_edge(self._deliver if self._spool is None else self._send_or_keep, batch):
                    self._refused += len(batch)
                self._settled += len(batch)
            if closing:
                return

    def _at_the_edge(self, work: Callable[[Any], None], argument: Any) -> bool:
        """Whether it went well: the thread has to live, and nobody waits for it."""
        try:
            work(argument)
        except Exception:  # noqa: BLE001 - the edge
            _log.exception("spans were not sent to the collector")
            return False
        return True

    def _send_or_keep(self, batch: Sequence[ReadableSpan]) -> None:
        """Send, unless the collector is away or others wait before these: then keep them on disk."""
        copies = self._outward.copies(batch)
        if self._next_try == 0.0 and not self._spool:
            answer = self._send([copy.body for copy in copies])
            if answer.kind != "later":
                self._count(answer, len(batch))
                return
            self._away(answer)
        assert self._spool is not None
        try:
            self._spool.keep(copies)
            self._spooled += len(batch)
        except OSError as error:
            with self._counting:
                self._dropped += len(batch)
            self._note(f"nothing is kept for it: {error}")

    def _replay(self, closing: bool) -> None:
        """Send what waits on disk, the oldest first, until none is left or the collector is away."""
        until = time.monotonic() + CLOSE_S
        while self._spool is not None and (closing or time.monotonic() >= self._next_try):
            parcel = self._spool.oldest()
            if parcel is None:
                self._spooled = self._spool.waiting().spans if self._spooled else 0
                self._next_try = 0.0
                return
            answer = _Answer("later")
            try:
                answer = self._send([copy.body for copy in parcel.copies])
            finally:
                # Whatever happens to us, nobody else shall find it locked.
                if answer.kind == "later":
                    parcel.leave()
                else:
                    parcel.done()
            if answer.kind == "later":
                self._away(answer)
                return
            self._spooled = max(self._spooled - parcel.spans, 0)
            self._count(answer, parcel.spans)
            self._next_try, self._delay = 0.0, self._first_delay_s
            if (closing or self._closing.is_set()) and time.monotonic() > until:
                return

    def _send(self, bodies: Sequence[bytes]) -> _Answer:
        """Send these as one request; where that is too large, as several."""
        answer = self._post(self._packed(b"".join(bodies)))
        if answer.kind != "too_large" or len(bodies) < 2:
            return answer
        middle = len(bodies) // 2
        first = self._send(bodies[:middle])
        if first.kind == "later":
            return first
        second = self._send(bodies[middle:])
        if second.kind == "later":
            return second
        return first if first.kind != "taken" else second

    def _count(self, answer: _Answer, spans: int) -> None:
        refused = min(answer.rejected, spans) if answer.kind == "taken" else spans
        self._refused += refused
        self._sent += spans - refused
        self._note(answer.sentence)

    def _away(self, answer: _Answer) -> None:
        """Ask it again when it says, or later each time."""
        self._note(answer.sentence)
        wait = answer.retry_after_s
        if wait is None:
            wait, self._delay = self._delay * random.uniform(0.5, 1.0), min(self._delay * 2, LONGEST_DELAY_S)  # noqa: S311
        self._next_try = time.monotonic() + min(wait, LONGEST_RETRY_AFTER_S)

    def _deliver(self, batch: Sequence[ReadableSpan]) -> None:
        """Send until the collector takes it, refuses it, or we close."""
        body = self._packed(self._outward.body(batch))
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

    def _packed(self, body: bytes) -> bytes:
        return gzip.compress(body, 1) if self._collector.compression == "gzip" else body

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
