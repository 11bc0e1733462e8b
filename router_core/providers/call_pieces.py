"""The function calls of an answer, put together from the pieces in which they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from router_core.functions import FunctionCall

MOST_CALLS: Final = 128
"""In one answer, as many as OpenAI lets a client offer; more are garbage."""


@dataclass(slots=True)
class _Piece:
    call_id: str = ""
    name: str = ""
    arguments: str = ""


class CallPieces:
    """What has come so far."""

    def __init__(self) -> None:
        self._pieces: dict[int, _Piece] = {}

    @property
    def begun(self) -> bool:
        """Whether any has come."""
        return bool(self._pieces)

    def add(self, said: Any) -> int:
        """Take what an event or a whole message says under ``tool_calls``; how many characters it adds.

        Raises:
            ValueError: it is no list of calls; the message says how.
        """
        if said is None:
            return 0
        if not isinstance(said, list):
            raise ValueError("its calls are not a list")
        return sum(self._piece(place, one) for place, one in enumerate(said))

    def _piece(self, place: int, said: Any) -> int:
        if not isinstance(said, Mapping):
            raise ValueError("a call is not a JSON object")
        index = said.get("index", place)
        if not isinstance(index, int) or not 0 <= index < MOST_CALLS:
            raise ValueError("a call has no usable index")
        piece = self._pieces.setdefault(index, _Piece())
        function = said.get("function")
        function = function if isinstance(function, Mapping) else {}
        piece.call_id = piece.call_id or _text(said.get("id"))
        name = "" if piece.name else _text(function.get("name"))
        arguments = _text(function.get("arguments"))
        piece.name += name
        piece.arguments += arguments
        return len(name) + len(arguments)

    def calls(self) -> tuple[FunctionCall, ...]:
        """All of them, in the order of their indices. Where the upstream gave no id, one by the place.

        Raises:
            ValueError: one names no function.
        """
        if any(not piece.name for piece in self._pieces.values()):
            raise ValueError("a call names no function")
        return tuple(
            FunctionCall(piece.call_id or f"call_{index}", piece.name, piece.arguments)
            for index, piece in sorted(self._pieces.items())
        )


def _text(value: Any) -> str:
    """A lone surrogate, escaped in JSON, fits no database."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""
