"""What every client of the gateway is asked to do, in words that none of them has for its own.

An adapter does each thing as an application would that uses its client: with its own messages, functions and errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

CITY: Mapping[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
RIVER: Mapping[str, Any] = {
    "type": "object",
    "properties": {"river": {"type": "string"}},
    "required": ["river"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Said:
    """An answer."""

    text: str
    completion_id: str | None
    """None where the client keeps it from the application."""
    tokens: int | None = None
    """Of prompt and answer together."""


@dataclass(frozen=True)
class Call:
    """A function that a model calls."""

    name: str
    arguments: Mapping[str, Any]


class ClientFailed(Exception):
    """What the client raised."""

    def __init__(self, kinds: Sequence[str], status: int | None, retry_after: str | None, words: str) -> None:
        super().__init__(f"{kinds[0]} {status}: {words}")
        self.kinds = kinds
        """The names of its class and of those that it derives from."""
        self.status = status
        self.retry_after = retry_after


class Client(Protocol):
    """A client with an address and a key. Each method raises `ClientFailed`."""

    def ask(self, text: str, model: str) -> Said:
        """A whole answer."""
        ...

    def stream(self, text: str, model: str) -> Said:
        """An answer in pieces."""
        ...

    def use_function(self, text: str, model: str, result: str) -> tuple[Call, Said]:
        """Offer ``weather(city)``, have it called, give its result, and take the answer."""
        ...

    def stream_calls(self, text: str, model: str) -> Sequence[Call]:
        """Offer ``weather(city)``, and read the calls from a stream."""
        ...

    def fill_schema(self, text: str, model: str) -> Mapping[str, Any]:
        """An answer by the schema `RIVER`, read."""
        ...

    def leave(self, text: str, model: str) -> None:
        """Begin to read a stream, and leave after the first text."""
        ...


class Clients(Protocol):
    """Makes a client, without retries. ``timeout_s``: how long it waits for an answer."""

    def __call__(self, url: str, key: str, timeout_s: float) -> Client:
        """The client of a gateway at ``url``, which ends in ``/v1``."""
        ...
