"""A connection to the gateway: how long it may take over a request, and how large a request's head may be.

Who opens many connections and sends a byte now and then (slowloris), or asks for much and never reads it, holds memory
and file descriptors for next to nothing. uvicorn limits only the time between two requests. So here a head, a body and
an answer that is not read have their times, which no honest client comes near; a load balancer in front has its own.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.gateway.leaving import LEAVING, Leaving


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a client has."""

    head_s: float = 10.0
    """For a request's line and headers, from the first byte; on a new connection from its beginning."""
    body_s: float = 120.0
    """For a body."""
    idle_s: float = 15.0
    """Between two pieces of a body."""
    linger_s: float = 5.0
    """For the rest of a body that nobody reads: to close at once could take the answer from the client."""
    stall_s: float = 60.0
    """For reading on, when an answer waits to be read."""


LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers."""
_LATE: Final = (408, "Request Timeout")
_LARGE: Final = (431, "Request Header Fields Too Large")


class Connection(HttpToolsProtocol):
    """uvicorn's connection, which is closed when a client takes too long."""

    patience: ClassVar = Patience()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._whole = False
        """Whether all of a request has come, and nothing of the next."""
        self._in_body = False
        self._head_bytes = 0
        self._began = 0.0
        """When the head, the body or the rest of it that nobody reads began; on the loop's clock."""
        self._last = 0.0
        """When something came last."""
        self._unread = False
        """Whether the request is answered, though not all of it has come."""
        self._leaving = Leaving()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there; its first request is expected."""
        super().connection_made(transport)
        self._began = self.loop.time()
        self._timer = self.loop.call_at(self._began + self.patience.head_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        for timer in (self._timer, self._stall):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        self._leaving.leave()

    def data_received(self, data: bytes) -> None:
        """Most requests come in one piece, and need no timer."""
        if self._whole:
            self._expect()
        if not self._in_body:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._whole and self._unread:  # all of it has come that nobody read; uvicorn waits without end here
            self._expect()
            self._began = self.loop.time()
        if self._whole:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            return
        self._last = self.loop.time()
        if not self._in_body and self._head_bytes > LARGEST_HEAD:
            self._end(_LARGE)
        elif self._timer is None:
            self._began = self._last
            self._timer = self.loop.call_at(self._due(), self._look)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        if self._whole:  # one that came together with the request before it
            self._expect()
        super().on_message_begin()
        self.scope[LEAVING] = self._leaving  # type: ignore[typeddict-unknown-key]

    def on_headers_complete(self) -> None:
        """Its head has come."""
        self._in_body, self._began = True, self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of it has come."""
        self._whole = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered."""
        # With requests that follow without waiting, ``cycle`` is the last one's.
        if not self._whole and self._in_body and self.cycle.response_complete:
            self._unread, self._began = True, self.loop.time()
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self.loop.call_at(self._due(), self._look)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        super().pause_writing()
        if self._stall is None:
            self._stall = self.loop.call_later(self.patience.stall_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read on."""
        super().resume_writing()
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _expect(self) -> None:
        self._whole, self._in_body, self._unread, self._head_bytes = False, False, False, 0

    def _due(self) -> float:
        """When the client is late, if nothing comes."""
        if self._unread:
            return self._began + self.patience.linger_s
        if self._in_body:
            return min(self._began + self.patience.body_s, self._last + self.patience.idle_s)
        return self._began + self.patience.head_s

    def _look(self) -> None:
        now, self._timer = self.loop.time(), None
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and not self._in_body:
            # A next request, before this one is answered: it has to wait, and its time begins then.
            self._began = now
        elif self.flow.read_paused:
            self._last = now  # Not the client's fault: nobody takes what it sends.
        if now < self._due():
            self._timer = self.loop.call_at(self._due(), self._look)
        else:
            self._end(_LATE)

    def _end(self, status: tuple[int, str]) -> None:
        """Close, with a word to a client that has none yet."""
        if self.transport.is_closing():
            return
        answer_begun = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        if not answer_begun and not self._unread:
            code, phrase = status
            self.transport.write(f"HTTP/1.1 {code} {phrase}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        self.transport.close()
