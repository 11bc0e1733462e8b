"""OTLP bodies as other systems send them: LiteLLM's callback, OpenLLMetry, OpenInference."""

from __future__ import annotations

import json
import time
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

PROMPT = "the swordfish is ill"
ANSWER = "poor swordfish"

LITELLM: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.request.model": "gpt-4o",
    "llm.request.type": "chat",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.prompt_tokens": 12,
    "gen_ai.usage.completion_tokens": 34,
    "gen_ai.cost.total_cost": 0.00025,
    "gen_ai.response.finish_reasons": '["stop"]',
    "metadata.user_api_key_alias": "bob",
    "gen_ai.input.messages": json.dumps([{"role": "user", "content": PROMPT}]),
    "gen_ai.output.messages": json.dumps([{"role": "assistant", "content": ANSWER}]),
}
OPENLLMETRY: dict[str, Any] = {
    "llm.request.type": "chat",
    "gen_ai.system": "Anthropic",
    "gen_ai.request.model": "claude",
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 34,
    "gen_ai.prompt.0.role": "user",
    "gen_ai.prompt.0.content": PROMPT,
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": ANSWER,
    "gen_ai.completion.0.finish_reason": "stop",
}
OPENINFERENCE: dict[str, Any] = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gemini-pro",
    "llm.provider": "google",
    "llm.token_count.prompt": 12,
    "llm.token_count.completion": 34,
    "llm.cost.total": 0.00025,
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": PROMPT,
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": ANSWER,
    "input.value": PROMPT,
    "output.value": ANSWER,
}


def value(given: Any) -> AnyValue:
    """A plain value as OTLP has it."""
    if isinstance(given, bool):
        return AnyValue(bool_value=given)
    if isinstance(given, int):
        return AnyValue(int_value=given)
    if isinstance(given, float):
        return AnyValue(double_value=given)
    if isinstance(given, list):
        return AnyValue(array_value=ArrayValue(values=[value(item) for item in given]))
    if isinstance(given, dict):
        return AnyValue(kvlist_value=KeyValueList(values=pairs(given)))
    return AnyValue(string_value=given)


def pairs(given: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(each)) for key, each in given.items()]


def span(attributes: dict[str, Any], number: int = 1, **more: Any) -> Span:
    """A span of half a second that ended now; ``number`` is its id, ``parent`` another one's."""
    now = time.time_ns()
    parent = more.pop("parent", None)
    failed = more.pop("failed", None)
    return Span(
        **{
            "trace_id": (77).to_bytes(16),
            "span_id": number.to_bytes(8),
            "parent_span_id": b"" if parent is None else parent.to_bytes(8),
            "name": "a call",
            "kind": Span.SPAN_KIND_CLIENT,
            "start_time_unix_nano": now - 500_000_000,
            "end_time_unix_nano": now,
            "attributes": pairs(attributes),
            "status": Status() if failed is None else Status(code=Status.STATUS_CODE_ERROR, message=failed),
            **more,
        }
    )


def request(*spans: Span, service: str = "litellm", scope: str = "litellm") -> ExportTraceServiceRequest:
    body = ExportTraceServiceRequest()
    resource = body.resource_spans.add()
    resource.resource.attributes.extend(pairs({"service.name": service}))
    within = resource.scope_spans.add()
    within.scope.name = scope
    within.spans.extend(spans)
    return body


def as_json(body: ExportTraceServiceRequest) -> bytes:
    """As OTLP writes JSON: ids in hexadecimal, enumerations as numbers."""
    document = MessageToDict(body, use_integers_for_enums=True)
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for one, raw in zip(scope["spans"], body.resource_spans[0].scope_spans[0].spans, strict=True):
                one["traceId"], one["spanId"] = raw.trace_id.hex(), raw.span_id.hex()
                if raw.parent_span_id:
                    one["parentSpanId"] = raw.parent_span_id.hex()
    return json.dumps(document).encode()
