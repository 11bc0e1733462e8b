"""Collects spans into whole traces and hands them to one writer thread, which loses none in silence.

A trace is queued when its root ends. The queue is bounded and pushes back: whoever ends a root waits while it is full.
Everything queued while a commit runs joins the next one, so that commits are immediate when idle and grouped under
load. The processor is also the router's decision sink: `committed` says where a trace's rows are.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from telemetry.bundler import Bundler, RowMaker, Source
from telemetry.content import ContentPolicy, Redact
from telemetry.health import Health
from telemetry.recorder import Recorder
from telemetry.rows import Bundle, is_root

CommitState: TypeAlias = Literal["committed", "spooled", "not_durable", "queued"]
Durability: TypeAlias = Literal["commit", "async"]
Listener: TypeAlias = "Callable[[Bundle, CommitState], None]"
"""Told of the rows of each trace and where they are, by the writer thread, once nobody waits for them any more."""
Waiter: TypeAlias = "tuple[asyncio.AbstractEventLoop, asyncio.Future[CommitState]]"

QUEUE_LIMIT = 4096
"""Traces in memory before whoever ends a root has to wait."""
BATCH_LIMIT = 256
"""Traces in one transaction."""
GATHER_S = 0.002
"""Least time between two commits under load."""
SHARE = 3.0
"""Or so many times as long as the last batch took, if that is more: a batch costs as much as ten traces in it do."""
LONGEST_GATHER_S = 0.02
"""That is at most so much, however long the last batch took."""
ASIDE_S = 0.0002
"""Time for the event loop to see that a commit is made."""
OPEN_LIMIT = 16_384
"""Traces whose root has not ended; beyond it the oldest is given up."""
REMEMBERED = 16_384
"""Finished traces whose state is still known, for those who ask late, and for spans that end after their root."""
ANSWER_S = 5.0
"""Longest time that `committed` waits."""
PUSH_BACK_S = 10.0
"""Longest time that ending a root waits for room in the queue."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Trace:
    """A finished trace on its way."""

    trace_id: int
    source: Source
    """Our spans, or what makes the rows of others'."""
    queued_at: float
    waiters: list[Waiter] = field(default_factory=list)


class DecisionProcessor(SpanProcessor):
    """A span processor and a decision sink. Safe for threads, event loops and forks."""

    def __init__(
        self,
        recorder: Recorder,
        content: ContentPolicy,
        *,
        durability: Durability = "commit",
        queue_limit: int = QUEUE_LIMIT,
        gather_s: float = GATHER_S,
        redact_keys: Redact | None = None,
    ) -> None:
        self._recorder = recorder
        self._bundler = Bundler(content, redact_keys)
        self._durability = durability
        self._queue_limit = queue_limit
        self._gather_s = gather_s
        self._listeners: tuple[Listener, ...] = ()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._open: OrderedDict[int, list[ReadableSpan]] = OrderedDict()
        self._queue: deque[_Trace] = deque()
        self._pending: dict[int, _Trace] = {}
        self._finished: OrderedDict[int, CommitState] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._joining = False
        """Whether the writer waits for traces that are under way."""
        self._taken = self._settled = self._foreign = self._queue_high = 0
        self._committed = self._spooled = self._not_durable = self._abandoned = 0
        if hasattr(os, "register_at_fork"):
            alive = weakref.WeakMethod(self._after_fork)
            os.register_at_fork(after_in_child=lambda: _call(alive))

    # --- as a span processor --------------------------------------------------------------------------------

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing is known yet."""

    def on_end(self, span: ReadableSpan) -> None:
        """Keep a child until its root ends; queue the whole trace when it does. Waits while the queue is full."""
        context = span.get_span_context()
        if context is None or not context.is_valid:
            return
        trace_id, root = context.trace_id, is_root(span)
        # The lock itself: entering a condition is two calls more, for each span of each request.
        with self._lock:
            if root:
                self._enqueue(trace_id, [*self._open.pop(trace_id, ()), span])
            elif trace_id in self._pending or trace_id in self._finished:
                self._enqueue(trace_id, [span])
            else:
                self._open.setdefault(trace_id, []).append(span)
                if len(self._open) > OPEN_LIMIT:
                    self._open.popitem(last=False)
                    self._abandoned += 1

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until all that was queued before is kept.

        Returns:
            True when all of it is in the database or on the spool; False when time ran out or something was lost.
        """
        with self._changed:
            target, lost = self._taken, self._not_durable
            kept = self._changed.wait_for(lambda: self._settled >= target, timeout_millis / 1e3)
            return kept and self._not_durable == lost

    def shutdown(self) -> None:
        """See `close`."""
        self.close()

    def close(self, timeout_s: float = 30.0) -> bool:
        """Keep what is queued, then stop. Spans that end later are counted as not durable.

        Returns:
            True when everything that was queued is in the database or on the spool.
        """
        with self._changed:
            self._closed = True
            self._abandoned += len(self._open)
            self._open.clear()
            thread, lost = self._thread, self._not_durable
            self._changed.notify_all()
        if thread is None:
            self._recorder.close()
            return True
        if thread is not threading.current_thread():
            thread.join(timeout_s)
        return not thread.is_alive() and self._not_durable == lost

    def listen(self, listener: Listener) -> None:
        """Have somebody told of every trace from now on. It must not wait: the next commit would."""
        self._listeners = (*self._listeners, listener)

    # --- as a decision sink ---------------------------------------------------------------------------------

    async def committed(self, trace_id: int) -> CommitState:
        """Where the trace's rows are, waiting for it without blocking the event loop.

        ``committed``: in the database. ``spooled``: on disk. ``not_durable``: neither, also when it takes longer than
        `ANSWER_S`, or when the trace is unknown. ``queued``: durability is async; waits only while the queue is half
        full, so that a flood is slowed down here rather than in `on_end`.
        """
        if self._durability == "async":
            while len(self._queue) > self._queue_limit // 2:  # noqa: ASYNC110 - an event would cost every trace
                await asyncio.sleep(0.005)
            return "queued"
        loop = asyncio.get_running_loop()
        with self._changed:
            state = self._finished.get(trace_id)
            if state is not None:
                return state
            trace = self._pending.get(trace_id)
            if trace is None:
                return "not_durable"
            future: asyncio.Future[CommitState] = loop.create_future()
            trace.waiters.append((loop, future))
        return await _within_bounds(loop, future)

    async def keep(self, rows: RowMaker) -> CommitState | None:
        """Keep rows that are not made of our own spans; ``rows`` is called by the writer thread.

        None, and nothing is kept, while the queue is half full: whoever sends them is to come again.
        """
        loop = asyncio.get_running_loop()
        with self._changed:
            if self._closed or len(self._queue) >= self._queue_limit // 2:
                return None
            self._foreign -= 1
            # A number that is no trace's, so that nobody's spans are taken for these.
            trace_id = self._foreign
            self._enqueue(trace_id, rows)
            trace = self._pending[trace_id]
            future: asyncio.Future[CommitState] = loop.create_future()
            trace.waiters.append((loop, future))
        return await _within_bounds(loop, future)

    def health(self) -> Health:
        """The present state."""
        with self._changed:
            oldest = next(iter(self._pending.values()), None)
            return Health(
                queued=len(self._pending),
                committed=self._committed,
                spooled=self._spooled,
                spool_waiting=self._recorder.waiting,
                not_durable=self._not_durable,
                refused=self._recorder.refused,
                abandoned=self._abandoned,
                lag_ms=0.0 if oldest is None else (time.monotonic() - oldest.queued_at) * 1e3,
                last_error=self._recorder.last_error,
            )

    def take_queue_high(self) -> int:
        """The most traces that were queued at once since this was asked last."""
        with self._changed:
            high, self._queue_high = self._queue_high, len(self._queue)
            return high

    @property
    def spool_bytes(self) -> int:
        """What the traces on this process's spool take there."""
        return self._recorder.waiting_bytes

    # --- the queue; all of these are called with the lock held ------------------------------------------------

    def _enqueue(self, trace_id: int, source: Source) -> None:
        if not self._closed:
            self._changed.wait_for(lambda: len(self._queue) < self._queue_limit or self._closed, PUSH_BACK_S)
        if self._closed or len(self._queue) >= self._queue_limit:
            self._not_durable += 1
            self._remember(trace_id, "not_durable")
            _log.error("a trace was not kept: %s", "telemetry is closed" if self._closed else "the queue is stuck")
            return
        trace = _Trace(trace_id, source, time.monotonic())
        self._queue.append(trace)
        self._queue_high = max(self._queue_high, len(self._queue))
        self._taken += 1
        # Late spans must not replace the trace that the router waits for.
        self._pending.setdefault(trace_id, trace)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="routescope-telemetry", daemon=True)
            self._thread.start()
        if len(self._queue) == 1 or len(self._queue) >= BATCH_LIMIT or (self._joining and not self._open):
            # In between the writer gathers, and waking it for each trace would keep those away who make them.
            self._changed.notify_all()

    def _nobody_else_comes(self) -> bool:
        """Whether no trace is under way, or a batch is full anyway."""
        return not self._open or len(self._queue) >= BATCH_LIMIT or self._closed

    def _remember(self, trace_id: int, state: CommitState) -> None:
        self._finished[trace_id] = state
        if len(self._finished) > REMEMBERED:
            self._finished.popitem(last=False)

    # --- the writer thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        last_commit = gather = 0.0
        while True:
            batch = self._next_batch(last_commit, gather)
            if batch:
                began = time.monotonic()
                last_commit = self._keep(batch)
                gather = max(self._gather_s, min(SHARE * (last_commit - began), LONGEST_GATHER_S))
            elif self._closed:
                break
            self._catch_up()
        self._recorder.close()

    def _next_batch(self, last_commit: float, gather: float) -> list[_Trace]:
        with self._changed:
            if not self._queue and not self._closed:
                self._changed.wait(self._recorder.retry_in())
            left = last_commit + gather - time.monotonic()
            if left > 0 and self._queue:
                self._joining = True
                self._changed.wait_for(self._nobody_else_comes, left)
                self._joining = False
            left = last_commit + GATHER_S - time.monotonic()
            # A lone trace has nobody to wait for: one client that asks again and again is answered at once.
            if left > 0 and len(self._queue) > 1 and not self._closed:
                self._changed.wait_for(lambda: len(self._queue) >= BATCH_LIMIT or self._closed, left)
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), BATCH_LIMIT))]
            self._changed.notify_all()
            return batch

    def _keep(self, batch: list[_Trace]) -> float:
        """Make rows, keep them, and tell everybody. Returns the time at which they were kept."""
        sound: list[_Trace] = []
        bundles: list[Bundle] = []
        for trace, bundle in zip(batch, self._bundler.bundles([trace.source for trace in batch]), strict=True):
            if bundle is None:
                self._settle([trace], "not_durable")
            else:
                sound.append(trace)
                bundles.append(bundle)
        state: CommitState = "not_durable"
        try:
            state = self._recorder.record(bundles)
        except Exception:  # noqa: BLE001 - the edge: the thread has to live and the count has to be right
            _log.exception("a batch of traces was not kept")
        self._settle(sound, state)
        kept_at = time.monotonic()
        # Who waited goes first: behind what follows they would wait for the interpreter.
        time.sleep(ASIDE_S)
        self._tell(bundles, state)
        return kept_at

    def _tell(self, bundles: list[Bundle], state: CommitState) -> None:
        for listener in self._listeners:
            try:
                for bundle in bundles:
                    listener(bundle, state)
            except Exception:  # noqa: BLE001 - the edge: what is kept stays kept, whoever cannot bear to hear of it
                _log.exception("a listener of telemetry failed")

    def _catch_up(self) -> None:
        try:
            # A trace that waits for its answer goes before one that is safe on disk already.
            while not self._queue and self._recorder.catch_up():
                pass
        except Exception:  # noqa: BLE001 - the edge: the thread has to live
            _log.exception("the spool was not replayed")

    def _settle(self, batch: list[_Trace], state: CommitState) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[CommitState]]] = {}
        with self._changed:
            for trace in batch:
                if self._pending.get(trace.trace_id) is trace:
                    del self._pending[trace.trace_id]
                self._remember(trace.trace_id, state)
                for loop, future in trace.waiters:
                    by_loop.setdefault(loop, []).append(future)
            self._settled += len(batch)
            self._committed += len(batch) if state == "committed" else 0
            self._spooled += len(batch) if state == "spooled" else 0
            self._not_durable += len(batch) if state == "not_durable" else 0
            self._changed.notify_all()
        for loop, futures in by_loop.items():
            try:
                loop.call_soon_threadsafe(_resolve, futures, state)
            except RuntimeError:
                _log.debug("the event loop that asked is closed")

    # --- fork -----------------------------------------------------------------------------------------------

    def _after_fork(self) -> None:
        """In the child: what was queued is the parent's to write, its thread and its lock are not here."""
        self._recorder.forget()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        for container in (self._open, self._queue, self._pending, self._finished):
            container.clear()
        self._thread = None
        self._taken = self._settled = 0
        self._committed = self._spooled = self._not_durable = self._abandoned = 0


async def _within_bounds(loop: asyncio.AbstractEventLoop, future: asyncio.Future[CommitState]) -> CommitState:
    bound = loop.call_later(ANSWER_S, _resolve, [future], "not_durable")
    try:
        return await future
    finally:
        bound.cancel()


def _resolve(futures: list[asyncio.Future[CommitState]], state: CommitState) -> None:
    for future in futures:
        if not future.done():
            future.set_result(state)


def _call(method: weakref.WeakMethod[Any]) -> None:
    alive = method()
    if alive is not None:
        alive()
