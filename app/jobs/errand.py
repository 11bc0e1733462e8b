"""What the jobs worker asks the gateway: a chat completion that says what it is for, and whose request it is about.

Everything that routes goes through the gateway, so that a judge or a shadow call leaves the same rows as any request.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.settings import Settings
from router_core.errors import NoEligibleModel, RouteScopeError
from router_core.request import Message

PURPOSE_HEADER: Final = "x-routescope-purpose"
PARENT_HEADER: Final = "x-routescope-parent"
PATIENCE_S: Final = 180.0
"""Longer than the deadline of any shipped route: the gateway itself ends what takes too long."""
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
_NANO: Final = 1e9
_CLOSED: Final = ("invalid_api_key", "not_for_clients")
_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Past any proxy of the environment: the gateway is ours."""


class ErrandRefused(RouteScopeError):
    """The gateway answered, with an error about this request: asking again gives the same."""

    code = "errand_refused"


class ErrandFailed(RouteScopeError):
    """The gateway answered that it could not answer this request now: another time it may."""

    code = "errand_failed"


class GatewayAway(RouteScopeError):
    """Nobody answers, or nobody who lets us in: no request has a chance now."""

    code = "gateway_away"


@dataclass(frozen=True, slots=True)
class Errand:
    """One request."""

    purpose: Literal["canary", "shadow", "judge"]
    route: str
    """A route or a model."""
    messages: Sequence[Message]
    parent: str | None = None
    """The decision that a shadow call repeats or a judge looks at; canaries have none."""
    response_schema: Mapping[str, Any] | None = None
    max_output_tokens: int | None = None
    temperature: float | None = None

    def body(self) -> dict[str, Any]:
        """In OpenAI's form."""
        body: dict[str, Any] = {
            "model": self.route,
            "messages": [{"role": message.role, "content": message.content} for message in self.messages],
            "max_tokens": self.max_output_tokens,
            "temperature": self.temperature,
        }
        if self.response_schema is not None:
            schema = {"name": "reply", "schema": dict(self.response_schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return {name: value for name, value in body.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Errands:
    """One gateway that takes them. Holds no connection."""

    url: str
    key: str | None = None
    patience_s: float = PATIENCE_S

    @classmethod
    def of(cls, settings: Settings) -> Errands:
        """The gateway of these settings."""
        return cls(settings.gateway_url, settings.gateway_key)

    def ask(self, errand: Errand) -> Reply:
        """Send one request and wait for its whole answer.

        Raises:
            ErrandRefused
            ErrandFailed
            GatewayAway
        """
        headers = {"Content-Type": "application/json", PURPOSE_HEADER: errand.purpose}
        if errand.parent is not None:
            headers[PARENT_HEADER] = errand.parent
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        body = json.dumps(errand.body()).encode()
        request = urllib.request.Request(f"{self.url}/v1/chat/completions", body, headers)  # noqa: S310 (our own gateway)
        try:
            with _DIRECT.open(request, timeout=self.patience_s) as response:
                raw = response.read(MAX_ANSWER_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.read(MAX_ANSWER_BYTES)) from None
        except (OSError, http.client.HTTPException):
            raise GatewayAway(f"the gateway at {self.url} does not answer; start it with `routescope serve`") from None
        return _reply(raw)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and the decision that gave it."""

    decision_id: str
    model: str | None
    """Who answered."""
    text: str
    cost_nano: int | None
    """Nano-USD; None when it is unknown."""


def _reply(raw: bytes) -> Reply:
    try:
        answer = json.loads(raw)
        summary = answer["routescope"]
        cost = summary["cost_usd"]
        return Reply(
            decision_id=str(summary["decision_id"]),
            model=summary["model"],
            text=str(answer["choices"][0]["message"]["content"]),
            cost_nano=None if cost is None else round(float(cost) * _NANO),
        )
    except (ValueError, KeyError, TypeError, IndexError):
        raise GatewayAway("what answers at the gateway's address is not RouteScope's gateway") from None


def _refusal(status: int, raw: bytes) -> RouteScopeError:
    try:
        error = json.loads(raw)["error"]
        sentence, code = str(error["message"]), str(error.get("code"))
    except (ValueError, KeyError, TypeError, AttributeError):
        sentence, code = f"the gateway refused with HTTP {status} and no reason", ""
    if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN) and code in _CLOSED:
        return GatewayAway(sentence)
    # A model that fails or is overloaded may answer later; what is wrong with the request stays wrong.
    later = status >= http.client.INTERNAL_SERVER_ERROR or status in (
        *(http.client.REQUEST_TIMEOUT, http.client.TOO_MANY_REQUESTS),
    )
    # A local model that is still loading is not eligible yet.
    later = later or code == NoEligibleModel.code
    return ErrandFailed(sentence) if later else ErrandRefused(sentence)
