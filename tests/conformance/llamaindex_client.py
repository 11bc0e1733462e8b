"""LlamaIndex's model for addresses that speak as OpenAI does, with its own messages and function tools."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from llama_index.core.llms import ChatMessage, ChatResponse
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike

from tests.conformance.clients import RIVER, Call, Said
from tests.conformance.openai_client import told


def weather(city: str) -> str:
    """The weather of a city."""
    raise AssertionError("the test itself has the result")


class LlamaIndexClient:
    """See the module."""

    def __init__(self, url: str, key: str, timeout_s: float) -> None:
        self._url, self._key, self._timeout_s = url, key, timeout_s

    def _model(self, name: str, connections: httpx.Client | None = None) -> OpenAILike:
        return OpenAILike(
            model=name,
            api_base=self._url,
            api_key=self._key,
            timeout=self._timeout_s,
            max_retries=0,
            is_chat_model=True,
            is_function_calling_model=True,
            http_client=connections,
        )

    def ask(self, text: str, model: str) -> Said:
        with told():
            return _said(self._model(model).chat(_asked(text)))

    def stream(self, text: str, model: str) -> Said:
        with told():
            return _said(_last(self._model(model).stream_chat(_asked(text))))

    def use_function(self, text: str, model: str, result: str) -> tuple[Call, Said]:
        tools = [FunctionTool.from_defaults(weather)]
        asking = self._model(model)
        with told():
            first = asking.chat_with_tools(tools, chat_history=_asked(text))
            (made,) = asking.get_tool_calls_from_response(first)
            given = ChatMessage(role="tool", content=result, additional_kwargs={"tool_call_id": made.tool_id})
            second = asking.chat_with_tools(tools, chat_history=[*_asked(text), first.message, given])
        return Call(made.tool_name, made.tool_kwargs), _said(second)

    def stream_calls(self, text: str, model: str) -> Sequence[Call]:
        asking = self._model(model)
        with told():
            last = _last(
                asking.stream_chat_with_tools([FunctionTool.from_defaults(weather)], chat_history=_asked(text))
            )
        return [Call(made.tool_name, made.tool_kwargs) for made in asking.get_tool_calls_from_response(last)]

    def fill_schema(self, text: str, model: str) -> Mapping[str, Any]:
        wanted = {"type": "json_schema", "json_schema": {"name": "river", "schema": RIVER, "strict": True}}
        with told():
            reply = self._model(model).chat(_asked(text), response_format=wanted)
        found: Mapping[str, Any] = json.loads(reply.message.content or "")
        return found

    def leave(self, text: str, model: str) -> None:
        # LlamaIndex has no way to end a stream but to close what it reads from.
        with told(), httpx.Client() as connections:
            pieces = self._model(model, connections).stream_chat(_asked(text))
            next(piece for piece in pieces if piece.delta)


def _asked(text: str) -> list[ChatMessage]:
    return [ChatMessage(role="user", content=text)]


def _last(pieces: Any) -> ChatResponse:
    """Each piece holds all that came before it."""
    *_, last = pieces
    assert isinstance(last, ChatResponse)
    return last


def _said(reply: ChatResponse) -> Said:
    usage = getattr(reply.raw, "usage", None)
    return Said(reply.message.content or "", reply.raw.id, None if usage is None else usage.total_tokens)  # type: ignore[union-attr]
