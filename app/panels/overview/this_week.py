"""What changed this week, in one sentence that claims nothing beyond its numbers. Pure.

A week is the ISO week, in UTC, so far; it is held against the week before up to the same hour. Only a change that
chance would not make is told as one. Four are looked for, so each must be surer than one that is looked for alone
(Bonferroni: 1.25 % each, 5 % in all).

Shares are compared by Newcombe's interval of their difference: Newcombe, R. G. (1998), "Interval estimation for the
difference between independent proportions", Statistics in Medicine 17, method 10. Spend per request is a ratio of sums;
its variance is that of hours as clusters: Cochran, W. G. (1977), "Sampling techniques", 3rd edition, section 6.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app import units
from telemetry.query.overview import Totals
from telemetry.query.proportion import Proportion
from telemetry.query.volume import Volume

FEWEST: Final = 30
"""Requests that each week needs before anything is said of a change."""
HOURS: Final = 6
"""Hours with requests of known cost that each week needs for its spend to be compared."""
LEAST: Final = math.log(1.01)
"""A change of spend by less than 1 % is none worth a word, however sure it is."""
Z: Final = 2.4977
"""Of a normal variable, two-sided at 5 % / 4."""
MOSTLY: Final = 0.5
"""The share of a change from which on one model is named for it."""


@dataclass(frozen=True, slots=True)
class Week:
    """The requests of one week, or of as much of it as is compared."""

    totals: Totals
    hours: Sequence[Volume]
    """The same requests by the hour."""
    by_model: Mapping[str, int] = field(default_factory=dict)
    """What each model cost, in nano-USD, as far as it is known."""


def sentence(now: Week, before: Week) -> str:
    """What changed from one week to the next, with n; or that too little is known to say."""
    n, earlier = now.totals.requests, before.totals.requests
    if n < FEWEST or earlier < FEWEST:
        return (
            f"Too few requests to compare weeks: {units.count(n)} since Monday, {units.count(earlier)} in the week "
            f"before up to the same hour; {FEWEST} in each are needed."
        )
    told = [_spend(now, before), *(_rate(name, now.totals, before.totals, read) for name, read in _RATES)]
    changes = [one for one, changed in told if changed and one]
    steady = [one for one, changed in told if not changed and one]
    ends = f"n = {units.count(n)} against {units.count(earlier)}"
    if not changes:
        return f"No change beyond chance against last week up to the same hour: {_and(steady)}; {ends}."
    rest = f"; no change beyond chance in {_and(steady)}" if steady else ""
    return f"{_capital('; '.join(changes))}, against last week up to the same hour{rest}; {ends}."


_RATES: Final[tuple[tuple[str, Callable[[Totals], int]], ...]] = (
    ("escalations", lambda one: one.escalated),
    ("fallbacks", lambda one: one.fell_back),
    ("failures", lambda one: one.failed),
)


def _rate(name: str, now: Totals, before: Totals, read: Callable[[Totals], int]) -> tuple[str, bool]:
    new, old = Proportion.of(read(now), now.requests), Proportion.of(read(before), before.requests)
    if new.share is None or old.share is None or new.low is None or new.high is None:
        return "", False
    between = f"{new.low * 100:.1f} to {units.share(new.high)}"
    if not differs(new, old):
        return f"{name} at {units.share(new.share)} ({between})", False
    verb = "rose" if new.share > old.share else "fell"
    return f"{name} {verb} from {units.share(old.share)} to {units.share(new.share)} ({between})", True


def differs(new: Proportion, old: Proportion) -> bool:
    """Whether the interval of the difference leaves out zero."""
    if new.n <= 0 or old.n <= 0:
        return False
    (p, low, high), (q, under, over) = _wilson(new), _wilson(old)
    least = p - q - math.hypot(p - low, over - q)
    most = p - q + math.hypot(high - p, q - under)
    return least > 0 or most < 0


def _wilson(rate: Proportion) -> tuple[float, float, float]:
    between = units.wilson(rate.part, rate.n, Z)
    assert between is not None and rate.share is not None
    return rate.share, min(between[0], rate.share), max(between[1], rate.share)


def _spend(now: Week, before: Week) -> tuple[str, bool]:
    new, old = mean_cost(now.hours), mean_cost(before.hours)
    if new is None or old is None:
        return "", False
    text = units.nano_usd(round(new.mean))
    if old.mean <= 0 or new.mean <= 0:
        return f"spend per request at {text}", False
    change, spread = math.log(new.mean / old.mean), math.hypot(new.error / new.mean, old.error / old.mean)
    if abs(change) <= max(Z * spread, LEAST):
        return f"spend per request at {text}", False
    verb = "rose" if change > 0 else "fell"
    by = abs(new.mean / old.mean - 1) * 100
    return f"spend per request {verb} {by:,.0f} % to {text}{_mostly(now, before)}", True


@dataclass(frozen=True, slots=True)
class Mean:
    """Nano-USD a request, and its standard error."""

    mean: float
    error: float


def mean_cost(hours: Sequence[Volume]) -> Mean | None:
    """Of the requests whose cost is known; None when they are too few, or in too few hours, to say how sure it is."""
    known = [(one.requests - one.cost_unknown, one.cost_nano) for one in hours]
    pairs = [(n, cost) for n, cost in known if n > 0 and cost is not None]
    requests = sum(n for n, _ in pairs)
    if len(pairs) < HOURS or requests < FEWEST:
        return None
    mean = sum(cost for _, cost in pairs) / requests
    apart = sum((cost - mean * n) ** 2 for n, cost in pairs)
    return Mean(mean, math.sqrt(apart * len(pairs) / (len(pairs) - 1)) / requests)


def _mostly(now: Week, before: Week) -> str:
    """The model behind most of the change, by what it cost a request."""
    n, earlier = now.totals.requests - now.totals.cost_unknown, before.totals.requests - before.totals.cost_unknown
    if n <= 0 or earlier <= 0:
        return ""
    parts = {
        model: now.by_model.get(model, 0) / n - before.by_model.get(model, 0) / earlier
        for model in {*now.by_model, *before.by_model}
    }
    whole = sum(parts.values())
    if not parts or whole == 0:
        return ""
    model = max(sorted(parts), key=lambda name: parts[name] / whole)
    return f", mostly {model}" if parts[model] / whole > MOSTLY else ""


def _and(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
