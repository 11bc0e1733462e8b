"""Alerts in words: a value against its threshold, with its interval and n. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app import units
from app.dashboard.view import own_range
from telemetry.alerts.metrics import METRICS
from telemetry.query.alerts import AlertView, EventView, RuleView

DAY: Final = timedelta(days=1)
_STATUSES: Final = {"failure_rate": "failed", "error_budget_burn": "failed", "denied_rate": "denied"}
_PATHS: Final = {"escalation_rate": "escalated", "fallback_rate": "fell_back"}
_SOURCES: Final = ("requests", "branches", "scores", "feedback")


def title(metric: str) -> str:
    """What a metric is called."""
    known = METRICS.get(metric)
    return metric if known is None else known.title


def value(amount: float | None, unit: str) -> str:
    """A value in its unit."""
    if amount is None:
        return units.UNKNOWN
    match unit:
        case "share":
            return units.share(amount)
        case "ms":
            return units.duration(amount)
        case "usd":
            return units.usd(amount)
        case "times":
            return f"{amount:.1f} x"
        case _:
            return units.count(amount)


def threshold(rule: RuleView) -> str:
    """``above 5.0 %``."""
    return f"{rule.comparison} {value(rule.threshold, rule.unit)}"


def interval(low: float | None, high: float | None, unit: str) -> str:
    """``54.1 % to 77.3 %``; empty where there is none."""
    return "" if low is None or high is None else f"{value(low, unit)} to {value(high, unit)}"


def of_alert(one: AlertView) -> str:
    """``Failed requests 66.7 % (54.1 % to 77.3 %), threshold above 5.0 %, over 1 h, n = 60``, and what is noted."""
    return _sentence(one, one.rule.metric, one.rule.unit, threshold(one.rule), one.rule.window)


def of_event(one: EventView) -> str:
    """The same of something that became of an alert."""
    if one.kind in ("silenced", "unsilenced"):
        return one.note
    against = f"{one.comparison} {value(one.threshold, one.unit)}"
    return _sentence(one, one.metric, one.unit, against, timedelta(seconds=one.window_s))


def _sentence(one: AlertView | EventView, metric: str, unit: str, against: str, window: timedelta) -> str:
    between = interval(one.low, one.high, unit)
    parts = [
        f"{title(metric)} {value(one.value, unit)}" + (f" ({between})" if between else ""),
        f"threshold {against}",
    ]
    if window:
        parts.append(f"over {length(window)}")
    if one.n is not None:
        parts.append(f"n = {units.count(one.n)}")
    return ", ".join(parts) + (f"; {one.note}" if one.note else "")


def length(time: timedelta) -> str:
    """``5 min``, ``1 h``, ``7 d``; ``at once`` for none."""
    seconds = time.total_seconds()
    if not seconds:
        return "at once"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds / 60:g} min"


def decisions_behind(one: AlertView) -> dict[str, str] | None:
    """What the list of decisions is narrowed to, to show what an alert has counted; None where it counts none."""
    metric = METRICS.get(one.rule.metric)
    if metric is None or metric.source not in _SOURCES:
        return None
    narrower = {"simulated": "simulated" if one.simulated else "real"}
    narrower["range"] = own_range(_since(one), one.evaluated, "hour" if one.rule.window <= DAY else "day")
    if one.rule.metric in _STATUSES:
        narrower["status"] = _STATUSES[one.rule.metric]
    if one.rule.metric in _PATHS:
        narrower["path"] = _PATHS[one.rule.metric]
    if one.subject and one.rule.per in ("route", "tenant"):
        narrower[one.rule.per] = one.subject
    # Of requests that failed nobody answered, so the model that was asked is none that the list could be narrowed to.
    if one.subject and one.rule.per == "model" and metric.source == "feedback":
        narrower["model"] = one.subject
    for name in ("routes", "tenants"):
        names = one.rule.scope.get(name) or []
        if len(names) == 1:
            narrower.setdefault(name.removesuffix("s"), names[0])
    return narrower


def _since(one: AlertView) -> datetime:
    return one.evaluated - max(one.rule.window, timedelta(hours=1))
