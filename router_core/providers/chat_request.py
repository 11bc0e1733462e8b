"""A call as the JSON of OpenAI's chat completions: what is sent to compatible endpoints, and to litellm."""

from __future__ import annotations

from typing import Any

from router_core.functions import Function, TheFunction
from router_core.images import Image
from router_core.providers.base import Call
from router_core.request import Message


def request_body(call: Call, upstream_model: str) -> dict[str, Any]:
    """The JSON of a chat completion request; streamed, unless the answer is wanted whole."""
    body: dict[str, Any] = {
        "model": upstream_model,
        "messages": [message_body(message) for message in call.messages],
        "max_tokens": call.max_output_tokens,
    }
    if not call.whole:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    if call.stop:
        body["stop"] = list(call.stop)
    if call.logprobs:
        body["logprobs"] = True
    return body | options(call)


def options(call: Call) -> dict[str, Any]:
    """What of a call is sent only where it is said."""
    said: dict[str, Any] = {
        "temperature": call.temperature,
        "top_p": call.top_p,
        "presence_penalty": call.presence_penalty,
        "frequency_penalty": call.frequency_penalty,
        "seed": call.seed,
        "response_format": None if call.response_schema is None else response_format(call),
    }
    if call.functions:
        said["tools"] = [_function(function) for function in call.functions]
        said["tool_choice"] = _choice(call)
        said["parallel_tool_calls"] = call.parallel_calls
    return {name: value for name, value in said.items() if value is not None}


def response_format(call: Call) -> dict[str, Any]:
    """OpenAI's way to ask for an answer that satisfies the call's JSON schema."""
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(call.response_schema or {})}}


def message_body(message: Message) -> dict[str, Any]:
    """One message. What calls functions and says nothing has no content."""
    body: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.parts:
        body["content"] = [_part(part) for part in message.parts]
    if message.calls:
        body["content"] = message.content or None
        body["tool_calls"] = [
            {"id": one.call_id, "type": "function", "function": {"name": one.name, "arguments": one.arguments}}
            for one in message.calls
        ]
    if message.answers is not None:
        body["tool_call_id"] = message.answers
    return body


def _part(part: str | Image) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    detail = {} if part.detail is None else {"detail": part.detail}
    return {"type": "image_url", "image_url": {"url": part.url, **detail}}


def _function(function: Function) -> dict[str, Any]:
    said = {
        "name": function.name,
        "description": function.description,
        "parameters": None if function.parameters is None else dict(function.parameters),
        "strict": function.strict,
    }
    return {"type": "function", "function": {name: value for name, value in said.items() if value is not None}}


def _choice(call: Call) -> Any:
    if isinstance(call.function_choice, TheFunction):
        return {"type": "function", "function": {"name": call.function_choice.name}}
    return call.function_choice
