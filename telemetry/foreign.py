"""Spans of other routers and applications as rows: each call of a model is a request with one branch.

Names are those of OpenTelemetry's GenAI conventions, of today and of yesterday, as LiteLLM's own callback and
OpenLLMetry send them, and those of OpenInference. Rows are made of one span alone, and under its id: a trace may come
in pieces, in any order, and twice. Whatever is no call of a model is kept as a span.

Nothing here is a decision of ours: the source is ``otlp``, there is no policy, and the route is ``otlp/`` and the
service's name. What people wrote goes only where the content policy sends it; since nobody knows under which names
others hide it, texts under unknown names are kept only with content ``full`` or ``redacted``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode, format_span_id, format_trace_id

from router_core import semconv
from telemetry.content import ContentPolicy
from telemetry.rows import Bundle, branch_row, content_rows, request_row, span_row
from telemetry.text import clean, to_json

SOURCE: Final = "otlp"

_MODEL: Final = ("gen_ai.request.model", "llm.request.model_name", "llm.model_name", "gen_ai.response.model")
_RESPONSE_MODEL: Final = ("gen_ai.response.model", "llm.response.model_name")
_PROVIDER: Final = ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system")
_INPUT_TOKENS: Final = (
    *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "llm.token_count.prompt"),
)
_OUTPUT_TOKENS: Final = (
    *("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens"),
    "llm.token_count.completion",
)
_CACHE_READ: Final = (
    *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    "llm.token_count.prompt_details.cache_read",
)
_COST_USD: Final = ("gen_ai.usage.cost.amount", "gen_ai.cost.total_cost", "gen_ai.usage.cost", "llm.cost.total")
_FINISH: Final = ("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "llm.response.finish_reason")
_FIRST_CHUNK_S: Final = ("gen_ai.response.time_to_first_chunk", "gen_ai.server.time_to_first_token")

_OPERATIONS: Final = frozenset({"chat", "text_completion", "generate_content", "completion"})
_REQUEST_TYPES: Final = frozenset({"chat", "completion"})
_INPUTS: Final = re.compile(r"(?:gen_ai\.prompt|llm\.input_messages)\.(\d{1,4})\.(?:message\.)?(role|content)")
_OUTPUTS: Final = re.compile(r"(?:gen_ai\.completion|llm\.output_messages)\.(\d{1,4})\.(?:message\.)?(role|content)")
_HARMLESS: Final = re.compile(
    r"""(?x)
      gen_ai\.(?:operation\.name|provider\.name|system|framework|conversation\.id|agent\.name|tool\.name|output\.type)
    | gen_ai\.(?:request\.(?:model|choice|encoding)|response\.(?:id|model|finish_reasons?))[\w.]*
    | llm\.(?:model_name|provider|system|request\.(?:type|model_name)|response\.(?:model_name|finish_reason))
    | openinference\.span\.kind | traceloop\.(?:span\.kind|workflow\.name|entity\.name)
    | error\.type | http\.(?:request\.method|method|route) | db\.system(?:\.name)? | rpc\.(?:system|service|method)
    | server\.address | service\.(?:name|version|namespace) | deployment\.environment(?:\.name)? | tool\.name
    """
)
_LONGEST_NAME: Final = 200
_LONGEST_ERROR: Final = 1_000


def rows_of(spans: Sequence[ReadableSpan], content: ContentPolicy, tenant: str) -> Bundle:
    """Rows of spans that came together. Pure; a call inside another call is the same call told twice."""
    calls = {_key(span): span for span in spans if _is_call(span)}
    parents = {_key(span): _parent(span) for span in spans}
    bundle = Bundle()
    for span in spans:
        if _key(span) in calls and not _is_inside(span, calls, parents):
            call = _Call(span, tenant)
            bundle.requests.append(request_row(call.request()))
            bundle.branches.append(branch_row(call.branch(content), bundle.requests[-1]))
            bundle.contents.extend(content_rows(call.with_content(), content))
        else:
            bundle.spans.append(span_row(_with(span, _shown(span.attributes or {}, content))))
    return bundle


class _Call:
    """One call of a model, in our words."""

    def __init__(self, span: ReadableSpan, tenant: str) -> None:
        self._span = span
        self._given = given = dict(span.attributes or {})
        context = span.context
        assert context is not None
        service = _text(dict(span.resource.attributes), ("service.name",)) or "unknown"
        self._model = _text(given, _MODEL) or "unknown"
        self._failed = span.status.status_code is StatusCode.ERROR
        identifier = f"{format_trace_id(context.trace_id)[:16]}{format_span_id(context.span_id)}"
        self.shared: dict[str, Any] = {
            semconv.DECISION_ID: identifier,
            semconv.ROUTE: f"{SOURCE}/{service}"[:_LONGEST_NAME],
            semconv.TENANT: tenant,
            semconv.PURPOSE: "user",
            semconv.SIMULATED: False,
            semconv.SOURCE: SOURCE,
            semconv.STATUS: "failed" if self._failed else "ok",
            semconv.ERROR_TYPE: (_text(given, ("error.type",)) or "error") if self._failed else None,
            semconv.ERROR_MESSAGE: (span.status.description or "")[:_LONGEST_ERROR] or None,
            semconv.INPUT_TOKENS: _number(given, _INPUT_TOKENS),
            semconv.OUTPUT_TOKENS: _number(given, _OUTPUT_TOKENS),
        }
        self._service = service

    def request(self) -> ReadableSpan:
        """As the root of a decision would say it, had it been ours."""
        cost = self._cost()
        first_chunk_s = _number(self._given, _FIRST_CHUNK_S)
        own = {
            **self.shared,
            semconv.SCHEMA: semconv.SCHEMA_VERSION,
            semconv.CHOSEN: None if self._failed else self._model,
            semconv.CHOSEN_KIND: None if self._failed else "model",
            semconv.FIRST_MODEL: self._model,
            semconv.REASON: f"{self._service} called {self._model}; it told so over OTLP, RouteScope decided nothing",
            semconv.BRANCHES: 1,
            semconv.COST_NANO: cost,
            semconv.DISCARDED_COST_NANO: cost if self._failed else 0,
            semconv.TTFT_MS: None if first_chunk_s is None else first_chunk_s * 1e3,
        }
        return _with(self._span, own)

    def branch(self, content: ContentPolicy) -> ReadableSpan:
        """As a branch would say it; what else it said is kept beside, without what people wrote."""
        own = {
            **self.shared,
            semconv.PROVIDER_NAME: _text(self._given, _PROVIDER),
            semconv.REQUEST_MODEL: self._model,
            semconv.RESPONSE_MODEL: _text(self._given, _RESPONSE_MODEL),
            semconv.CACHE_READ_TOKENS: _number(self._given, _CACHE_READ),
            semconv.COST_NANO: self._cost(),
            semconv.COST_SOURCE: None if self._cost() is None else "observed",
            semconv.FINISH_REASONS: _finish(self._given),
            semconv.TIME_TO_FIRST_CHUNK: _number(self._given, _FIRST_CHUNK_S),
            semconv.BRANCH_INDEX: 0,
            semconv.BRANCH_KIND: "model",
            semconv.BRANCH_OUTCOME: "failed" if self._failed else "accepted",
            semconv.BRANCH_REASON: f"told over OTLP by {self._service}",
        }
        return _with(self._span, {**_shown(self._given, content), **own})

    def with_content(self) -> ReadableSpan:
        """Its prompts and answers alone, in the form that our own have."""
        said = {
            semconv.INPUT_MESSAGES: _messages(self._given, semconv.INPUT_MESSAGES, _INPUTS, "input.value"),
            semconv.OUTPUT_MESSAGES: _messages(self._given, semconv.OUTPUT_MESSAGES, _OUTPUTS, "output.value"),
        }
        return _with(self._span, said)

    def _cost(self) -> int | None:
        """Nano-USD as the sender tells it; unknown in another currency, and when it tells none."""
        if self._given.get(semconv.COST_CURRENCY, "USD") != "USD":
            return None
        usd = _number(self._given, _COST_USD)
        return None if usd is None or usd < 0 else round(usd * 1e9)


def _is_call(span: ReadableSpan) -> bool:
    given = span.attributes or {}
    kind = given.get("openinference.span.kind")
    if kind is not None:
        return kind == "LLM"
    if _text(given, _MODEL) is None:
        return False
    operation = given.get("gen_ai.operation.name")
    if operation is not None:
        return operation in _OPERATIONS
    return given.get("llm.request.type") in _REQUEST_TYPES


def _key(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def _parent(span: ReadableSpan) -> tuple[int, int] | None:
    return None if span.parent is None else (span.parent.trace_id, span.parent.span_id)


def _is_inside(span: ReadableSpan, calls: Mapping[Any, Any], parents: Mapping[Any, Any]) -> bool:
    """Whether another call is above it, as far as its ancestors came along."""
    seen = {_key(span)}
    above = _parent(span)
    while above is not None and above not in seen:
        if above in calls:
            return True
        seen.add(above)
        above = parents.get(above)
    return False


def _with(span: ReadableSpan, attributes: Mapping[str, Any]) -> ReadableSpan:
    """The same span with other attributes; those that are None are absent."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in attributes.items() if value is not None},
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _shown(given: Mapping[str, Any], content: ContentPolicy) -> dict[str, Any]:
    """What may stand beside the facts: numbers, texts under names that hold no content, and others as content may."""
    shown: dict[str, Any] = {}
    for name, value in given.items():
        if name.startswith("router.") or name in semconv.CONTENT_KEYS or len(name) > _LONGEST_NAME:
            continue  # what is ours only we say
        if isinstance(value, (bool, int, float)) or _HARMLESS.fullmatch(name):
            shown[name] = value
        elif content.mode in ("full", "redacted") and value is not None:
            kept = content.keep(value if isinstance(value, str) else to_json(value))
            shown[name] = None if kept is None else kept.text
    return shown


def _text(given: Mapping[str, Any], names: Sequence[str]) -> str | None:
    for name in names:
        value = given.get(name)
        if isinstance(value, str) and value.strip():
            return clean(value.strip())[:_LONGEST_NAME]
    return None


def _number(given: Mapping[str, Any], names: Sequence[str]) -> float | int | None:
    """A number that cannot be less than zero."""
    for name in names:
        value = given.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1e15:
            return value
    return None


def _finish(given: Mapping[str, Any]) -> list[str] | None:
    for name in _FINISH:
        value = given.get(name)
        if isinstance(value, str) and value.startswith("["):
            value = _decoded(value)
        if isinstance(value, (list, tuple)):
            value = value[0] if value else None
        if isinstance(value, str) and value:
            return [value[:_LONGEST_NAME]]
    return None


def _messages(given: Mapping[str, Any], name: str, pattern: re.Pattern[str], whole: str) -> str | None:
    """Messages as JSON, as they came or put together from an attribute a field; None when there are none."""
    if name in given:
        value = given[name]
        return value if isinstance(value, str) else to_json(value)
    found: dict[int, dict[str, Any]] = {}
    for key, value in given.items():
        match = pattern.fullmatch(key)
        if match and isinstance(value, str):
            found.setdefault(int(match[1]), {})[match[2]] = value
    if found:
        return to_json([found[place] for place in sorted(found)])
    value = given.get(whole)
    role = "user" if name == semconv.INPUT_MESSAGES else "assistant"
    return to_json([{"role": role, "content": value}]) if isinstance(value, str) else None


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
