"""What a caller hands in: messages, a route's name, and what it states about the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from router_core.cache_control import NO_WISHES, CacheControl
from router_core.errors import EmptyPrompt, InvalidContext, InvalidText, PromptTooLarge, UnsupportedFeature
from router_core.functions import Function, FunctionCall, FunctionChoice
from router_core.images import Image

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool"]
Purpose: TypeAlias = Literal["user", "playground", "canary", "shadow", "judge"]
Risk: TypeAlias = Literal["low", "medium", "high"]
DataClass: TypeAlias = Literal["public", "internal", "sensitive", "regulated"]

RISKS: tuple[Risk, ...] = get_args(Risk)
"""From the least to the greatest."""
DATA_CLASSES: tuple[DataClass, ...] = get_args(DataClass)
"""From the least to the most protected."""

MAX_PROMPT_CHARACTERS = 1_000_000
MAX_SCHEMA_DEPTH = 100
"""Objects and lists within each other; writing a schema out again, and checking by it, go down as deep as it does."""
DEFAULT_TENANT = "default"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, as text."""

    role: Role
    content: str
    calls: tuple[FunctionCall, ...] = ()
    """Functions that an assistant's message calls."""
    answers: str | None = None
    """Of a tool's message: the id of the call whose result it is."""
    parts: tuple[str | Image, ...] = ()
    """Of a message that holds images: its texts and images in their order. ``content`` is then all of the texts."""

    @property
    def images(self) -> int:
        """How many it holds."""
        return sum(isinstance(part, Image) for part in self.parts)


def as_kept(message: Message) -> dict[str, Any]:
    """A message as spans keep it, where content is kept: what it does not have is left out."""
    kept: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.parts:
        words = (part if isinstance(part, str) else part.in_words for part in message.parts)
        kept["content"] = "\n".join(words)
    if message.calls:
        kept["tool_calls"] = message.calls
    if message.answers is not None:
        kept["tool_call_id"] = message.answers
    return kept


@dataclass(frozen=True, slots=True)
class Context:
    """What the caller states about a request. ``tenant`` is set by the gateway from the key, never by the body.

    Amounts are USD, times are milliseconds; None leaves the policy's own value in force.
    """

    tenant: str = DEFAULT_TENANT
    risk: Risk = "low"
    data_class: DataClass = "internal"
    deadline_ms: int | None = None
    latency_target_ms: int | None = None
    cost_cap_usd: float | None = None
    tags: tuple[str, ...] = ()
    key: str | None = None
    """Name of the API key, set by the gateway from the key itself, never by the body."""
    sticky_key: str | None = None
    """What a traffic split keeps together: a user, a conversation. Not recorded."""
    session_id: str | None = None
    """The caller's name of the conversation that the request goes on with, for routes that are sticky. Not recorded."""
    rate_unchecked: bool = False
    """Whether nobody could say how many requests its key has sent; set by the gateway, and told by a verdict."""

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any], *, tenant: str = DEFAULT_TENANT) -> Context:
        """Read what a caller wrote (strings or JSON values).

        Raises:
            InvalidContext: an unknown name or an impossible value; the message names it.
        """
        fields: dict[str, Any] = {"tenant": tenant}
        for name, value in values.items():
            reader = _CONTEXT_READERS.get(name)
            if reader is None:
                known = ", ".join(sorted(_CONTEXT_READERS))
                raise InvalidContext(f"context has no field {name!r}; use one of {known}")
            fields[name] = reader(name, value)
        return cls(**fields)


def _one_of(known: tuple[str, ...]) -> Any:
    def read(name: str, value: Any) -> str:
        if value not in known:
            raise InvalidContext(f"context {name} is {value!r}; use one of {', '.join(known)}")
        return str(value)

    return read


def _positive(kind: type[int] | type[float]) -> Any:
    def read(name: str, value: Any) -> float:
        try:
            if isinstance(value, bool):
                raise ValueError
            number = kind(value)
        except (TypeError, ValueError, OverflowError):
            raise InvalidContext(f"context {name} is {value!r}; give a number above 0") from None
        if not 0 < number < float("inf"):
            raise InvalidContext(f"context {name} is {value!r}; give a number above 0")
        return number

    return read


def _tags(name: str, value: Any) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, str) for item in items):
        raise InvalidContext(f"context {name} is {value!r}; give a list of words")
    if not all(item.isprintable() for item in items):
        raise InvalidContext(f"context {name} is {value!r}; give words without control characters")
    tags = tuple(item.strip() for item in items if item.strip())
    if len(tags) > 16 or any(len(tag) > 64 for tag in tags):
        raise InvalidContext("context tags: at most 16 tags of at most 64 characters")
    return tags


def _sticky_key(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 256:
        raise InvalidContext(f"context {name} must be text of 1 to 256 characters")
    return value


_CONTEXT_READERS: dict[str, Any] = {
    "risk": _one_of(RISKS),
    "data_class": _one_of(DATA_CLASSES),
    "deadline_ms": _positive(int),
    "latency_target_ms": _positive(int),
    "cost_cap_usd": _positive(float),
    "tags": _tags,
    "sticky_key": _sticky_key,
    "session_id": _sticky_key,
}


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """One request for an answer. Nothing in it is trusted except what the gateway itself set."""

    messages: tuple[Message, ...]
    route: str | None = None
    """A route's name, ``route/NAME``, or a model's name (no routing, still recorded); None: the policy's default."""
    context: Context = field(default_factory=Context)
    purpose: Purpose = "user"
    parent_decision_id: str | None = None
    simulated: bool = False
    max_output_tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    response_schema: Mapping[str, Any] | None = None
    """A JSON schema that the answer must satisfy."""
    functions: tuple[Function, ...] = ()
    """What models may call in place of an answer."""
    function_choice: FunctionChoice | None = None
    """None: as the model likes."""
    parallel_calls: bool | None = None
    """Whether one answer may make several calls; None: as the model likes."""
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    caller_traceparent: str | None = None
    """W3C traceparent of the caller's span; the decision's own trace links to it."""
    cache_control: CacheControl = NO_WISHES
    """What the caller says of cached answers, where the route has any."""

    @classmethod
    def from_prompt(cls, prompt: str, **fields: Any) -> RouteRequest:
        """A request of a single user message."""
        return cls(messages=(Message("user", prompt),), **fields)

    @property
    def prompt(self) -> str:
        """The last user message: what signals and tools look at."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.content
        return self.messages[-1].content if self.messages else ""

    @property
    def characters(self) -> int:
        """Characters of all messages together, and of the calls in them."""
        return sum(
            len(message.content) + sum(len(call.arguments) for call in message.calls) for message in self.messages
        )

    def check(self) -> None:
        """Reject what no model and no database could take, before anything is spent.

        Raises:
            EmptyPrompt, PromptTooLarge, InvalidText, UnsupportedFeature
        """
        if self.characters > MAX_PROMPT_CHARACTERS:
            raise PromptTooLarge(
                f"the prompt has {self.characters:,} characters; at most {MAX_PROMPT_CHARACTERS:,} are routed"
            )
        if not any(message.content.strip() or message.parts for message in self.messages if message.role == "user"):
            raise EmptyPrompt("the prompt is empty; write at least one word in a user message")
        for number, message in enumerate(self.messages, start=1):
            _check_text(message.content, number)
            for call in message.calls:
                _check_text(f"{call.call_id}{call.name}{call.arguments}", number)
        if self.response_schema is not None and _is_deep(self.response_schema):
            raise UnsupportedFeature(
                f"the response schema is nested more than {MAX_SCHEMA_DEPTH} levels deep; name its parts in $defs"
            )


def _is_deep(schema: Mapping[str, Any]) -> bool:
    level: list[Any] = [schema]
    for _ in range(MAX_SCHEMA_DEPTH):
        level = [inner for outer in level for inner in (outer.values() if isinstance(outer, Mapping) else outer)]
        level = [value for value in level if isinstance(value, Mapping | list | tuple)]
    return bool(level)


def _check_text(text: str, number: int) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidText(
            f"message {number} has a lone surrogate at character {error.start + 1}; send valid Unicode"
        ) from None
    if "\0" in text:
        raise InvalidText(f"message {number} has a NUL at character {text.index(chr(0)) + 1}; remove it")
