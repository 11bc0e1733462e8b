"""The dashboard's way to the gateway: health, models, explanations, and one request's events as they happen.

Standard library only, so that a page that acts costs no import.

    gateway = Gateway("http://127.0.0.1:4000")
    with gateway.events(Question("What is 6 x 7?", route="chat")) as stream:
        for event in stream:      # typed events of router_core.events, or None when a tick passed without one
            ...

Raises the errors of `app.dashboard.gateway_error`.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from app.dashboard.budgets import Budget, budgets_of
from app.dashboard.event_stream import SILENCE_TIMEOUT_S, TICK_S, EventStream
from app.dashboard.gateway_error import GatewayError, GatewayGarbled, GatewayUnreachable
from app.login.acting import HEADER, header_of
from app.settings import KEY_VARIABLE, gateway_key
from router_core.request import DataClass, Risk

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 10.0
"""For plain questions; none of them calls a model."""
MAX_ANSWER_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """What the playground asks. None leaves the policy's own value in force."""

    prompt: str
    route: str | None = None
    """A route's name, or a model's, which is then asked without routing."""
    risk: Risk = "low"
    data_class: DataClass = "internal"
    cost_cap_usd: float | None = None
    deadline_ms: int | None = None
    max_tokens: int | None = None
    tags: tuple[str, ...] = ()
    turns: tuple[tuple[str, str], ...] = ()
    """What was said before in this conversation: roles and texts."""

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
            "messages": [{"role": role, "content": text} for role, text in (*self.turns, ("user", self.prompt))],
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

    def __init__(
        self,
        base_url: str,
        *,
        patience_s: float = ANSWER_TIMEOUT_S,
        key: str | None = None,
        operator: str | None = None,
    ) -> None:
        """One at a base URL.

        Args:
            base_url: as http://127.0.0.1:4000.
            patience_s: how long a plain question, or a connection, may take.
            key: what to show to the gateway; by default what the environment holds, if anything.
            operator: the name of whoever has logged in and acts, if anybody has.
        """
        self._operator = operator
        self._patience_s = patience_s
        self._key = gateway_key() if key is None else key
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

    def models_health(self) -> dict[str, Any]:
        """What ``/v1/models/health`` says (`app.gateway.health`).

        Raises:
            GatewayError
        """
        return self._ask("GET", "/v1/models/health")

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

    def budgets(self) -> tuple[Budget, ...]:
        """What the policy's budgets allow and what is spent of them, in the policy's order.

        Raises:
            GatewayError
        """
        try:
            return budgets_of(self._ask("GET", "/v1/budgets"))
        except ValueError as error:
            raise self._garbled(str(error)) from None

    def explain(self, question: Question) -> dict[str, Any]:
        """The decision that a question would get, with no model called.

        Raises:
            GatewayError
        """
        return self._ask("POST", "/v1/route/explain", question.body())

    def feedback(self, decision_id: str, label: Literal["good", "bad"], comment: str = "") -> dict[str, Any]:
        """Say what one thinks of an answer; ``comment`` of the answer says whether the words were kept.

        Raises:
            GatewayError
        """
        said = {"decision_id": decision_id, "label": label, "comment": comment or None}
        return self._ask("POST", "/v1/feedback", said)

    def silence(self, rule: str, subject: str | None, minutes: float, why: str = "") -> dict[str, Any]:
        """Have nobody told of a rule, or of one subject of it, for so many minutes.

        Raises:
            GatewayError
        """
        said = {"rule": rule, "subject": subject, "minutes": float(minutes), "why": why}
        return self._ask("POST", "/v1/alerts/silences", said)

    def unsilence(self, silence_id: str) -> dict[str, Any]:
        """Take a silence back before its time.

        Raises:
            GatewayError
        """
        return self._ask("POST", "/v1/alerts/silences/end", {"silence_id": silence_id})

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
        connection = kind(self._host, self._port, timeout=min(CONNECT_TIMEOUT_S, self._patience_s))
        try:
            connection.connect()
        except OSError:
            raise self._unreachable() from None
        connection.sock.settimeout(self._patience_s)
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
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        if self._operator is not None:
            headers[HEADER] = header_of(self._operator)
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
            raise self._silent(self._patience_s) from None
        except (OSError, http.client.HTTPException):
            raise self._unreachable() from None

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            return response.read(MAX_ANSWER_BYTES)
        except TimeoutError:
            raise self._silent(self._patience_s) from None
        except (OSError, http.client.HTTPException):
            raise self._unreachable() from None

    def _refusal(self, status: int, raw: bytes) -> GatewayError:
        """The gateway's own sentence, if it gave one."""
        if status == http.client.UNAUTHORIZED:
            return GatewayError(
                f"the gateway at {self.base_url} wants a key; start the dashboard with {KEY_VARIABLE} set to an "
                "operator's key (routescope keys create NAME --role operator)",
                code="invalid_api_key",
                status=status,
            )
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
