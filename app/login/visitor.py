"""Who looks at the dashboard: what a provider says of somebody, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

from app.login.file import Roles

Role: TypeAlias = Literal["viewer", "operator"]

SKEW_S: Final = 300.0
"""How far the provider's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody in front of the dashboard."""

    name: str | None
    """As the provider knows them; None: nobody was asked who they are."""
    role: Role | None
    """None: they may see nothing."""

    @property
    def operates(self) -> bool:
        """Whether they see what was said, may send prompts and change things."""
        return self.role == "operator"


ANYBODY: Final = Visitor(None, "operator")
"""Whoever sits at this machine, where there is no login."""


def visitor_of(claims: Mapping[str, Any], roles: Roles) -> Visitor:
    """Whom a provider's claims name, and their role. An address that the provider has not verified is nobody's."""
    name = next((str(claims[key]) for key in ("email", "preferred_username", "name", "sub") if claims.get(key)), "?")
    held = _held(claims, roles.claim)
    if _any_in(held, roles.operators):
        return Visitor(name, "operator")
    return Visitor(name, "viewer" if _any_in(held, roles.viewers) else None)


def is_fresh(claims: Mapping[str, Any], roles: Roles, now: datetime) -> bool:
    """Whether the provider said so lately enough. Without the time that it said so (``iat``) it did not."""
    said = claims.get("iat")
    if isinstance(said, bool) or not isinstance(said, int | float):
        return False
    age = now.astimezone(UTC).timestamp() - said
    return -SKEW_S <= age < roles.hours * 3600


def _held(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """The values of a claim. Addresses are compared without case."""
    value = claims.get(claim)
    if claim == "email":
        # Some providers let anybody write any address into their account, and do not say that they have looked.
        if not isinstance(value, str) or claims.get("email_verified") not in (True, "true"):
            return frozenset()
        return frozenset({value.casefold()})
    if isinstance(value, str):
        return frozenset({value})
    return frozenset(one for one in value if isinstance(one, str)) if isinstance(value, list | tuple) else frozenset()


def _any_in(held: frozenset[str], named: frozenset[str]) -> bool:
    wanted = named | {one.casefold() for one in named if "@" in one}
    return any(one in wanted or (one.count("@") == 1 and f"@{one.split('@')[1]}" in wanted) for one in held)
