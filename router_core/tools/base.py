"""What a tool is: a structured resolver that may answer before any model is called."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from router_core.policy.schema.values import Location
from router_core.request import RouteRequest
from router_core.result import Signals


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """A tool's answer and how sure it is (0..1)."""

    text: str
    confidence: float
    reason: str
    citations: tuple[str, ...] = field(default=())


class Resolver(Protocol):
    """What an entry point of the group ``routescope.tools`` makes: the part of a tool that finds answers."""

    async def resolve(self, request: RouteRequest, signals: Signals) -> ToolAnswer | None:
        """An answer, or None when this is no prompt for it. None leaves a span but no branch row.

        Raises whatever goes wrong; the router records it and goes on to the next tool or a model.
        """
        ...


class Tool(Resolver, Protocol):
    """One named tool of a policy."""

    name: str
    threshold: float
    timeout_s: float

    @property
    def location(self) -> Location:
        """Where it works: ``cloud`` when prompts, or what is asked for in them, leave this machine or network."""
        ...
