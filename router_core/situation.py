"""What rules and strategies look at."""

from __future__ import annotations

from dataclasses import dataclass

from router_core.request import Context, Purpose
from router_core.result import Signals


@dataclass(frozen=True, slots=True)
class Situation:
    """What rules and strategies look at."""

    route: str
    context: Context
    signals: Signals
    purpose: Purpose = "user"
