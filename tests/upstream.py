"""A real OpenAI-compatible HTTP server on loopback whose behaviour is scripted request by request.

    with Upstream() as upstream:
        upstream.plays(answer("Paris."), status(500), reset())
        ...                          # call upstream.base_url
        assert len(upstream.seen) == 3

Behaviours are played in order, one a request; the last one repeats.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeAlias

from aiohttp import web


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Behaviour: TypeAlias = Callable[[web.Request, Seen], Awaitable[web.StreamResponse]]


class Upstream:
    """The server, in a thread of its own with a loop of its own."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.closed_early = threading.Event()
        """Set when a client closed its connection while an answer was still being written."""
        self._behaviours: list[Behaviour] = [answer("Hello from upstream.")]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="upstream", daemon=True)
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def plays(self, *behaviours: Behaviour) -> None:
        """Play these from the next request on."""
        self._behaviours = list(behaviours)

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
        app.router.add_post("/v1/chat/completions", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.path, dict(request.headers), await request.json())
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
    usage: dict[str, Any] | None = USAGE,
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
        events += [_envelope([_delta({"content": chunk})]) for chunk in chunks]
        if finish is not None:
            events.append(_envelope([_delta({}, finish)]))
        if usage is not None:
            events.append(_envelope([], usage=usage))
        lines = [json.dumps(event) for event in events] + (["[DONE]"] if done else [])
        return await _stream(request, lines, chunk_s, newline)

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


def body(text: str, content_type: str = "application/json") -> Behaviour:
    """A 200 with just this body."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type)

    return play


def cut(*chunks: str) -> Behaviour:
    """A stream that loses its connection after these chunks."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        response = await _begin(request)
        for chunk in chunks:
            await response.write(f"data: {json.dumps(_envelope([_delta({'content': chunk})]))}\n\n".encode())
        await asyncio.sleep(0.02)
        _drop(request)
        return response

    return play


def reset() -> Behaviour:
    """The connection is dropped before any byte of an answer."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        _drop(request)
        return web.Response()

    return play


def hang(*chunks: str) -> Behaviour:
    """Some chunks, or not even headers, and then nothing for ever."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        if chunks:
            response = await _begin(request)
            for chunk in chunks:
                await response.write(f"data: {json.dumps(_envelope([_delta({'content': chunk})]))}\n\n".encode())
        await asyncio.sleep(3600)
        raise AssertionError("nobody waits for an hour")

    return play


def endless(chunk: str = "word ") -> Behaviour:
    """A stream that never stops."""

    async def play(request: web.Request, seen: Seen) -> web.StreamResponse:
        response = await _begin(request)
        line = f"data: {json.dumps(_envelope([_delta({'content': chunk})]))}\n\n".encode()
        while True:
            await response.write(line * 20)
            await asyncio.sleep(0)

    return play


async def _stream(request: web.Request, lines: Sequence[str], pause_s: float, newline: str) -> web.StreamResponse:
    response = await _begin(request)
    for line in lines:
        await response.write(f"data: {line}{newline}{newline}".encode())
        await asyncio.sleep(pause_s)
    await response.write_eof()
    return response


async def _begin(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    return response


def _drop(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.abort()


def _envelope(choices: list[Any], *, usage: Any = None, kind: str = "chat.completion.chunk") -> dict[str, Any]:
    value = {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "upstream-1", "choices": choices}
    return value if usage is None else {**value, "usage": usage}


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": finish}
