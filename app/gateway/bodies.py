"""From a request's bytes to a `RouteRequest`: what OpenAI's clients send, and what our own playground sends."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from app.gateway.admission import known_caller
from app.gateway.doorkeeper import MAX_BODY_BYTES, BodyTooLarge
from app.gateway.messages import MOST_CALLS, ChatMessage, InvalidBody, NamedTool, ToolEntry
from app.keys.ring import Caller
from router_core.cache_control import CacheControl
from router_core.errors import InvalidContext, PromptTooLarge, UnsupportedFeature
from router_core.functions import Function, FunctionChoice, TheFunction
from router_core.request import Context, RouteRequest

CONTEXT_HEADER = "x-routescope-context"

Tokens: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000)]
Penalty: TypeAlias = Annotated[float, Field(ge=-2, le=2)]
B = TypeVar("B", bound=BaseModel)


class JsonSchema(BaseModel):
    """The schema in a response format."""

    model_config = ConfigDict(populate_by_name=True)
    schema_: dict[str, Any] = Field(alias="schema")


class ResponseFormat(BaseModel):
    """OpenAI's response_format."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class StreamOptions(BaseModel):
    """OpenAI's stream_options."""

    include_usage: bool = False


class ChatBody(BaseModel):
    """`POST /v1/chat/completions`. Fields that change nothing here (store, say) are passed over."""

    model: str
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2000)]
    stream: bool = False
    stream_options: StreamOptions | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    seed: int | None = None
    stop: str | Annotated[list[str], Field(max_length=4)] | None = None
    response_format: ResponseFormat | None = None
    n: int | None = None
    tools: Annotated[list[ToolEntry], Field(max_length=MOST_CALLS)] | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    functions: list[Any] | None = None
    logprobs: bool | None = None
    user: str | None = None
    """Whom a traffic split keeps with one model; not recorded."""
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    metadata: Any = None
    """Of it only ``session_id`` is read: which conversation this is a turn of; not recorded."""

    def check(self) -> None:
        """Refuse what would otherwise be ignored in silence (UnsupportedFeature)."""
        asked = {
            "n": self.n not in (None, 1),
            "functions": bool(self.functions),
            "logprobs": bool(self.logprobs),
        }
        refused = [name for name, given in asked.items() if given]
        if refused:
            raise UnsupportedFeature(f"{', '.join(refused)}: not routed yet; leave it out")

    def offered(self) -> tuple[Function, ...]:
        """The functions that models may call.

        Raises:
            InvalidBody: two have one name, or the choice is of none that is offered.
        """
        functions = [entry.function for entry in self.tools or ()]
        names = [function.name for function in functions]
        if len(set(names)) < len(names):
            raise InvalidBody("tools: two functions have the same name")
        if isinstance(self.tool_choice, NamedTool) and self.tool_choice.function.name not in names:
            raise InvalidBody("tool_choice: it names a function that is not in tools")
        if self.tool_choice == "required" and not names:
            raise InvalidBody("tool_choice: there are no tools to choose from; send tools, or leave it out")
        return tuple(Function(one.name, one.description, one.parameters, one.strict) for one in functions)

    def as_request(self, context: Context, traceparent: str | None) -> RouteRequest:
        """The request to route."""
        self.check()
        if self.user and context.sticky_key is None:
            context = replace(context, sticky_key=self.user)
        if context.session_id is None:
            context = replace(context, session_id=_session_id(self.metadata))
        return RouteRequest(
            messages=tuple(message.as_message(place) for place, message in enumerate(self.messages, start=1)),
            route=self.model,
            context=context,
            max_output_tokens=self.max_completion_tokens or self.max_tokens,
            temperature=self.temperature,
            seed=self.seed,
            stop=_stops(self.stop),
            response_schema=_schema(self.response_format),
            functions=self.offered(),
            function_choice=_choice(self.tool_choice) if self.tools else None,
            parallel_calls=self.parallel_tool_calls,
            top_p=self.top_p,
            presence_penalty=self.presence_penalty or None,
            frequency_penalty=self.frequency_penalty or None,
            caller_traceparent=traceparent,
        )


class RouteBody(BaseModel):
    """`POST /v1/route/events` and `/v1/route/explain`."""

    model_config = ConfigDict(extra="forbid")
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=2000)]
    route: str | None = None
    context: dict[str, Any] = {}
    max_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    purpose: Literal["user", "playground"] = "playground"

    def as_request(self, caller: Caller) -> RouteRequest:
        """The request to route (InvalidContext)."""
        context = Context.from_mapping({k: v for k, v in self.context.items() if v is not None})
        return RouteRequest(
            messages=tuple(message.as_message(place) for place, message in enumerate(self.messages, start=1)),
            route=self.route,
            context=as_caller(context, caller),
            max_output_tokens=self.max_tokens,
            temperature=self.temperature,
            purpose=self.purpose,
        )


async def read_chat(request: Request) -> tuple[ChatBody, RouteRequest]:
    """The body of a chat completion, and the request in it.

    Raises:
        RequestError: one of its subclasses; the message names the field.
    """
    body = _validate(ChatBody, await _json(request))
    return body, _with_wishes(request, body.as_request(_context(request), request.headers.get("traceparent")))


async def read_body(request: Request, kind: type[B]) -> B:
    """Any other body (RequestError; the message names the field)."""
    return _validate(kind, await _json(request))


async def read_route(request: Request) -> RouteRequest:
    """The request in a body of our own form. Raises as `read_chat`."""
    return _with_wishes(request, _validate(RouteBody, await _json(request)).as_request(known_caller(request)))


def as_caller(context: Context, caller: Caller) -> Context:
    """What is stated, with tenant and key of the one who states it."""
    return replace(context, tenant=caller.tenant, key=_key_of(caller), rate_unchecked=caller.rate_unchecked)


def _key_of(caller: Caller) -> str | None:
    return None if caller.key_id is None else caller.name


def _with_wishes(request: Request, wanted: RouteRequest) -> RouteRequest:
    """The request with what its `Cache-Control` header says."""
    text = request.headers.get("cache-control")
    return wanted if text is None else replace(wanted, cache_control=CacheControl.from_header(text))


def _session_id(metadata: Any) -> str | None:
    """The session that OpenAI's metadata names. Other values of theirs are the caller's own affair."""
    named = metadata.get("session_id") if isinstance(metadata, Mapping) else None
    return named if isinstance(named, str) and named else None


def _context(request: Request) -> Context:
    caller = known_caller(request)
    texts = request.headers.getlist(CONTEXT_HEADER)
    if not texts:
        return Context(tenant=caller.tenant, key=_key_of(caller), rate_unchecked=caller.rate_unchecked)
    if len(texts) > 1:  # one of them may be a proxy's, and the other a client's that would have it lower
        raise InvalidContext(f"{CONTEXT_HEADER} is there {len(texts)} times; send it once")
    try:
        values = json.loads(texts[0])
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, Mapping):
        raise InvalidContext(f'{CONTEXT_HEADER} is not a JSON object; write it as {{"risk": "high"}}')
    return as_caller(Context.from_mapping(values), caller)


async def _json(request: Request) -> Any:
    try:
        body = await request.body()
    except BodyTooLarge:
        raise PromptTooLarge(f"the body has more than {MAX_BODY_BYTES:,} bytes") from None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        # Takes more than JSON allows (NaN, lone surrogates), and says where it is at a loss.
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidBody(f"the body is not valid JSON{where}") from None


def _validate(kind: type[B], values: Any) -> B:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        # Where one of several forms may stand, all are tried: the one that got furthest is the one that was meant.
        first = max(error.errors(include_url=False, include_input=False), key=lambda one: len(one["loc"]))
        place = ".".join(str(part) for part in first["loc"] if not _is_form(part)) or "body"
        raise InvalidBody(f"{place[:200]}: {first['msg'].lower()}") from None


def _is_form(part: int | str) -> bool:
    """Whether a part of a place only names the form that was tried, as ``str`` or ``list[Part]``."""
    return isinstance(part, str) and (part == "str" or "[" in part)


def _stops(stop: str | list[str] | None) -> tuple[str, ...]:
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else tuple(stop)


def _choice(wanted: Literal["auto", "none", "required"] | NamedTool | None) -> FunctionChoice | None:
    return TheFunction(wanted.function.name) if isinstance(wanted, NamedTool) else wanted


def _schema(wanted: ResponseFormat | None) -> Mapping[str, Any] | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return {"type": "object"}
    if wanted.json_schema is None:
        raise InvalidBody("response_format.json_schema: it is missing; give the schema")
    return wanted.json_schema.schema_
