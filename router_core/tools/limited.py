"""A tool that is asked for some intents or languages only."""

from __future__ import annotations

from router_core.policy.schema.tools import LimitedTool
from router_core.policy.schema.values import Location
from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.tools.base import Tool, ToolAnswer


class Limited:
    """A tool within its limits; outside of them it has no answer, as if the prompt were none for it."""

    def __init__(self, tool: Tool, limits: LimitedTool) -> None:
        self._tool = tool
        self._intents = limits.intents
        self._languages = limits.languages
        self.name = tool.name
        self.threshold = tool.threshold
        self.timeout_s = tool.timeout_s

    @property
    def location(self) -> Location:
        """See `Tool.location`."""
        return self._tool.location

    async def resolve(self, request: RouteRequest, signals: Signals) -> ToolAnswer | None:
        """See `Tool.resolve`."""
        if self._intents is not None and signals.intent not in self._intents:
            return None
        if self._languages is not None and signals.language not in self._languages:
            return None
        return await self._tool.resolve(request, signals)
