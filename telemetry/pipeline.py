"""Samples of how this process keeps its decisions: a row a minute, and one soon at the start and after a change.

Nobody waits for a sample. The numbers are the processor's own; the lag of each trace, from the decision's end until it
was kept, is taken by the writer thread as it tells of the trace.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from telemetry import histogram
from telemetry.health import Health
from telemetry.journal import Journal
from telemetry.processor import CommitState, DecisionProcessor
from telemetry.rows import Bundle
from telemetry.storage.operation import PIPELINE_SAMPLE, row_id
from telemetry.text import clean

EVERY_S: Final = 60.0
"""Between two samples while nothing changes."""
SOONEST_S: Final = 1.0
"""Between two samples whatever changes."""
_LONGEST_ERROR: Final = 1_000
_NS_PER_MS: Final = 1e6


class PipelineSampler:
    """Samples one processor into one journal. `look` and `close` are for one thread."""

    def __init__(
        self,
        sink: DecisionProcessor,
        journal: Journal,
        process: str,
        *,
        every_s: float = EVERY_S,
        monotonic: Callable[[], float] = time.monotonic,
        time_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._sink = sink
        self._journal = journal
        self._process = process
        self._every_s = every_s
        self._monotonic = monotonic
        self._time_ns = time_ns
        self._started = self._now()
        self._since = monotonic()
        self._before = sink.health()
        self._sampled = False
        self._lock = threading.Lock()
        self._lags: histogram.Counts = {}
        self._longest_ms = 0.0
        sink.listen(self._kept)

    def look(self) -> None:
        """Take a sample if it is time, or if something has changed since the last one.

        The first is taken soon, so that a process that has just begun is seen.
        """
        now, health = self._monotonic(), self._sink.health()
        elapsed = now - self._since
        due = self._every_s if self._sampled else SOONEST_S
        if elapsed >= due or (elapsed >= SOONEST_S and _state(health) != _state(self._before)):
            self._take(now, health, last=False)

    def close(self) -> None:
        """Take the last sample: this process ends as it should."""
        self._take(self._monotonic(), self._sink.health(), last=True)

    def _take(self, now: float, health: Health, *, last: bool) -> None:
        with self._lock:
            lags, self._lags = self._lags, {}
            longest_ms, self._longest_ms = self._longest_ms, 0.0
        text, before = histogram.encode(lags), self._before
        (p95,) = histogram.percentiles(text, (0.95,))
        error = health.last_error
        at = self._now()
        row = {
            "sample_id": row_id(self._process, at),
            "process": self._process,
            "ts": at,
            "minute": int(at.timestamp() // 60),
            "started": self._started,
            "seconds": max(now - self._since, 0.0),
            "last": last,
            "queued": health.queued,
            "queue_high": self._sink.take_queue_high(),
            "spool_waiting": health.spool_waiting,
            "spool_bytes": self._sink.spool_bytes,
            "written": health.committed - before.committed,
            "spooled": health.spooled - before.spooled,
            "not_durable": health.not_durable - before.not_durable,
            "refused": health.refused - before.refused,
            "abandoned": health.abandoned - before.abandoned,
            "lag_n": histogram.total(text),
            "lag_p95_ms": p95,
            "lag_max_ms": longest_ms if lags else None,
            "last_error": None if error is None else clean(error)[:_LONGEST_ERROR],
        }
        self._since, self._before, self._sampled = now, health, True
        self._journal.add(PIPELINE_SAMPLE, row)

    def _kept(self, bundle: Bundle, state: CommitState) -> None:
        """For the writer thread: how long this trace was on its way. Stories of another time have no lag."""
        for request in bundle.requests:
            if state == "not_durable" or request["simulated"] or request["source"] != "router":
                continue
            lag_ms = max((self._time_ns() - request["start_ns"]) / _NS_PER_MS - request["latency_ms"], 0.0)
            with self._lock:
                bucket = histogram.bucket_of(lag_ms)
                self._lags[bucket] = self._lags.get(bucket, 0) + 1
                self._longest_ms = max(self._longest_ms, lag_ms)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._time_ns() / 1e9, tz=UTC)


def _state(health: Health) -> tuple[object, ...]:
    """What somebody who watches would want to know at once."""
    return (
        health.spool_waiting > 0,
        health.last_error,
        health.not_durable,
        health.refused,
        health.abandoned,
    )
