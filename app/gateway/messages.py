"""Messages, functions and calls as OpenAI's clients write them, and our own of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, Field, field_validator

from app.gateway.doorkeeper import MAX_BODY_BYTES
from app.gateway.public import is_public
from router_core.errors import RequestError, UnsupportedFeature
from router_core.functions import FunctionCall
from router_core.images import Detail, Image
from router_core.request import Message

MOST_CALLS = 128
"""Functions of a request, and calls of a message: OpenAI takes as many."""

Name: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
CallId: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:|=+/-]{1,256}$")]
"""What any maker of models gives: no words and no addresses, since nobody searches ids for personal data."""


class InvalidBody(RequestError):
    """The body is not what this path takes."""

    code = "invalid_body"


class ImageAddress(BaseModel):
    """Where an image is."""

    url: Annotated[str, Field(pattern=r"^(?:https://|data:image/)", max_length=MAX_BODY_BYTES)]
    detail: Detail | None = None

    @field_validator("url")
    @classmethod
    def _is_public(cls, url: str) -> str:
        if not url.startswith("data:") and not is_public(url):
            raise ValueError("it is no address on the public internet, and nobody fetches any other")
        return url


class Part(BaseModel):
    """One part of a message: a text or an image."""

    type: str
    text: str | None = None
    image_url: ImageAddress | None = None

    def as_part(self, where: str) -> str | Image:
        """The text, or the image.

        Raises:
            UnsupportedFeature: it is something else.
            InvalidBody: it lacks what its type says.
        """
        if self.type == "text":
            return self.text or ""
        if self.type != "image_url":
            raise UnsupportedFeature(f"{where} is of type {self.type[:40]!r}; send texts and images only")
        if self.image_url is None:
            raise InvalidBody(f"{where}.image_url: it is missing; give the image's url")
        return Image(self.image_url.url, self.image_url.detail)


class CalledFunction(BaseModel):
    """What an assistant's message calls."""

    name: Name
    arguments: str


class ToolCall(BaseModel):
    """One call in an assistant's message."""

    id: CallId
    type: Literal["function"] = "function"
    function: CalledFunction


class OfferedFunction(BaseModel):
    """A function that models may call."""

    name: Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolEntry(BaseModel):
    """OpenAI's wrapping of a function."""

    type: Literal["function"]
    function: OfferedFunction


class NamedFunction(BaseModel):
    """The function to be called."""

    name: Name


class NamedTool(BaseModel):
    """OpenAI's wrapping of the choice of one function."""

    type: Literal["function"]
    function: NamedFunction


class ChatMessage(BaseModel):
    """One message as OpenAI writes it."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: Annotated[list[ToolCall], Field(max_length=MOST_CALLS)] | None = None
    tool_call_id: CallId | None = None

    def as_message(self, place: int) -> Message:
        """Our own message.

        Raises:
            UnsupportedFeature: for sound and files.
            InvalidBody: calls, results or images stand where they mean nothing.
        """
        if self.tool_calls and self.role != "assistant":
            raise InvalidBody(f"messages.{place - 1}.tool_calls: only an assistant's message has them")
        if (self.role == "tool") != (self.tool_call_id is not None):
            problem = "it is missing" if self.role == "tool" else f"a message of role {self.role} has none"
            raise InvalidBody(f"messages.{place - 1}.tool_call_id: {problem}")
        calls = tuple(
            FunctionCall(call.id, call.function.name, call.function.arguments) for call in self.tool_calls or ()
        )
        if not isinstance(self.content, list):
            return Message(self.role, self.content or "", calls, self.tool_call_id)
        parts = tuple(one.as_part(f"messages.{place - 1}.content.{at}") for at, one in enumerate(self.content))
        texts = [part for part in parts if isinstance(part, str)]
        if len(texts) == len(parts):
            return Message(self.role, "".join(texts), calls, self.tool_call_id)
        if self.role != "user":
            raise InvalidBody(f"messages.{place - 1}.content: only a user's message holds images")
        return Message(self.role, "\n".join(texts), calls, self.tool_call_id, parts)
