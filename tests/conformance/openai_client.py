"""OpenAI's own client for Python. LangChain and LlamaIndex stand on it, and raise its errors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import openai

from tests.conformance.clients import CITY, RIVER, Call, ClientFailed, Said

WEATHER: Any = {
    "type": "function",
    "function": {"name": "weather", "description": "The weather of a city.", "parameters": CITY},
}
SCHEMA: Any = {"type": "json_schema", "json_schema": {"name": "river", "schema": RIVER, "strict": True}}


@contextmanager
def told() -> Iterator[None]:
    """Errors of OpenAI's client as ours."""
    try:
        yield
    except openai.APIStatusError as error:
        retry_after = error.response.headers.get("retry-after")
        raise ClientFailed(_kinds(error), error.status_code, retry_after, str(error)) from error
    except openai.APIConnectionError as error:
        raise ClientFailed(_kinds(error), None, None, str(error)) from error


class OpenAIClient:
    """See the module."""

    def __init__(self, url: str, key: str, timeout_s: float) -> None:
        self._client = openai.OpenAI(base_url=url, api_key=key, timeout=timeout_s, max_retries=0)

    def ask(self, text: str, model: str) -> Said:
        with told():
            reply = self._client.chat.completions.create(model=model, messages=_asked(text))
        assert reply.usage is not None
        return Said(reply.choices[0].message.content or "", reply.id, tokens=reply.usage.total_tokens)

    def stream(self, text: str, model: str) -> Said:
        with told():
            chunks = list(
                self._client.chat.completions.create(
                    model=model, messages=_asked(text), stream=True, stream_options={"include_usage": True}
                )
            )
        pieces = [one.choices[0].delta.content for one in chunks if one.choices and one.choices[0].delta.content]
        usage = chunks[-1].usage
        return Said("".join(pieces), chunks[0].id, None if usage is None else usage.total_tokens)

    def use_function(self, text: str, model: str, result: str) -> tuple[Call, Said]:
        with told():
            first = self._client.chat.completions.create(model=model, messages=_asked(text), tools=[WEATHER])
            message = first.choices[0].message
            assert first.choices[0].finish_reason == "tool_calls"
            assert message.tool_calls is not None
            made = message.tool_calls[0]
            turns: Any = [*_asked(text), message, {"role": "tool", "tool_call_id": made.id, "content": result}]
            second = self._client.chat.completions.create(model=model, messages=turns, tools=[WEATHER])
        assert made.type == "function"
        call = Call(made.function.name, json.loads(made.function.arguments))
        return call, Said(second.choices[0].message.content or "", second.id)

    def stream_calls(self, text: str, model: str) -> Sequence[Call]:
        with (
            told(),
            self._client.chat.completions.stream(model=model, messages=_asked(text), tools=[WEATHER]) as stream,
        ):
            made = stream.get_final_completion().choices[0].message.tool_calls or []
        return [Call(one.function.name, json.loads(one.function.arguments)) for one in made]

    def fill_schema(self, text: str, model: str) -> Mapping[str, Any]:
        with told():
            reply = self._client.chat.completions.create(model=model, messages=_asked(text), response_format=SCHEMA)
        found: Mapping[str, Any] = json.loads(reply.choices[0].message.content or "")
        return found

    def leave(self, text: str, model: str) -> None:
        with told(), self._client.chat.completions.create(model=model, messages=_asked(text), stream=True) as chunks:
            next(chunk for chunk in chunks if chunk.choices[0].delta.content)


def _kinds(error: Exception) -> list[str]:
    return [one.__name__ for one in type(error).__mro__]


def _asked(text: str) -> Any:
    return [{"role": "user", "content": text}]
