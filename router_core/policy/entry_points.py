"""Code of other packages that a policy names: found by entry point, made with the policy's settings.

    [project.entry-points."routescope.tools"]
    weather = "acme_weather:Weather"        # in the package's pyproject.toml

Groups: ``routescope.strategies``, ``routescope.tools``, ``routescope.validators``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

STRATEGIES: Final = "routescope.strategies"
TOOLS: Final = "routescope.tools"
VALIDATORS: Final = "routescope.validators"


class UnusableEntryPoint(ValueError):
    """It is not installed, or gives nothing that can be used; ``str(error)`` says which, ``remedy`` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.remedy = remedy


def installed(group: str) -> list[str]:
    """Names that installed packages offer."""
    from importlib.metadata import entry_points

    return sorted(entry_points(group=group).names)


def load(group: str, name: str) -> Any:
    """The object behind an entry point, which can be called.

    Raises:
        UnusableEntryPoint: there is none of that name, its package cannot be imported, or it cannot be called.
    """
    from importlib.metadata import entry_points

    for point in entry_points(group=group, name=name):
        try:
            found = point.load()
        except Exception as error:  # foreign code: whatever it raises makes the policy unusable
            raise UnusableEntryPoint(
                f"{name!r} cannot be imported ({type(error).__name__})", "mend the package that offers it"
            ) from error
        if not callable(found):
            raise UnusableEntryPoint(
                f"{name!r} cannot be called (it is of type {type(found).__name__})", "ask its authors"
            )
        return found
    known = ", ".join(installed(group)) or "none"
    raise UnusableEntryPoint(
        f"no installed package offers {name!r} (entry points of {group})",
        f"install the package that does, or correct the name; installed: {known}",
    )


def make(group: str, name: str, settings: Mapping[str, Any], method: str) -> Any:
    """What the entry point makes of the policy's settings; it has this method.

    Raises:
        UnusableEntryPoint: as `load`, or the settings do not suit it, or it makes something else.
    """
    try:
        made = load(group, name)(**settings)
    except UnusableEntryPoint:
        raise
    except Exception as error:  # foreign code, as above
        raise UnusableEntryPoint(
            f"{name!r} could not be made ({type(error).__name__}: {error})", "correct its settings, or ask its authors"
        ) from error
    if not callable(getattr(made, method, None)):
        raise UnusableEntryPoint(
            f"{name!r} made something without a method {method}", f"ask its authors for `{method}`"
        )
    return made
