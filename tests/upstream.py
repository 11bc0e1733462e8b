"""A real OpenAI-compatible HTTP server on loopback whose behaviour is scripted request by request.

    with Upstream() as upstream:
        upstream.plays(answer("Paris."), status(500), reset())
        ...                          # call upstream.base_url
        assert len(upstream.seen) == 3

Behaviours are played in order, one a request; the last one repeats. Faults of a connection before there is a request
are a server's `greets`; ports that nobody answers at all are `refused` and `full_backlog`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, TypeAlias

from aiohttp import web


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    at_s: float
    """On the monotonic clock."""


Behaviour: TypeAlias = Callable[[web.Request, Seen], Awaitable[web.StreamResponse]]
Greeting: TypeAlias = Callable[[], asyncio.BaseProtocol]


class Upstream:
    """The server, in a thread of its own with a loop of its own."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.connections = 0
        """Connections that were accepted, whether or not a request came over them."""
        self.closed_early = threading.Event()
        """Set when a client closed its connection while an answer was still being written."""
        self._behaviours: list[Behaviour] = [answer("Hello from upstream.")]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="upstream", daemon=True)
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._greeting: Greeting | None = None
        self.port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def plays(self, *behaviours: Behaviour) -> None:
        """Play these from the next request on."""
        self._behaviours = list(behaviours)

    def greets(self, greeting: Greeting | None) -> None:
        """Treat every further connection so, before any request; None: listen to requests again."""
        self._greeting = greeting

    def __enter__(self) -> Upstream:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _start(self) -> None:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/{path:.*}", self._handle)  # other makers' paths too; `Seen` says which
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        self._server = await self._loop.create_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._runner is not None
        assert self._server is not None
        self._server.close()
        await self._runner.cleanup()

    def _accept(self) -> asyncio.BaseProtocol:
        assert self._runner is not None
        assert self._runner.server is not None
        self.connections += 1
        return self._runner.server() if self._greeting is None else self._greeting()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.path, dict(request.headers), await request.json(), time.monotonic())
        self.seen.append(seen)
        behaviour = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
        try:
            return await behaviour(request, seen)
        except (asyncio.CancelledError, ConnectionError):
            self.closed_early.set()
            raise


# --- behaviours ---------------------------------------------------------------------------------------------
USAGE = {"prompt_tokens": 11, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}


def answer(
    text: str | Sequence[str],
    *,
    finish: str | None = "stop",
    usage: Any = USAGE,
    done: bool = True,
    chunk_s: float = 0.0,
    first_chunk_s: float = 0.0,
    newline: str = "\n",
) -> Behaviour:
    """A proper answer, streamed when the client asks for it."""
    chunks = [text] if isinstance(text, str) else list(text)

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        await asyncio.sleep(first_chunk_s)
        if not seen.body.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", "content": "".join(chunks)}, "finish_reason": finish}
            return web.json_response(_envelope([choice], usage=usage, kind="chat.completion"))
        events: list[dict[str, Any]] = [_envelope([_delta({"role": "assistant", "content": ""})])]
        events += [_envelope([_delta({"content": piece})]) for piece in chunks]
        if finish is not None:
            events.append(_envelope([_delta({}, finish)]))
        if usage is not None:
            events.append(_envelope([], usage=usage))
        lines = [json.dumps(event) for event in events] + (["[DONE]"] if done else [])
        return await _stream(request, lines, chunk_s, newline)

    return play


def calls(*made: tuple[str, str], text: str = "", finish: str = "tool_calls") -> Behaviour:
    """An answer that calls functions, by name and arguments; streamed in pieces when the client asks for it."""
    whole = [
        {"id": f"call-{place}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for place, (name, arguments) in enumerate(made)
    ]

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        if not seen.body.get("stream"):
            message = {"role": "assistant", "content": text or None, "tool_calls": whole}
            choice = {"index": 0, "message": message, "finish_reason": finish}
            return web.json_response(_envelope([choice], usage=USAGE, kind="chat.completion"))
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": text or None}]
        for place, (call, (name, arguments)) in enumerate(zip(whole, made, strict=True)):
            begin = {**call, "index": place, "function": {"name": name, "arguments": ""}}
            deltas.append({"tool_calls": [begin]})
            half = len(arguments) // 2
            for piece in (arguments[:half], arguments[half:]):
                deltas.append({"tool_calls": [{"index": place, "function": {"arguments": piece}}]})
        events = [_envelope([_delta(delta)]) for delta in deltas]
        events += [_envelope([_delta({}, finish)]), _envelope([], usage=USAGE)]
        return await _stream(request, [*map(json.dumps, events), "[DONE]"], 0.0, "\n")

    return play


def events(*lines: str) -> Behaviour:
    """A stream of just these ``data`` lines, closed cleanly after the last."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        return await _stream(request, lines, 0.0, "\n")

    return play


def status(code: int, body: Any = None, **headers: str) -> Behaviour:
    """A failure. ``body``: JSON, or a string sent as it stands. Underscores in header names become hyphens."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, str):
            return web.Response(status=code, text=body, headers=names)
        default = {"error": {"message": f"scripted {code}", "type": "scripted"}}
        return web.json_response(default if body is None else body, status=code, headers=names)

    return play


def echo_key(code: int = 401) -> Behaviour:
    """A refusal that repeats the client's key, as some providers do."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        error = {"message": f"Incorrect API key provided: {key}. Find yours in the console.", "code": "invalid_api_key"}
        return web.json_response({"error": error}, status=code)

    return play


def body(content: str | bytes, content_type: str = "application/json", **headers: str) -> Behaviour:
    """A 200 with just this body. Underscores in header names become hyphens."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        data = content.encode() if isinstance(content, str) else content
        return web.Response(body=data, content_type=content_type, headers=names)

    return play


def cut(*texts: str) -> Behaviour:
    """A stream that loses its connection after these chunks."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        response = await _begin(request)
        for text in texts:
            await response.write(wire(chunk(text)))
        await asyncio.sleep(0.02)
        _drop(request)
        return response

    return play


def reset() -> Behaviour:
    """The connection is reset before any byte of an answer."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        _drop(request)
        return web.Response()

    return play


def raw(data: bytes, then: Literal["close", "reset", "hang"] = "close") -> Behaviour:
    """Just these bytes, whether or not they are HTTP, and then the end of the connection; or no end."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(data)
        await asyncio.sleep(0.02)
        if then == "hang":
            await asyncio.sleep(3600)
        if then == "reset":
            _drop(request)
        else:
            request.transport.close()
        return web.Response()

    return play


def parrot() -> Behaviour:
    """No HTTP, but the client's own headers in a line."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        return await raw(str(seen.headers).encode() + b"\r\n\r\n")(request, seen)

    return play


def body_cut(head: str, sent: bytes, *, claims: int) -> Behaviour:
    """A 200 of type ``head`` that claims ``claims`` bytes of body and sends ``sent``, then closes."""
    lines = f"HTTP/1.1 200 OK\r\nContent-Type: {head}\r\nContent-Length: {claims}\r\n\r\n"
    return raw(lines.encode() + sent)


def hang(*texts: str) -> Behaviour:
    """Some chunks, or not even headers, and then nothing for ever."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        if texts:
            response = await _begin(request)
            for text in texts:
                await response.write(wire(chunk(text)))
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits for an hour")

    return play


def endless(text: str = "word ") -> Behaviour:
    """A stream that never stops."""
    return pours(wire(chunk(text)) * 20)


def pours(block: bytes, *, pause_s: float = 0.0, content_type: str = "text/event-stream") -> Behaviour:
    """A body that is this block again and again, for ever."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        response = await _begin(request, content_type)
        while True:
            await response.write(block)
            await asyncio.sleep(pause_s)

    return play


# --- what is wrong before there is a request ------------------------------------------------------------------
class Slam(asyncio.Protocol):
    """Accepts a connection and resets it at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        _reset(transport)


@contextmanager
def refused() -> Iterator[str]:
    """The base URL of a port that is taken, so that nobody else gets it, and that nobody listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}/v1"


@contextmanager
def full_backlog() -> Iterator[str]:
    """The base URL of a port that neither accepts a connection nor refuses it: its queue is full."""
    with socket.socket() as listener, socket.socket() as first:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


# --- their pieces ---------------------------------------------------------------------------------------------
def chunk(text: str | None, finish: str | None = None, *, index: int = 0, usage: Any = None) -> str:
    """One piece of an answer, as JSON: the data of one event."""
    return json.dumps(_envelope([{**_delta({"content": text}, finish), "index": index}], usage=usage))


def wire(*data: str) -> bytes:
    """Events as they go over the wire."""
    return "".join(f"data: {one}\n\n" for one in data).encode()


async def _stream(request: web.Request, lines: Sequence[str], pause_s: float, newline: str) -> web.StreamResponse:
    response = await _begin(request)
    for line in lines:
        await response.write(f"data: {line}{newline}{newline}".encode())
        await asyncio.sleep(pause_s)
    await response.write_eof()
    return response


async def _begin(request: web.Request, content_type: str = "text/event-stream") -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(request)
    return response


def _drop(request: web.Request) -> None:
    assert request.transport is not None
    _reset(request.transport)


def _reset(transport: asyncio.Transport) -> None:
    # Without lingering a close is a reset: the other side gets an error, not an end.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _envelope(choices: list[Any], *, usage: Any = None, kind: str = "chat.completion.chunk") -> dict[str, Any]:
    value = {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "upstream-1", "choices": choices}
    return value if usage is None else {**value, "usage": usage}


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}


# --- in a process of their own ----------------------------------------------------------------------------------
@contextmanager
def apart(words: int = 0) -> Iterator[tuple[str, str]]:
    """Base URLs of two upstreams whose work costs this process nothing: one answers 500 at once, one answers.

    ``words``: of the answer, each a chunk; 0: the answer that an upstream has by itself.
    """
    command = [sys.executable, "-m", __name__, str(words)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        failing, answering = child.stdout.readline().split()
        yield failing, answering
    finally:
        child.stdin.close()
        child.wait(10)
        child.stdout.close()


def _serve(words: int) -> None:
    """Two upstreams, until standard input closes."""
    with Upstream() as failing, Upstream() as answering:
        failing.plays(status(500))
        if words:
            answering.plays(answer(["word "] * words))
        print(failing.base_url, answering.base_url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
