"""Which of a model's deployments is called: at random by weight, among those that may be.

Preference goes in steps, and weight decides within a step: healthy ones that have not failed in this request, then
ejected ones that have not, then healthy ones that have, then the rest. An ejection is a preference and no ban, so a
model whose last healthy deployment fails is still answered; an open breaker is a ban.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from router_core.resilience.breaker import Permission


@dataclass(frozen=True, slots=True)
class Candidate:
    """One deployment and how it stands."""

    name: str
    weight: float
    """Above 0; compared with the weights of the others."""
    permission: Permission
    """What its breaker says."""
    ejected: str | None = None
    """Why it is ejected; None when it is not."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The deployment to call, or why there is none."""

    deployment: str | None
    reason: str
    """Without a deployment: what stands against each, in words. Else what was passed over; empty when nothing was."""


def choose(candidates: Sequence[Candidate], failed: Collection[str], rng: random.Random) -> Choice:
    """One of ``candidates``. ``failed``: names that have failed in this request already."""
    allowed = [candidate for candidate in candidates if candidate.permission.allowed]
    if not allowed:
        return Choice(None, refusal(candidates))
    step = min(_step(candidate, failed) for candidate in allowed)
    left = [candidate for candidate in allowed if _step(candidate, failed) == step]
    (chosen,) = rng.choices(left, [candidate.weight for candidate in left]) if len(left) > 1 else left
    passed_over = [_against(candidate, failed) for candidate in candidates if candidate not in left]
    return Choice(chosen.name, "; ".join(f"{name}: {reason}" for name, reason in passed_over))


def refusal(candidates: Sequence[Candidate]) -> str:
    """Why none of ``candidates`` may be called. Of a single deployment the name says nothing."""
    if len(candidates) == 1:
        return candidates[0].permission.reason
    return "; ".join(f"{candidate.name}: {candidate.permission.reason}" for candidate in candidates)


def _step(candidate: Candidate, failed: Collection[str]) -> tuple[bool, bool]:
    return candidate.name in failed, candidate.ejected is not None


def _against(candidate: Candidate, failed: Collection[str]) -> tuple[str, str]:
    if not candidate.permission.allowed:
        return candidate.name, candidate.permission.reason
    return candidate.name, "it failed in this request" if candidate.name in failed else candidate.ejected or ""
