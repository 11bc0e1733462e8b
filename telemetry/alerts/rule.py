"""Rules: what is measured, from which value on it is a matter, and who is told.

These are telemetry's own types. Whoever has a policy translates it into them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from telemetry.alerts.metrics import BURNS, METRICS, SHORTER, Metric, Narrower

Comparison: TypeAlias = Literal["above", "below"]
Severity: TypeAlias = Literal["error", "warning", "info"]

SEVERITIES: Final[tuple[Severity, ...]] = ("info", "warning", "error")
"""From the lightest to the gravest."""
SHORTEST_CLEAR: Final = timedelta(minutes=5)
"""An alert resolves once its threshold has been met for so long, or for the rule's own time when that is longer."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule is narrowed to; empty: everything."""

    models: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert rule."""

    name: str
    metric: str
    """A key of `METRICS`."""
    comparison: Comparison
    threshold: float
    """In the metric's unit: shares 0..1, ms, USD."""
    window: timedelta | None = None
    """None: the metric's own."""
    short_window: timedelta | None = None
    """Of a burn rate; None: a twelfth of the window."""
    lasting: timedelta = timedelta(0)
    """How long the threshold must be breached before the alert fires."""
    min_n: int | None = None
    """Cases below which there is not enough data; None: the metric's own."""
    certain: bool = True
    """Whether the whole interval must lie beyond the threshold, where there is an interval."""
    severity: Severity = "warning"
    per: Narrower | None = None
    """Look at each by itself."""
    scope: Scope = field(default_factory=Scope)
    objective: float | None = None
    """Of the burn of an error budget: the share of requests that must not fail, as 0.99."""
    budget: str | None = None
    """The only budget; None: every one."""
    validators: tuple[str, ...] = ()
    """Of refusals: the validators that look for them."""
    channels: tuple[str, ...] = ()
    """Who is told, besides the page and the log."""
    description: str = ""
    builtin: bool = False

    @property
    def of(self) -> Metric:
        """Its metric."""
        return METRICS[self.metric]

    @property
    def long(self) -> timedelta:
        """The window that it is counted over; zero for a state."""
        return self.window or self.of.window or timedelta(0)

    @property
    def short(self) -> timedelta | None:
        """The second window of a burn rate; None for all others."""
        if self.metric not in BURNS:
            return None
        return self.short_window or self.long / SHORTER

    @property
    def fewest(self) -> int:
        """Cases below which there is not enough data."""
        return self.of.min_n if self.min_n is None else self.min_n

    @property
    def clearing(self) -> timedelta:
        """How long the threshold must be met again before the alert resolves, the first time."""
        return max(self.lasting, SHORTEST_CLEAR)

    def breached(self, value: float) -> bool:
        """Whether a value lies beyond the threshold; at the threshold it does not."""
        return value > self.threshold if self.comparison == "above" else value < self.threshold
