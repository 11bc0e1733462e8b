"""What a rule's metric is now, for each of its subjects, and what that says: breached, clear, unsure or dark."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from telemetry import histogram
from telemetry.alerts.machine import Evidence
from telemetry.alerts.metrics import Narrower, Source
from telemetry.alerts.rule import Rule, Scope
from telemetry.alerts.traffic import Requests, Traffic
from telemetry.errors import Unmeasurable
from telemetry.query import drift, incidents, pipeline
from telemetry.query.filters import Filters
from telemetry.query.proportion import Proportion

NANO: Final = 1_000_000_000
P95: Final = 0.95
_Z95: Final = 1.959963984540054
DRIFT_AGE: Final = timedelta(days=14)
"""A week that began longer ago is no news."""
_LOOK_BACK: Final = timedelta(days=1)
_CAUSES: Final[dict[drift.Cause, str]] = {
    "input": "the prompts changed",
    "model": "the model changed",
    "price": "the price changed",
    "mixed": "prompts and model changed",
    "unclear": "whether prompts or model changed is unclear",
}
_BROKEN: Final = ("open", "half_open")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was measured of one subject."""

    subject: str
    evidence: Evidence
    value: float | None = None
    low: float | None = None
    """The interval at 95 %, where there is one."""
    high: float | None = None
    n: int | None = None
    """Cases; None where the value is no statistic."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """What one holder has used of a budget in its present period. Amounts in nano-USD."""

    name: str
    holder: str | None
    """The tenant or route whose amount it is, or the name of a key; None: all share it."""
    per: Narrower | None
    """What a holder is, where requests can be told apart by it."""
    used_nano: int
    limit_nano: int
    start: datetime
    end: datetime
    tenants: tuple[str, ...] = ()
    """Whose requests count; empty: everybody's."""
    routes: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """How its alerts name it."""
        return self.name if self.holder is None else f"{self.name}: {self.holder or 'no key'}"


@dataclass(frozen=True, slots=True)
class Outside:
    """What is not in the store, and is told by whoever evaluates."""

    budgets: tuple[BudgetUse, ...] | None = None
    """None: they could not be read."""
    why: str = "nobody told of budgets"
    """Why not."""


def measure(
    engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside, known: Collection[str] = ()
) -> list[Reading]:
    """All subjects of a rule; a rule about everything at once has one, whose name is empty.

    Args:
        engine: see `telemetry.query`.
        rule: it.
        traffic: of this moment.
        outside: what the store does not know.
        known: subjects that earlier evaluations saw: they are answered for too.

    Raises:
        Unmeasurable: what is needed could not be read.
        StorageError: the store cannot be read.
    """
    found = _SOURCES[rule.of.source](engine, rule, traffic, outside)
    missing = sorted(set(known) - {one.subject for one in found})
    if rule.of.absent_is_zero:
        return found + [judged(rule, subject, 0.0, n=0 if rule.fewest == 0 else None) for subject in missing]
    return found + [Reading(subject, "dark", n=0, note="nothing was counted") for subject in missing]


def judged(
    rule: Rule,
    subject: str,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    n: int | None = None,
    note: str = "",
) -> Reading:
    """A value against its rule.

    It is breached when the value lies beyond the threshold, and where there is an interval, all of the interval too.
    Between the two it is unsure, unless the rule wants no certainty.
    """
    evidence: Evidence
    if value is None or (n is not None and n < rule.fewest):
        evidence = "dark"
        note = note or f"n = {n or 0:,}, {rule.fewest:,} are needed"
    elif not rule.breached(value):
        evidence = "clear"
    else:
        end = low if rule.comparison == "above" else high
        doubtful = rule.certain and end is not None and not rule.breached(end)
        evidence = "unsure" if doubtful else "breached"
    return Reading(subject, evidence, value, low, high, n, note)


def _requests(engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside) -> list[Reading]:
    sums = traffic.requests(rule, rule.long)
    if rule.per is None:
        sums = {"": sums.get("", Requests())}
    if rule.metric == "error_budget_burn":
        assert rule.short is not None
        return _error_burn(rule, sums, traffic.requests(rule, rule.short))
    return [_of_requests(rule, subject, one) for subject, one in sums.items()]


def _of_requests(rule: Rule, subject: str, one: Requests) -> Reading:
    match rule.metric:
        case "requests":
            return judged(rule, subject, float(one.n), n=one.n)
        case "spend":
            note = f"the cost of {one.cost_unknown:,} requests is unknown" if one.cost_unknown else ""
            return judged(rule, subject, one.cost_nano / NANO, n=one.n, note=note)
        case "cost_per_request":
            n = one.n - one.cost_unknown
            return judged(rule, subject, one.cost_nano / NANO / n if n else None, n=n)
        case "saved_share":
            value = one.savings_nano / one.baseline_nano if one.baseline_nano else None
            return judged(rule, subject, value, n=one.savings_n)
        case "latency_p95":
            return _p95(rule, subject, one.latency)
        case "ttft_p95":
            return _p95(rule, subject, one.ttft)
        case _:
            return _share(rule, subject, _PARTS[rule.metric](one), one.n)


def _error_burn(rule: Rule, long: Mapping[str, Requests], short: Mapping[str, Requests]) -> list[Reading]:
    """Multi-window burn rate: share of failures over the share that is allowed, in a long and in a short window.

    The long window makes it matter, the short one makes it over once it is over: Beyer, B. et al. (2018), The Site
    Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts". With an objective for 30 days, 14.4 over an
    hour uses up 2 % of what is allowed, 6 over six hours 5 %. Both must exceed the threshold, so the smaller of the two
    is the value; the interval is that of the long window.
    """
    assert rule.objective is not None
    allowed = 1 - rule.objective
    readings = []
    for subject, one in long.items():
        recent = short.get(subject, Requests())
        whole, now = Proportion.of(one.failed, one.n), Proportion.of(recent.failed, recent.n)
        if whole.share is None or whole.low is None or whole.high is None:
            readings.append(judged(rule, subject, None, n=0))
            continue
        if now.share is None and rule.breached(whole.share / allowed):
            note = "no request in the short window"
            readings.append(Reading(subject, "dark", whole.share / allowed, n=one.n, note=note))
            continue
        burn = whole.share / allowed
        both = burn if now.share is None else min(burn, now.share / allowed)
        note = f"{burn:.1f} x in {words_of(rule.long)}"
        if now.share is not None and rule.short is not None:
            note += f", {now.share / allowed:.1f} x in {words_of(rule.short)} (n = {recent.n:,})"
        readings.append(judged(rule, subject, both, whole.low / allowed, whole.high / allowed, one.n, note))
    return readings


def _branches(engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside) -> list[Reading]:
    sums = traffic.branches(rule, rule.long)
    if rule.per is None and not sums:
        return [judged(rule, "", None, n=0)]
    if rule.metric == "branch_latency_p95":
        return [_p95(rule, subject, one.latency) for subject, one in sums.items()]
    return [_share(rule, subject, one.failed, one.n) for subject, one in sums.items()]


def _scores(engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside) -> list[Reading]:
    if not rule.validators:
        raise Unmeasurable("the policy has no validator that looks for refusals")
    found = traffic.rejected(rule, rule.long)
    if rule.per is None and not found:
        return [judged(rule, "", None, n=0)]
    return [_share(rule, subject, one.part, one.n) for subject, one in found.items()]


def _feedback(engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside) -> list[Reading]:
    found = traffic.disliked(rule, rule.long)
    if rule.per is None and not found:
        return [judged(rule, "", None, n=0)]
    return [_share(rule, subject, one.part, one.n) for subject, one in found.items()]


def _pipeline(engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside) -> list[Reading]:
    if rule.metric == "spool_waiting":
        processes = pipeline.processes(engine, now=traffic.now)
        waiting = sum(one.spool_waiting for one in processes)
        if not processes:
            return [Reading("", "dark", n=0, note="no gateway gave a sample in the last day")]
        return [judged(rule, "", float(waiting))]
    points = pipeline.series(engine, traffic.now - rule.long, traffic.now)
    if not points:
        return [Reading("", "dark", n=0, note="no gateway gave a sample in the window")]
    return [judged(rule, "", float(sum(one.dropped for one in points)))]


def _incidents(engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside) -> list[Reading]:
    filters = Filters(
        start=traffic.now - _LOOK_BACK, models=rule.scope.models, purposes=(), simulated=traffic.simulated
    )
    broken: dict[str, list[str]] = {}
    for one in incidents.breaker_intervals(engine, filters, now=traffic.now):
        lasts = one.start <= traffic.now and (one.end is None or one.end > traffic.now)
        if lasts and one.state in _BROKEN:
            broken.setdefault(one.model, []).append(one.why)
    return [judged(rule, model, float(len(whys)), note=whys[-1]) for model, whys in sorted(broken.items())]


def _jobs(engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside) -> list[Reading]:
    return [
        judged(rule, one.job, 0.0 if one.outcome == "done" else 1.0, note=one.error or "")
        for one in pipeline.jobs(engine, now=traffic.now).jobs
    ]


def _drift(engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside) -> list[Reading]:
    newest: dict[str, drift.DriftCell] = {}
    for cell in drift.heatmap(engine, simulated=traffic.simulated, models=rule.scope.models):
        begun = datetime(cell.week.year, cell.week.month, cell.week.day, tzinfo=UTC)
        if cell.state != "not_enough_data" and timedelta(0) <= traffic.now - begun <= DRIFT_AGE:
            newest[cell.model] = max(newest.get(cell.model, cell), cell, key=lambda one: one.week)
    readings = []
    for model, cell in sorted(newest.items()):
        worst = f", most of all {cell.worst_metric}" if cell.drifted and cell.worst_metric else ""
        cause = f"; {_CAUSES[cell.causes[0]]}" if cell.drifted and cell.causes else ""
        note = f"{cell.drifted} of {cell.tested} metrics in {cell.week_label}{worst}{cause}"
        readings.append(judged(rule, model, float(cell.drifted), note=note))
    return readings


def _budgets(engine: sa.Engine, rule: Rule, traffic: Traffic, outside: Outside) -> list[Reading]:
    if outside.budgets is None:
        raise Unmeasurable(outside.why)
    meant = [one for one in outside.budgets if rule.budget in (None, one.name)]
    if rule.metric == "budget_burn":
        return [reading for one in meant if (reading := _budget_burn(rule, traffic, one)) is not None]
    return [_budget_use(rule, one) for one in meant]


def _budget_use(rule: Rule, one: BudgetUse) -> Reading:
    # A budget of nothing is used up by its own wording.
    used = one.used_nano / one.limit_nano if one.limit_nano > 0 else 1.0
    note = f"${one.used_nano / NANO:,.2f} of ${one.limit_nano / NANO:,.2f}; whole again {one.end:%Y-%m-%d %H:%M} UTC"
    return judged(rule, one.subject, used, note=note)


def _budget_burn(rule: Rule, traffic: Traffic, one: BudgetUse) -> Reading | None:
    """Spend over even spending, in both windows as `_error_burn`; None for a period that is no longer than the window.

    1 is what uses the budget up exactly at the end of its period.
    """
    period = one.end - one.start
    if period <= rule.long or one.limit_nano <= 0 or (one.holder is not None and one.per is None):
        return None
    assert rule.short is not None
    asked = replace(rule, per=one.per, scope=Scope(routes=one.routes, tenants=one.tenants))
    burns = []
    for window in (rule.long, rule.short):
        spent = traffic.spent(asked, window).get(one.holder or "", Requests()).cost_nano
        burns.append(spent / one.limit_nano * (period / window))
    note = f"{burns[0]:.1f} x in {words_of(rule.long)}, {burns[1]:.1f} x in {words_of(rule.short)}"
    return judged(rule, one.subject, min(burns), note=note)


def _share(rule: Rule, subject: str, part: int, n: int) -> Reading:
    found = Proportion.of(part, n)
    return judged(rule, subject, found.share, found.low, found.high, n)


def _p95(rule: Rule, subject: str, text: str) -> Reading:
    """The percentile with the order statistics around it that hold it at 95 %.

    Conover, W. J. (1999), Practical Nonparametric Statistics, 3rd edition, section 3.2, with the normal distribution
    in place of the binomial.
    """
    n = histogram.total(text)
    half = _Z95 * math.sqrt(P95 * (1 - P95) / n) if n else 0.0
    shares = (P95, max(P95 - half, 0.0), min(P95 + half, 1.0))
    value, low, high = histogram.percentiles(text, shares)
    return judged(rule, subject, value, low, high, n)


def words_of(window: timedelta) -> str:
    """A window in words: ``5 min``, ``1 h``, ``7 d``."""
    seconds = window.total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


_PARTS: Final[dict[str, Callable[[Requests], int]]] = {
    "failure_rate": lambda one: one.failed,
    "denied_rate": lambda one: one.denied,
    "escalation_rate": lambda one: one.escalated,
    "fallback_rate": lambda one: one.fell_back,
    "deadline_miss_rate": lambda one: one.late,
    "unknown_cost_rate": lambda one: one.cost_unknown,
}
_Measuring = Callable[[sa.Engine, Rule, Traffic, Outside], list[Reading]]
_SOURCES: Final[dict[Source, _Measuring]] = {
    "requests": _requests,
    "branches": _branches,
    "scores": _scores,
    "feedback": _feedback,
    "pipeline": _pipeline,
    "incidents": _incidents,
    "jobs": _jobs,
    "drift": _drift,
    "budgets": _budgets,
}
