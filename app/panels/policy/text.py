"""A policy as the store kept it: its text, read again as far as today's schema understands it.

Files that the policy names need not be here any more, and what one part says of another was checked when it was loaded;
so the text is read without those checks.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from router_core.policy.schema import Policy


@dataclass(frozen=True, slots=True)
class ReadPolicy:
    """A policy's text, and what it says."""

    data: dict[str, Any]
    """As TOML gives it; empty when it is no TOML."""
    policy: Policy | None
    """None when this RouteScope does not understand it."""
    problem: str | None = None
    """Why, in one sentence."""

    @property
    def owner(self) -> str | None:
        """Who answers for the policy, by its own words."""
        owner = self.data.get("owner")
        return owner if isinstance(owner, str) else None


@lru_cache(maxsize=64)
def read(text: str) -> ReadPolicy:
    """Read a policy's text; never raises."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return ReadPolicy({}, None, "The stored text is no TOML: it can be shown as text alone.")
    try:
        return ReadPolicy(data, Policy.model_validate(data))
    except ValidationError as error:
        key = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        problem = (
            f"This version was written for another RouteScope: {_keys(error.error_count())} unknown to this one, "
            f"the first at {key}. It is shown as text alone."
        )
        return ReadPolicy(data, None, problem)


def _keys(faults: int) -> str:
    return "1 key is" if faults == 1 else f"{faults:,} keys are"
