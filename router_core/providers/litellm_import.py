"""litellm as a module: imported once, aside, kept from the network, and held to one HTTP request an attempt.

Redirects are followed by litellm, twenty times, key in hand, and a connection that cannot be made is tried twice. A
guard on its transport holds each attempt of ours to one HTTP request, and looks at answers that come whole as they were
sent. These answers it would also price, twice, and tell its loggers of: a quarter of its time, for what nobody asks.
None of this is changed for calls that others make.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from router_core.errors import BadUpstreamResponse, ProviderError, ProviderUnreachable
from router_core.providers.chat_stream import MAX_EVENT_BYTES, ChatStream
from router_core.providers.upstream_errors import UpstreamError, error_from


@dataclass(slots=True)
class Attempt:
    """What one attempt of ours has sent so far, and what came of it."""

    model: str
    chat: ChatStream | None = None
    """What reads the answer as it was sent; None when it comes as a stream, which litellm's wrapper keeps."""
    requests: int = 0
    answered: bool = False
    """Whether the upstream has begun to answer."""
    text: str = ""
    """What ``chat`` read."""
    error: ProviderError | None = None
    """What ``chat`` found wrong with it."""


_attempt: ContextVar[Attempt | None] = ContextVar("routescope_litellm_attempt", default=None)
_loading = threading.Lock()
_loaded: Any = None
_unlogged: Any = None
"""litellm's own sign of a call that its loggers need not hear of; None before it is imported, or where it has none."""


@contextmanager
def attempting(attempt: Attempt) -> Iterator[None]:
    """Whatever litellm sends in this block belongs to the attempt."""
    token = _attempt.set(attempt)
    unlogged = None if attempt.chat is None else _unlogged
    before = None if unlogged is None else unlogged.set(True)
    try:
        yield
    finally:
        if unlogged is not None:
            unlogged.reset(before)
        _attempt.reset(token)


def load() -> Any:
    """The litellm module, imported with its network and its ``.env`` reading off. Takes seconds the first time."""
    global _loaded
    with _loading:
        if _loaded is None:
            _loaded = _import()
    return _loaded


def _import() -> Any:
    global _unlogged
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    os.environ.setdefault("LITELLM_MODE", "PRODUCTION")
    litellm: Any = importlib.import_module("litellm")
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    transport = importlib.import_module("litellm.llms.custom_httpx.aiohttp_transport").LiteLLMAiohttpTransport
    transport.handle_async_request = _guarded(transport.handle_async_request)
    urls: Any = importlib.import_module("litellm.litellm_core_utils.url_utils")
    urls.validate_url = _unfetched(urls.validate_url, urls.SSRFError)
    # Both are there in the version that is locked; a test says so when another one lacks them.
    inner: Any = importlib.import_module("litellm.utils")
    if hasattr(inner, "update_response_metadata"):
        inner.update_response_metadata = _unpriced(inner.update_response_metadata)
    _unlogged = getattr(inner, "is_internal_call", None)
    return litellm


def _unfetched(check: Any, refusal: type[Exception]) -> Any:
    """litellm's look at an address that it is about to fetch. In attempts of ours it fetches none.

    It would, images for Gemini and Bedrock say: an address that a client chose, fetched from within our network.
    """

    def validate_url(*args: Any, **named: Any) -> Any:
        if _attempt.get() is not None:
            raise refusal("images are fetched by providers, not by RouteScope")
        return check(*args, **named)

    return validate_url


def _unpriced(note: Any) -> Any:
    """litellm's notes on an answer, its price among them; none for whole answers of ours."""

    def update_response_metadata(*args: Any, **named: Any) -> None:
        attempt = _attempt.get()
        if attempt is None or attempt.chat is None:
            note(*args, **named)

    return update_response_metadata


def _guarded(send: Any) -> Any:
    """litellm's way to send a request, for attempts of ours once only and without redirects."""

    async def handle_async_request(transport: Any, request: Any) -> Any:
        attempt = _attempt.get()
        if attempt is None:
            return await send(transport, request)
        attempt.requests += 1
        if attempt.requests > 1:
            raise ProviderUnreachable(f"model {attempt.model!r} cannot be reached: the connection could not be made")
        response = await send(transport, request)
        if 300 <= response.status_code < 400:
            await response.aclose()
            raise error_from(attempt.model, response.status_code, UpstreamError())
        attempt.answered = True
        if attempt.chat is not None:
            return await _read_whole(response, attempt, attempt.chat)
        return response

    return handle_async_request


async def _read_whole(response: Any, attempt: Attempt, chat: ChatStream) -> Any:
    """A response with all of its body, of at most `MAX_EVENT_BYTES`, read by ``chat`` when it is an answer.

    litellm takes a missing finish reason for ``stop``, and a missing count for 0.
    """
    chunks, size = [], 0
    async for chunk in response.stream:
        size += len(chunk)
        if size > MAX_EVENT_BYTES:
            await response.stream.aclose()
            raise BadUpstreamResponse(f"model {attempt.model!r}: the answer is too large")
        chunks.append(chunk)
    await response.stream.aclose()
    said = {"headers": response.headers, "extensions": response.extensions}
    complete = type(response)(response.status_code, content=b"".join(chunks), **said)
    if response.status_code == 200:
        try:
            for text in chat.body(complete.content):
                attempt.text += text
        except ProviderError as error:
            attempt.error = error.with_traceback(None)
            raise
    return complete


async def load_aside() -> Any:
    """`load` in a thread that nobody has to wait for: a loop that ends meanwhile would wait for a worker of its own."""
    if _loaded is not None:
        return _loaded
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(module: Any, error: Exception | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(module)
        else:
            future.set_exception(error)

    def work() -> None:
        module, failed = None, None
        try:
            module = load()
        except Exception as error:  # noqa: BLE001 - whatever an import raises belongs to who waits for it
            failed = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, module, failed)

    threading.Thread(target=work, name="litellm-import", daemon=True).start()
    return await future
