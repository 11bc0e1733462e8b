"""The dashboard's way to the gateway: health, models, explanations, and one request's events as they happen.

Standard library only, so that a page that acts costs no import.

    gateway = Gateway("http://127.0.0.1:4000")
    with gateway.events(Question("What is 6 x 7?", route="chat")) as stream:
        for event in stream:      # typed events of router_core.events, or None when a tick passed without one
            ...

GatewayError                 one clear sentence for the reader; `code` and `status` as the gateway gave them
├── GatewayUnreachable       no connection, or no answer in time
└── GatewayGarbled           it answered, but not in the words of this version
"""

from __future__ import annotations

import http.client
import json
import queue
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from router_core import events
from router_core.request import DataClass, Risk

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 10.0
"""For plain questions; none of them calls a model."""
SILENCE_TIMEOUT_S = 300.0
"""For a stream: longer than any deadline of the shipped policies, so that only a dead gateway meets it."""
TICK_S = 0.2
MAX_EVENT_BYTES = 16 * 1024 * 1024

Parsed: TypeAlias = events.Event


class GatewayError(Exception):
    """The gateway refused, or could not be asked. ``str(error)`` is one sentence to show."""

    def __init__(self, message: str, *, code: str = "gateway_error", status: int | None = None) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


class GatewayUnreachable(GatewayError):
    """Nobody answers at the gateway's address."""


class GatewayGarbled(GatewayError):
    """What came back is not what this version of the gateway sends."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the playground asks. None leaves the policy's own value in force."""

    prompt: str
    route: str | None = None
    risk: Risk = "low"
    data_class: DataClass = "internal"
    cost_cap_usd: float | None = None
    deadline_ms: int | None = None
    max_tokens: int | None = None
    tags: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """The request as the gateway's JSON."""
        context: dict[str, Any] = {"risk": self.risk, "data_class": self.data_class}
        if self.cost_cap_usd is not None:
            context["cost_cap_usd"] = self.cost_cap_usd
        if self.deadline_ms is not None:
            context["deadline_ms"] = self.deadline_ms
        if self.tags:
            context["tags"] = list(self.tags)
        return {
            "messages": [{"role": "user", "content": self.prompt}],
            "route": self.route,
            "context": context,
            "max_tokens": self.max_tokens,
            "purpose": "playground",
        }


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """A route that can be asked for."""

    name: str
    """Without the prefix ``route/``."""
    description: str
    default: bool = False
    """Whether it is taken when none is asked for."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model of the policy and whether it can answer now."""

    name: str
    tier: str
    location: str
    ready: bool
    reason: str
    """Why it is not ready, in words; empty when it is."""
    progress: float | None
    """Share of its file that is here, 0..1; None when nothing is being fetched."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the gateway serves."""

    routes: tuple[RouteEntry, ...]
    models: tuple[ModelEntry, ...]

    @property
    def waiting(self) -> tuple[ModelEntry, ...]:
        """Models that cannot answer yet."""
        return tuple(model for model in self.models if not model.ready)


class Gateway:
    """One gateway, by its base URL. Holds no connection; every call makes its own."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise GatewayError(
                f"the gateway's address {base_url!r} is not a URL; set ROUTESCOPE_GATEWAY_URL like http://127.0.0.1:4000",
                code="bad_address",
            )
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        try:
            self._port = parts.port
        except ValueError:
            raise GatewayError(
                f"the gateway's address {base_url!r} has no usable port; give one of 1 to 65535", code="bad_address"
            ) from None
        self._prefix = parts.path

    def health(self) -> dict[str, Any]:
        """What ``/healthz`` says.

        Raises:
            GatewayError
        """
        return self._ask("GET", "/healthz")

    def catalogue(self) -> Catalogue:
        """Routes and models, with the state of each model.

        Raises:
            GatewayError
        """
        listing = self._ask("GET", "/v1/models").get("data")
        if not isinstance(listing, list):
            raise self._garbled("its list of models has no entries")
        routes, models = [], []
        for entry in listing:
            more = entry.get("routescope") if isinstance(entry, dict) else None
            if not isinstance(more, dict):
                continue
            name = str(entry.get("id", ""))
            if more.get("kind") == "route":
                description = str(more.get("description") or "")
                routes.append(RouteEntry(name.removeprefix("route/"), description, more.get("default") is True))
            elif more.get("kind") == "model":
                models.append(_model(name, more))
        return Catalogue(tuple(routes), tuple(models))

    def explain(self, question: Question) -> dict[str, Any]:
        """The decision that a question would get, with no model called.

        Raises:
            GatewayError
        """
        return self._ask("POST", "/v1/route/explain", question.body())

    def events(self, question: Question, *, tick_s: float = TICK_S) -> EventStream:
        """Route a question and follow it.

        Raises:
            GatewayError: refused before the first event.
        """
        connection = self._connect()
        try:
            response = self._send(connection, "POST", "/v1/route/events", question.body(), accept="text/event-stream")
            if response.status != http.client.OK:
                raise self._refusal(response.status, self._read(response))
            kind = response.headers.get_content_type()
            if kind != "text/event-stream":
                raise self._garbled(f"it sent {kind} where events were expected")
            connection.sock.settimeout(SILENCE_TIMEOUT_S)
        except BaseException:
            connection.close()
            raise
        return EventStream(self.base_url, connection, response, tick_s)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        connection = self._connect()
        try:
            response = self._send(connection, method, path, body, accept="application/json")
            raw = self._read(response)
            if response.status != http.client.OK:
                raise self._refusal(response.status, raw)
        finally:
            connection.close()
        try:
            value = json.loads(raw)
        except ValueError:
            raise self._garbled(f"{path} did not answer in JSON") from None
        if not isinstance(value, dict):
            raise self._garbled(f"{path} did not answer with an object")
        return value

    def _connect(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=CONNECT_TIMEOUT_S)
        try:
            connection.connect()
        except OSError:
            raise self._unreachable() from None
        connection.sock.settimeout(ANSWER_TIMEOUT_S)
        return connection

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        accept: str,
    ) -> http.client.HTTPResponse:
        headers = {"Accept": accept}
        payload = None
        if body is not None:
            try:
                payload = json.dumps(body, ensure_ascii=False).encode("utf-8")
            except UnicodeEncodeError as error:
                raise GatewayError(
                    f"the prompt holds a lone surrogate near character {error.start + 1}; send valid Unicode",
                    code="invalid_text",
                ) from None
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, self._prefix + path, payload, headers)
            return connection.getresponse()
        except TimeoutError:
            raise self._silent(ANSWER_TIMEOUT_S) from None
        except (OSError, http.client.HTTPException):
            raise self._unreachable() from None

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            return response.read(MAX_EVENT_BYTES)
        except TimeoutError:
            raise self._silent(ANSWER_TIMEOUT_S) from None
        except (OSError, http.client.HTTPException):
            raise self._unreachable() from None

    def _refusal(self, status: int, raw: bytes) -> GatewayError:
        """The gateway's own sentence, if it gave one."""
        try:
            error = json.loads(raw)["error"]
            return GatewayError(str(error["message"]), code=str(error.get("code") or "gateway_error"), status=status)
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._garbled(f"it refused with HTTP {status} and no reason", status=status)

    def _unreachable(self) -> GatewayUnreachable:
        return GatewayUnreachable(
            f"the gateway at {self.base_url} does not answer; start it with `routescope serve`", code="unreachable"
        )

    def _silent(self, seconds: float) -> GatewayUnreachable:
        return GatewayUnreachable(
            f"the gateway at {self.base_url} said nothing for {seconds:.0f} s; see its terminal for the cause",
            code="unreachable",
        )

    def _garbled(self, what: str, *, status: int | None = None) -> GatewayGarbled:
        return GatewayGarbled(
            f"the gateway at {self.base_url} cannot be understood: {what}; "
            "check that it is a RouteScope gateway of this version",
            code="garbled",
            status=status,
        )


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
        self._queue: queue.SimpleQueue[Parsed | GatewayError | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, name="gateway-events", daemon=True)
        self._thread.start()

    def __enter__(self) -> EventStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Parsed | None]:
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


def frames(lines: Any) -> Iterator[tuple[str, str]]:
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


def read_event(kind: str, data: str) -> Parsed | None:
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
def _adapters() -> dict[str, TypeAdapter[Parsed]]:
    kinds: tuple[type[Parsed], ...] = (
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


def _model(name: str, more: Mapping[str, Any]) -> ModelEntry:
    progress = more.get("progress")
    known = isinstance(progress, (int, float)) and not isinstance(progress, bool)
    return ModelEntry(
        name=name,
        tier=str(more.get("tier") or ""),
        location=str(more.get("location") or ""),
        ready=more.get("ready") is True,
        reason=str(more.get("reason") or ""),
        progress=min(max(float(progress), 0.0), 1.0) if known and progress is not None else None,
    )
