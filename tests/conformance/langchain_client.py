"""LangChain's chat model for OpenAI, with its own messages, bound tools and structured output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from tests.conformance.clients import RIVER, Call, Said
from tests.conformance.openai_client import told


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    raise AssertionError("the test itself has the result")


class LangChainClient:
    """See the module."""

    def __init__(self, url: str, key: str, timeout_s: float) -> None:
        self._url, self._key, self._timeout_s = url, SecretStr(key), timeout_s

    def _model(self, name: str) -> ChatOpenAI:
        # An application that streams from another address than OpenAI's has to ask for the usage itself.
        return ChatOpenAI(
            model=name,
            base_url=self._url,
            api_key=self._key,
            timeout=self._timeout_s,
            max_retries=0,
            stream_usage=True,
        )

    def ask(self, text: str, model: str) -> Said:
        with told():
            return _said(self._model(model).invoke(text))

    def stream(self, text: str, model: str) -> Said:
        with told():
            return _said(_joined(self._model(model).stream(text)))

    def use_function(self, text: str, model: str, result: str) -> tuple[Call, Said]:
        bound = self._model(model).bind_tools([weather])
        with told():
            turns: list[BaseMessage] = [HumanMessage(text)]
            first = bound.invoke(turns)
            (made,) = first.tool_calls
            second = bound.invoke([*turns, first, ToolMessage(result, tool_call_id=made["id"])])
        return Call(made["name"], made["args"]), _said(second)

    def stream_calls(self, text: str, model: str) -> Sequence[Call]:
        with told():
            whole = _joined(self._model(model).bind_tools([weather]).stream(text))
        return [Call(made["name"], made["args"]) for made in whole.tool_calls]

    def fill_schema(self, text: str, model: str) -> Mapping[str, Any]:
        named = {"title": "river", **RIVER}
        with told():
            found = self._model(model).with_structured_output(named, method="json_schema", strict=True).invoke(text)
        assert isinstance(found, dict)
        return found

    def leave(self, text: str, model: str) -> None:
        pieces: Any = self._model(model).stream(text)
        with told(), closing(pieces):
            next(piece for piece in pieces if piece.content)


def _joined(pieces: Any) -> AIMessageChunk:
    whole: AIMessageChunk | None = None
    for piece in pieces:
        whole = piece if whole is None else whole + piece
    assert whole is not None
    return whole


def _said(message: Any) -> Said:
    usage = message.usage_metadata
    # What a stream says of its id, LangChain replaces.
    return Said(message.text, message.response_metadata.get("id"), None if usage is None else usage["total_tokens"])
