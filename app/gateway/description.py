"""`GET /openapi.json`: the gateway's paths, bodies, answers, errors and headers as OpenAPI 3.1.

Bodies are described by the types that read them. docs/openapi.json is the same text (docs/generate.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final, TypeAlias

import orjson
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from starlette.requests import Request
from starlette.responses import Response

from app.gateway import answers, headers
from app.gateway.alerts import EndBody, SilenceBody
from app.gateway.bodies import CONTEXT_HEADER, ChatBody, RouteBody
from app.gateway.errands import KNOWN, PARENT_HEADER, PURPOSE_HEADER
from app.gateway.feedback import FeedbackBody
from router_core.request import DATA_CLASSES, RISKS
from router_core.result import Decision

PATH: Final = "/openapi.json"
Json: TypeAlias = dict[str, Any]

JSON: Final = "application/json"
_REF: Final = "#/components/schemas/{model}"
_TEXT: Final[Json] = {"type": "string"}
SSE: Final = "text/event-stream"
_SCHEMAS: Final[Mapping[str, Json]] = {
    JSON: {"type": "object"},
    SSE: {
        "type": "object",
        "description": "Each event: data is JSON, or [DONE] at the end of a completion.",
        "properties": {"data": _TEXT, "event": _TEXT},
        "required": ["data"],
    },
}
"""Of answers that no type describes; text, where nothing is said."""

STATUSES: Final[Mapping[int, str]] = {
    400: "The request is at fault; the message names the field.",
    401: "No valid key came with it.",
    402: "A cap of the request or a budget of the policy is spent.",
    403: "Not for this caller: the key's scope or role, a rule of the policy, the Host or the Origin.",
    404: "There is no such route, model, decision, rule or silence.",
    408: "The request did not come in time.",
    413: "The body or the prompt is too large.",
    415: "The body is not of a type that is taken here.",
    422: "Every model is excluded; the message says by what.",
    429: "The key's rate is used up, or every model that was asked is rate-limited by its upstream.",
    431: "The request's headers are too large.",
    500: "A fault of the gateway's own; its log says more.",
    502: "Every model that was asked failed.",
    503: "Not now: models are loading, busy or left alone, or the gateway is too busy, or cannot read or keep things.",
    504: "No model answered before the request's deadline.",
}
_RETRY: Final = frozenset({429, 503})
_ALWAYS: Final = (401, 403, 408, 431, 500, 503)
"""What may come of any request."""
_BODY: Final = (400, 413, 415)
_ROUTED: Final = (402, 404, 422, 429, 502, 504)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path."""

    path: str
    summary: str
    answer: type[BaseModel] | type[Decision] | None = None
    """None: the answer is no JSON."""
    body: type[BaseModel] | None = None
    """What is posted; None: it is a GET."""
    media: str | None = None
    """The answer's other type, or its only one."""
    statuses: tuple[int, ...] = ()
    parameters: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    """Headers of the answer."""
    operators: bool = False
    open: bool = False
    """Whether it needs no key."""

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.path.strip("/").removeprefix("v1/").replace("/", "_").replace(".", "_")


OPERATIONS: Final = (
    Operation(
        "/v1/chat/completions",
        "A routed answer in OpenAI's form, whole or as a stream of its chunks.",
        answers.ChatCompletion,
        ChatBody,
        media=SSE,
        statuses=_ROUTED,
        parameters=(CONTEXT_HEADER, "cache-control", "traceparent", PURPOSE_HEADER, PARENT_HEADER),
        told=(headers.DECISION_ID, headers.MODEL, headers.REASON, headers.COST),
    ),
    Operation("/v1/models", "Routes and models that the caller may ask for.", answers.TargetList),
    Operation(
        "/v1/route/explain",
        "The decision without a call.",
        Decision,
        RouteBody,
        statuses=_ROUTED,
        parameters=("cache-control",),
    ),
    Operation(
        "/v1/route/events",
        "Every event of a routed request as it happens, drafts included.",
        body=RouteBody,
        media=SSE,
        statuses=_ROUTED,
        parameters=("cache-control",),
        operators=True,
    ),
    Operation("/v1/feedback", "An opinion on a decision.", answers.FeedbackKept, FeedbackBody, statuses=(404,)),
    Operation("/v1/budgets", "What the policy's budgets allow and what is spent.", answers.BudgetList, operators=True),
    Operation("/v1/models/health", "How every deployment stands.", answers.ModelsHealth, operators=True),
    Operation(
        "/v1/alerts/silences",
        "Silence an alert rule.",
        answers.SilenceMade,
        SilenceBody,
        statuses=(404,),
        operators=True,
    ),
    Operation(
        "/v1/alerts/silences/end",
        "End a silence before its time.",
        answers.SilenceEnded,
        EndBody,
        statuses=(404,),
        operators=True,
    ),
    Operation("/healthz", "Whether somebody is there.", answers.Alive, open=True),
    Operation("/readyz", "Whether every route can be answered.", answers.Ready, open=True),
    Operation("/metrics", "Numbers for Prometheus.", media="text/plain", operators=True),
    Operation(PATH, "This description.", media=JSON),
)
_PARAMETERS: Final[Mapping[str, Json]] = {
    CONTEXT_HEADER: {
        "description": "What the caller states, as a JSON object. The tenant comes from the key, never from here.",
        "content": {JSON: {"schema": {"$ref": _REF.format(model="Context")}, "example": {"risk": "high"}}},
    },
    "cache-control": {
        "description": "no-cache: do not answer from the cache; no-store: do not keep the answer there.",
        "schema": _TEXT,
        "example": "no-cache",
    },
    "traceparent": {"description": "The caller's span, which the decision's trace links to.", "schema": _TEXT},
    PURPOSE_HEADER: {
        "description": "For operators: that no user asks.",
        "schema": {"type": "string", "enum": list(KNOWN)},
        "example": "canary",
    },
    PARENT_HEADER: {"description": "For operators: the decision that is repeated or judged.", "schema": _TEXT},
}
_HEADERS: Final[Mapping[str, Json]] = {
    headers.DECISION_ID: {"description": "The decision's id.", "schema": _TEXT},
    headers.MODEL: {"description": "The model or tool that answers.", "schema": _TEXT},
    headers.REASON: {
        "description": "Why it does, in a few words of closed lists: the strategy and what came before, tool, cache.",
        "schema": {"type": "string", "maxLength": headers.LONGEST},
    },
    headers.COST: {
        "description": "All that was spent, USD. Not in streams, and not while unknown.",
        "schema": {"type": "number", "minimum": 0},
    },
    "retry-after": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
}
_NUMBER: Final[Json] = {"type": "number", "exclusiveMinimum": 0}
_MS: Final[Json] = {"type": "integer", "minimum": 1}
_NAME: Final[Json] = {"type": "string", "minLength": 1, "maxLength": 256}
_CONTEXT: Final[Json] = {
    "type": "object",
    "description": "What the caller states of a request.",
    "properties": {
        "risk": {"enum": list(RISKS)},
        "data_class": {"enum": list(DATA_CLASSES)},
        "deadline_ms": _MS,
        "latency_target_ms": _MS,
        "cost_cap_usd": _NUMBER,
        "tags": {"type": "array", "maxItems": 16, "items": {"type": "string", "maxLength": 64}},
        "sticky_key": _NAME,
        "session_id": _NAME,
    },
    "additionalProperties": False,
}
_NARROWER: Final[Mapping[str, Json]] = {
    "n": {"enum": [1, None]},
    "logprobs": {"enum": [False, None]},
    "functions": {"enum": [[], None]},
}
"""What a chat's body has for fields only so that they are refused in words."""
_TURNS: Final[list[Json]] = [
    {"properties": {"role": {"const": "tool"}, "tool_call_id": _TEXT}, "required": ["tool_call_id"]},
    {"properties": {"role": {"const": "assistant"}, "tool_call_id": {"type": "null"}}},
    {
        "properties": {
            "role": {"enum": ["system", "developer", "user"]},
            "tool_call_id": {"type": "null"},
            "tool_calls": {"type": "null"},
        }
    },
]
"""Which messages have calls and which are results."""


async def openapi(request: Request) -> Response:
    """The description."""
    return Response(_text(), media_type=JSON)


@cache
def _text() -> bytes:
    return orjson.dumps(document())


def document() -> Json:
    """The description as a JSON object."""
    paths: Json = {one.path: {"get" if one.body is None else "post": _operation(one)} for one in OPERATIONS}
    paths["/v1/traces"] = {"post": _traces()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "RouteScope gateway",
            "version": "1",
            "description": "Routes every prompt to the right model, behind the API that OpenAI's clients speak.",
        },
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": _schemas(), "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "security": [{"key": []}],
    }


def _operation(one: Operation) -> Json:
    content: Json = {} if one.answer is None else {JSON: {"schema": _ref(one.answer)}}
    if one.media is not None:
        content[one.media] = {"schema": _SCHEMAS.get(one.media, _TEXT)}
    answer: Json = {"description": "The answer.", "content": content}
    if one.told:
        answer["headers"] = {name: _HEADERS[name] for name in one.told}
    found: Json = {
        "operationId": one.name,
        "summary": one.summary + (" For operators." if one.operators else ""),
        "responses": {"200": answer, **_errors(one)},
    }
    if one.open:
        found["security"] = []
    if one.parameters:
        found["parameters"] = [{"name": name, "in": "header", **_PARAMETERS[name]} for name in one.parameters]
    if one.body is not None:
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": _ref(one.body)}}}
    return found


def _errors(one: Operation) -> Json:
    statuses = {*_ALWAYS, *one.statuses, *(() if one.body is None else _BODY)}
    found = {str(status): _error(status, {JSON: {"schema": _ref(answers.Error)}}) for status in sorted(statuses)}
    if one.answer is answers.Ready:
        found["503"]["content"][JSON]["schema"] = _ref(answers.Ready)
    return found


def _error(status: int, content: Json) -> Json:
    # What is refused before it is a request has no body.
    found: Json = {"description": STATUSES[status]} | ({} if status in (408, 431) else {"content": content})
    return found | ({"headers": {"retry-after": _HEADERS["retry-after"]}} if status in _RETRY else {})


def _traces() -> Json:
    """OTLP, which has bodies and errors of its own."""
    protobuf = {"application/x-protobuf": {"schema": {"type": "string", "format": "binary"}}}
    errors = {JSON: {"schema": {"anyOf": [_ref(answers.RpcStatus), _ref(answers.Error)]}}, **protobuf}
    return {
        "operationId": "traces",
        "summary": "Spans of other routers and applications, as OTLP over HTTP; gzip is understood.",
        "requestBody": {"required": True, "content": {JSON: {"schema": {"type": "object"}}, **protobuf}},
        "responses": {
            "200": {
                "description": "What was kept; of what was rejected how many, and the first reason.",
                "content": {JSON: {"schema": _ref(answers.TracesTaken)}, **protobuf},
            },
            **{str(status): _error(status, errors) for status in sorted({*_ALWAYS, *_BODY})},
        },
    }


def _ref(kind: type[Any]) -> Json:
    return {"$ref": _REF.format(model=kind.__name__)}


def _schemas() -> Json:
    bodies = [one.body for one in OPERATIONS if one.body is not None]
    told = [one.answer for one in OPERATIONS if one.answer is not None and issubclass(one.answer, BaseModel)]
    told += [answers.Error, answers.TracesTaken, answers.RpcStatus]
    found = _defined(bodies, "validation") | _defined(told, "serialization")
    found["ChatBody"]["properties"] |= _NARROWER
    found["ChatMessage"]["anyOf"] = _TURNS
    found["RouteBody"]["properties"]["context"] = {"$ref": _REF.format(model="Context")}
    return dict(sorted({**found, "Context": _CONTEXT, "Decision": _decision()}.items()))


def _decision() -> Json:
    names = [field.name for field in fields(Decision)]
    return {
        "type": "object",
        "description": "A decision. docs/decision.schema.json has the types of its fields.",
        "properties": {name: {} for name in names},
        "required": names,
        "additionalProperties": False,
    }


def _defined(kinds: Iterable[type[BaseModel]], mode: JsonSchemaMode) -> Json:
    _, found = models_json_schema([(kind, mode) for kind in dict.fromkeys(kinds)], ref_template=_REF)
    schemas: Json = found["$defs"]
    return schemas
