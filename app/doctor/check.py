"""What the doctor has looked at, and what it has found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """What one look has found."""

    name: str
    outcome: Outcome
    found: str
    remedy: str = ""
