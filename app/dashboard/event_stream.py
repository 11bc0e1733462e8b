"""One request's events as they come from the gateway: typed, in order, and never blocking their reader.

with EventStream(url, connection, response, tick_s=0.2) as stream:
    for event in stream:      # an event of router_core.events, or None when a tick passed without one
        ...
"""

from __future__ import annotations

import http.client
import queue
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from types import TracebackType

from pydantic import TypeAdapter, ValidationError

from app.dashboard.gateway_error import GatewayError
from router_core import events
from router_core.events import Event

SILENCE_TIMEOUT_S = 300.0
"""Longer than any deadline of the shipped policies, so that only a dead gateway meets it."""
TICK_S = 0.2
MAX_EVENT_BYTES = 16 * 1024 * 1024


class EventStream:
    """The events of one request, in order; iterating gives None when a tick passes without one.

    A thread reads the socket, so that the reader never blocks for longer than a tick and can stop at any moment.
    Closing closes the connection: the gateway cancels the branch that runs.

    Raises (while iterating):
        GatewayError: the stream broke off, or an event could not be understood.
    """

    def __init__(
        self, base_url: str, connection: http.client.HTTPConnection, response: http.client.HTTPResponse, tick_s: float
    ) -> None:
        self._base_url = base_url
        self._connection = connection
        self._response = response
        # The response takes the socket over from the connection; closing needs it.
        self._socket: socket.socket = connection.sock
        self._tick_s = tick_s
        self._closed = threading.Event()
        self._queue: queue.SimpleQueue[Event | GatewayError | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, name="gateway-events", daemon=True)
        self._thread.start()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Event | None]:
        while not self._closed.is_set():
            try:
                item = self._queue.get(timeout=self._tick_s)
            except queue.Empty:
                yield None
                continue
            if isinstance(item, GatewayError):
                raise item
            if item is None:
                return
            yield item

    def close(self) -> None:
        """Hang up. Safe to call twice, and from another thread."""
        if self._closed.is_set():
            return
        self._closed.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(timeout=2.0)
        self._connection.close()

    def _read(self) -> None:
        over = False
        try:
            for kind, data in frames(self._response):
                event = read_event(kind, data)
                if event is not None:
                    self._queue.put(event)
                    over = over or isinstance(event, (events.Settled, events.Failed))
        except TimeoutError:
            self._put_error(f"said nothing for {SILENCE_TIMEOUT_S:.0f} s and was hung up on")
        except (OSError, ValueError, http.client.HTTPException) as error:
            detail = str(error) if isinstance(error, _Unreadable) else "broke off"
            self._put_error(detail)
        else:
            if over:
                self._queue.put(None)
            else:
                self._put_error("ended before the decision was settled")
        finally:
            self._response.close()

    def _put_error(self, what: str) -> None:
        self._queue.put(
            GatewayError(
                f"the stream from the gateway at {self._base_url} {what}; "
                "the decision page shows what was kept, or send the prompt again",
                code="stream_broken",
            )
        )


class _Unreadable(ValueError):
    """An event that breaks the contract; its text completes "the stream from the gateway ..."."""


def frames(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """The ``(event, data)`` pairs of a server-sent event stream (WHATWG HTML, section 9.2), given its lines as bytes.

    Comments and unknown fields are skipped; a frame that the end cuts off is not given out.
    """
    kind, size = "message", 0
    data: list[str] = []
    for raw in lines:
        line = raw.decode("utf-8", "replace").rstrip("\r\n")
        if not line:
            if data:
                yield kind, "\n".join(data)
            kind, data, size = "message", [], 0
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "data":
            size += len(raw)
            if size > MAX_EVENT_BYTES:
                raise _Unreadable(f"sent an event of more than {MAX_EVENT_BYTES // 2**20} MiB")
            data.append(value)


def read_event(kind: str, data: str) -> Event | None:
    """One frame as a typed event; None for a type that this version does not know.

    Raises:
        ValueError: not the JSON of such an event.
    """
    adapter = _adapters().get(kind)
    if adapter is None:
        return None
    try:
        return adapter.validate_json(data)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"]) or "its JSON"
        raise _Unreadable(f"sent a {kind!r} event that cannot be read (at {place})") from None


@cache
def _adapters() -> dict[str, TypeAdapter[Event]]:
    kinds: tuple[type[Event], ...] = (
        events.SignalsRead,
        events.VerdictsGiven,
        events.Planned,
        events.BranchStarted,
        events.Token,
        events.BranchEnded,
        events.Scored,
        events.Escalated,
        events.Answered,
        events.Failed,
        events.Settled,
    )
    return {kind.type: TypeAdapter(kind) for kind in kinds}
