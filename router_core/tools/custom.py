"""Tools of other packages: found by entry point, made with the policy's settings, limited like our own.

    [project.entry-points."routescope.tools"]
    weather = "acme_weather:Weather"        # in the package's pyproject.toml

The entry point is called with the policy's ``settings`` as keyword arguments and gives a `Resolver`.
"""

from __future__ import annotations

from typing import Final

from router_core.policy.entry_points import TOOLS, make
from router_core.policy.schema import CustomTool
from router_core.policy.schema.values import Location
from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.tools.base import Resolver, ToolAnswer


class Custom:
    """A tool of another package under a policy's name, threshold and time limit."""

    def __init__(self, name: str, entry: CustomTool) -> None:
        """Load the entry point and call it.

        Raises:
            UnusableEntryPoint: see there. Whatever the package raised is its cause.
        """
        self.name = name
        self.threshold = entry.threshold
        self.timeout_s = entry.timeout_s
        self.location: Final[Location] = entry.location
        self._resolver: Resolver = make(TOOLS, entry.name, entry.settings, "resolve")

    async def resolve(self, request: RouteRequest, signals: Signals) -> ToolAnswer | None:
        """See `Tool.resolve`."""
        return await self._resolver.resolve(request, signals)
