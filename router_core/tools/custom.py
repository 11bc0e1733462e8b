"""Tools of other packages: found by entry point, made with the policy's settings, limited like our own.

    [project.entry-points."routescope.tools"]
    weather = "acme_weather:Weather"        # in the package's pyproject.toml

The entry point is called with the policy's ``settings`` as keyword arguments and gives a `Resolver`.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Final

from router_core.policy.schema import CustomTool
from router_core.policy.schema.values import Location
from router_core.request import RouteRequest
from router_core.result import Signals
from router_core.tools.base import Resolver, ToolAnswer

GROUP: Final = "routescope.tools"


class UnusableEntryPoint(Exception):
    """The entry point is not installed or makes no tool; ``str(error)`` says which, ``remedy`` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


def installed_tools() -> list[str]:
    """Names of the entry points that are installed."""
    return sorted({point.name for point in entry_points(group=GROUP)})


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
        self._resolver = _make(entry)

    async def resolve(self, request: RouteRequest, signals: Signals) -> ToolAnswer | None:
        """See `Tool.resolve`."""
        return await self._resolver.resolve(request, signals)


def _make(entry: CustomTool) -> Resolver:
    found = entry_points(group=GROUP, name=entry.name)
    if not found:
        known = ", ".join(installed_tools()) or "none"
        raise UnusableEntryPoint(
            f"no package offers a tool {entry.name!r}",
            f"install the package that does; installed tools: {known}",
        )
    try:
        resolver = next(iter(found)).load()(**entry.settings)
    except Exception as error:  # foreign code: whatever it raises makes the policy unusable
        raise UnusableEntryPoint(
            f"{entry.name!r} could not be made ({type(error).__name__}: {error})",
            "correct its settings, or ask its authors",
        ) from error
    if not callable(getattr(resolver, "resolve", None)):
        raise UnusableEntryPoint(
            f"{entry.name!r} made something without a method resolve",
            "ask its authors for `async def resolve(request, signals)`",
        )
    made: Resolver = resolver
    return made
