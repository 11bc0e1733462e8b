"""What a validator is: it scores a complete answer, 0 to 1, and says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from router_core.request import RouteRequest


@dataclass(frozen=True, slots=True)
class CompleteAnswer:
    """An answer as validators see it."""

    text: str
    finish_reason: str | None
    model: str


@dataclass(frozen=True, slots=True)
class Score:
    """0 (wrong) to 1 (right), and why, in one sentence for a person."""

    value: float
    reason: str


class Validator(Protocol):
    """One named validator of a policy."""

    name: str
    threshold: float
    probes: tuple[str, ...]
    """Models whose answers it wants as siblings; empty for most."""

    def score(self, answer: CompleteAnswer, siblings: Sequence[CompleteAnswer], request: RouteRequest) -> Score:
        """Score ``answer``. Pure: no I/O, never raises on hostile text."""
        ...
