"""Any endpoint that speaks OpenAI's chat completions, over aiohttp and nothing else.

One attempt, streamed: no retries, no redirects, no guesses. aiohttp is imported at the first call.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from router_core.errors import BadUpstreamResponse, ProviderError, ProviderTimeout, ProviderUnreachable
from router_core.providers.base import READY, Call, CallBegun, Readiness, StreamItem, TextChunk
from router_core.providers.chat_request import request_body
from router_core.providers.chat_stream import MAX_EVENT_BYTES, ChatStream, EventLines
from router_core.providers.keys import NO_KEY, Key, redact
from router_core.providers.upstream_errors import UpstreamError, error_from

if TYPE_CHECKING:
    import aiohttp

_LLAMA = "llama.cpp"
"""A server that closes after each answer without a word: the next call would be written into a closed socket."""
USAGE_GRACE_S = 2.0
"""How long the counts may follow the finish reason, before they count as unknown. The answer waits for them."""


@lru_cache(256)
def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ChatTransport:
    """Sends calls and reads their streams. One HTTP session per event loop, shared by concurrent calls."""

    def __init__(self) -> None:
        self._sessions: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession]
        self._sessions = weakref.WeakKeyDictionary()
        self._lasting: set[str] = set()
        """Addresses on this machine whose server keeps connections, as it has said by its name."""

    async def stream(
        self, call: Call, *, base_url: str, upstream_model: str, key: Key
    ) -> AsyncGenerator[StreamItem, None]:
        """See `Provider.stream`; ``base_url`` goes up to and with ``/v1``."""
        deadline = time.monotonic() + call.timeout_s
        response = await self._open(call, base_url, upstream_model, key, deadline)
        try:
            chat = ChatStream(call.model, call.max_output_tokens, (key.value,))
            if "json" in response.content_type and "event" not in response.content_type:
                text = chat.whole(await _body(response, call, deadline))
                if text:
                    yield TextChunk(text, whole=True)
                yield chat.completion()
                return
            lines = EventLines()
            while not chat.done:
                chunk = await _read(response, call, chat, deadline)
                begun = chat.calling
                try:
                    events = list(lines.feed(chunk) if chunk else lines.rest())
                except ValueError:
                    raise BadUpstreamResponse(f"model {call.model!r}: an event is too large to be one") from None
                # What came together goes on together: each piece passes a dozen hands on its way to the client.
                text, fault = _text_of(chat, events)
                if text:
                    yield TextChunk(text)
                if chat.calling and not begun:
                    yield CallBegun()
                if fault is not None:
                    raise fault
                if not chunk:
                    break
            yield chat.completion()
        finally:
            response.close()

    async def _open(
        self, call: Call, base_url: str, upstream_model: str, key: Key, deadline: float
    ) -> aiohttp.ClientResponse:
        import aiohttp

        url = f"{base_url.rstrip('/')}/chat/completions"
        lasting = url in self._lasting or not is_loopback(_host(url))
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                response = await self._session().post(
                    url,
                    data=_encoded(request_body(call, upstream_model)),
                    headers=_headers(url, key, lasting=lasting),
                    allow_redirects=False,
                    proxy=_proxy(url),
                )
        except TimeoutError:
            raise _timed_out(call) from None
        except aiohttp.ClientResponseError as error:
            raise BadUpstreamResponse(f"model {call.model!r}: the answer is not HTTP: {_reason(error, key)}") from None
        except (aiohttp.InvalidURL, aiohttp.ClientError, OSError, ValueError) as error:
            raise ProviderUnreachable(f"model {call.model!r} cannot be reached: {_reason(error, key)}") from None
        if response.status == 200:
            if _LLAMA not in response.headers.get("Server", _LLAMA):
                self._lasting.add(url)
            return response
        raise await _refusal(response, call, key, deadline)

    def _session(self) -> aiohttp.ClientSession:
        import aiohttp

        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            self._forget_dead_loops()
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            self._sessions[loop] = session
        return session

    def _forget_dead_loops(self) -> None:
        """A loop that ended without `aclose` took its sockets along; only the bookkeeping is left."""
        for loop, session in list(self._sessions.items()):
            if loop.is_closed():
                session.detach()
                del self._sessions[loop]

    async def aclose(self) -> None:
        """Close this loop's session, and ask the other loops to close theirs."""
        self._forget_dead_loops()
        current = asyncio.get_running_loop()
        for loop, session in list(self._sessions.items()):
            if loop is current:
                await session.close()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(session.close(), loop)
            del self._sessions[loop]


async def _refusal(response: aiohttp.ClientResponse, call: Call, key: Key, deadline: float) -> ProviderError:
    """What a status other than 200 means. Returned, not raised: the body may echo the key, and this frame holds it."""
    try:
        body = await _body(response, call, deadline)
    except (BadUpstreamResponse, ProviderTimeout):
        body = b""  # the status alone says enough
    finally:
        response.close()
    return error_from(
        call.model,
        response.status,
        UpstreamError.from_body(body),
        secrets=(key.value,),
        retry_after=response.headers.get("Retry-After"),
    )


def _text_of(chat: ChatStream, events: Sequence[bytes]) -> tuple[str, ProviderError | None]:
    """The text of events that came together, up to the end mark or to one that is at fault."""
    texts: list[str] = []
    try:
        for data in events:
            texts.append(chat.event(data))
            if chat.done:
                break
    except ProviderError as error:
        return "".join(texts), error
    return "".join(texts), None


def _at_hand(response: aiohttp.ClientResponse) -> bytes:
    """Bytes that are here already, so that nobody has to watch the time; else empty."""
    content = response.content
    return b"" if content.exception() is not None else content.read_nowait()


async def _read(response: aiohttp.ClientResponse, call: Call, chat: ChatStream, deadline: float) -> bytes:
    """The next bytes, empty at the end."""
    import aiohttp

    if here := _at_hand(response):
        return here
    left = deadline - time.monotonic()
    if chat.finish_reason is not None:
        # The deadline is the caller's too: what he has been told to be complete must come home before it.
        left = min(left / 2, USAGE_GRACE_S)
    try:
        async with asyncio.timeout(left):
            return await response.content.readany()
    except TimeoutError:
        if chat.finish_reason is not None:
            return b""
        raise _timed_out(call) from None
    except (aiohttp.ClientError, OSError):
        if chat.finish_reason is not None:
            return b""
        raise chat.cut() from None


async def _body(response: aiohttp.ClientResponse, call: Call, deadline: float) -> bytes:
    """The whole body, of at most `MAX_EVENT_BYTES`."""
    import aiohttp

    body = _at_hand(response)
    if not response.content.at_eof():
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                while len(body) <= MAX_EVENT_BYTES and (chunk := await response.content.readany()):
                    body += chunk
        except TimeoutError:
            raise _timed_out(call) from None
        except (aiohttp.ClientError, OSError):
            raise BadUpstreamResponse(f"model {call.model!r}: the answer broke off") from None
    if len(body) > MAX_EVENT_BYTES:
        raise BadUpstreamResponse(f"model {call.model!r}: the answer is too large")
    return body


def _headers(url: str, key: Key, *, lasting: bool) -> dict[str, str]:
    """Never kept in a variable: an error's traceback would hold the key, and some reporters show variables."""
    headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
    if not lasting:
        headers["Connection"] = "close"
    if key.value:
        headers["Authorization"] = f"Bearer {key.value}"
    return headers


def _encoded(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # a whole number beyond 64 bits, say
        return json.dumps(body).encode()


def _reason(error: Exception, key: Key) -> str:
    return redact(str(error) or type(error).__name__, (key.value,))


def _timed_out(call: Call) -> ProviderTimeout:
    return ProviderTimeout(f"model {call.model!r} did not answer within {call.timeout_s:g} s")


def _proxy(url: str) -> str | None:
    """The environment's proxy for ``url``, never for this machine itself."""
    host = _host(url)
    if is_loopback(host):
        return None
    # aiohttp, which was imported for this call, has imported it.
    from urllib.request import getproxies, proxy_bypass

    return None if proxy_bypass(host) else getproxies().get(urlsplit(url).scheme)


@lru_cache(256)
def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


class OpenAIProvider:
    """One model of an OpenAI-compatible endpoint."""

    name = "openai"

    def __init__(self, *, base_url: str, upstream_model: str, key: Key = NO_KEY) -> None:
        self._base_url = base_url
        self._upstream_model = upstream_model
        self._key = key
        self._transport = ChatTransport()
        self._readiness = Readiness(False, key.missing) if key.missing else READY

    def stream(self, call: Call) -> AsyncIterator[StreamItem]:
        """See `Provider.stream`."""
        return self._transport.stream(call, base_url=self._base_url, upstream_model=self._upstream_model, key=self._key)

    def readiness(self) -> Readiness:
        """See `Provider.readiness`: only the key is looked at."""
        return self._readiness

    async def aclose(self) -> None:
        """See `Provider.aclose`."""
        await self._transport.aclose()
