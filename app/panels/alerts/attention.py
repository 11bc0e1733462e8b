"""What needs a person's attention now, from what the store and the gateway say. Pure: no store, no page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from app import units
from app.dashboard.budgets import Budget
from app.panels.alerts import said
from app.panels.alerts.silence import silence
from app.panels.drift.weeks import title_of
from telemetry.drift.weeks import start_of
from telemetry.query.alerts import AlertView
from telemetry.query.drift import DriftCell, DriftRunRecord
from telemetry.query.incidents import BreakerInterval, IncidentRow
from telemetry.query.pipeline import JobsState, ProcessState
from telemetry.query.volume import Volume

Severity: TypeAlias = Literal["error", "warning"]
Target: TypeAlias = Literal["latency", "pipeline", "policy", "drift", "cost", "decisions", "alerts"]

DAYS: Final = 7
"""How far back incidents are told that are over."""
NEARLY: Final = 0.8
"""The share of a budget from which on it is nearly used up."""
DRIFT_AGE: Final = timedelta(days=14)
"""A week that began longer ago is no news."""
STALE: Final = timedelta(minutes=5)
"""Alert rules that nobody has evaluated for so long are not watched."""
_COVERED: Final[dict[str, Target]] = {"drift": "drift", "open_breakers": "latency"}
"""What alerts of these metrics are about is not told twice."""
_ONLY: Final = "only"
_LOST: Final = {
    "not_durable": "Lost: {} that could be kept nowhere",
    "rows_refused": "Put aside: {} that fit no database",
    "database_put_aside": "Put aside: a damaged database, with all decisions until then",
}
_ENDS: Final = ("gateway_stopped",)
_RANK: Final[dict[Severity, int]] = {"error": 0, "warning": 1}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that needs attention, or did of late. Texts may quote an upstream: escape them where they are shown."""

    severity: Severity
    what: str
    """A sentence without its full stop."""
    more: str
    since: datetime | None
    """When it began; None where that is not known."""
    until: datetime | None
    """When it was over; None while it lasts."""
    target: Target
    """The page that tells more."""
    params: tuple[tuple[str, str], ...] = ()
    """What that page's address needs to show it."""
    simulated: bool = False

    @property
    def lasts(self) -> bool:
        """Whether it needs attention now."""
        return self.until is None


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what was found there."""

    name: str
    told: str
    known: bool = True
    """False: it could not be looked at."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read, at ``now``."""

    now: datetime
    intervals: Sequence[BreakerInterval]
    """Of the last `DAYS`."""
    incidents: Sequence[IncidentRow]
    """Of the last `DAYS`, the newest first."""
    processes: Sequence[ProcessState]
    """Of the last day."""
    jobs: JobsState
    cells: Sequence[DriftCell]
    last_drift: DriftRunRecord | None
    hours: Sequence[Volume]
    """Real requests by the hour, of the last weeks."""
    budgets: tuple[Budget, ...] | None
    """None: the gateway could not be asked."""
    unasked: str = ""
    """Why not."""
    alerts: Sequence[AlertView] = ()
    """Every subject of every alert rule, as it was evaluated last."""
    rules: int = 0
    """Alert rules, those without a subject at present too."""


@dataclass(frozen=True, slots=True)
class Attention:
    """What needs attention, what did, and what was looked at."""

    findings: tuple[Finding, ...]
    """What lasts first, then by severity, the newest first."""
    checks: tuple[Check, ...]

    @property
    def open(self) -> tuple[Finding, ...]:
        """What needs attention now."""
        return tuple(one for one in self.findings if one.lasts)

    @property
    def over(self) -> tuple[Finding, ...]:
        """What is over."""
        return tuple(one for one in self.findings if not one.lasts)


def attention(seen: Seen) -> Attention:
    """Judge what was read."""
    fire, check = _alerts(seen)
    looks: tuple[Callable[[Seen], tuple[list[Finding], Check]], ...] = (
        _upstreams,
        _kept,
        _policy,
        _collector,
        _jobs,
        _drift,
        _budgets,
        _silence,
    )
    looked = [look(seen) for look in looks]
    told = {(_COVERED.get(one.rule.metric), one.subject, one.simulated) for one in _firing(seen)}
    findings = [finding for found, _ in looked for finding in found if not _covered(finding, told)]
    return Attention(tuple(sorted([*fire, *findings], key=_order)), (check, *(check for _, check in looked)))


def _alerts(seen: Seen) -> tuple[list[Finding], Check]:
    """Alerts that fire and are not silenced."""
    findings = [
        Finding(
            severity="error" if one.rule.severity == "error" else "warning",
            what=f"{one.rule.name[:1].upper()}{one.rule.name[1:]}{f': {one.subject}' if one.subject else ''}",
            more=said.of_alert(one),
            since=one.since,
            until=None,
            target="alerts",
            simulated=one.simulated,
        )
        for one in _firing(seen)
    ]
    if not seen.alerts:
        return findings, Check("Alert rules", "not evaluated yet: the jobs worker does it every minute", known=False)
    last = max(one.evaluated for one in seen.alerts)
    told = f"{units.plural(seen.rules, 'rule')}, {units.plural(len(findings), 'alert')} firing"
    told += f"; evaluated {units.when(last)} UTC"
    return findings, Check("Alert rules", told, known=seen.now - last < STALE)


def _firing(seen: Seen) -> list[AlertView]:
    return [one for one in seen.alerts if one.state == "firing" and one.silence is None]


def _covered(one: Finding, told: Collection[tuple[Target | None, str, bool]]) -> bool:
    """Whether an alert that fires says the same."""
    names = {value for _, value in one.params}
    return one.lasts and any(
        target == one.target and subject in names and simulated == one.simulated for target, subject, simulated in told
    )


def _order(one: Finding) -> tuple[bool, int, float, str]:
    newest = one.until or one.since
    # How grave something was matters less than how long ago, once it is over.
    return not one.lasts, _RANK[one.severity] if one.lasts else 0, -newest.timestamp() if newest else 0.0, one.what


def _upstreams(seen: Seen) -> tuple[list[Finding], Check]:
    """Breakers and outliers: one finding a deployment, however often it broke."""
    places: dict[tuple[str, str | None, bool], list[BreakerInterval]] = {}
    for one in seen.intervals:
        places.setdefault((one.model, one.deployment, one.simulated), []).append(one)
    findings = [_upstream(some) for some in places.values()]
    lasting = sum(one.lasts for one in findings)
    told = f"{units.plural(len(findings), 'deployment')} broke or were called less in {DAYS} days, {lasting} still"
    return findings, Check("Breakers and outliers", told if findings else f"none open, none in the last {DAYS} days")


def _upstream(intervals: Sequence[BreakerInterval]) -> Finding:
    last = max(intervals, key=lambda one: one.start)
    still = [one for one in intervals if one.end is None]
    shown = still[-1] if still else last
    name = _place(shown)
    opened = sum(one.state == "open" for one in intervals)
    if still:
        states = {one.state for one in still}
        broken = "open" in states or "half_open" in states
        what = (
            f"The breaker of {name} is {'open' if 'open' in states else 'half open'}"
            if broken
            else f"{name} is called less"
        )
        severity: Severity = "error" if "open" in states else "warning"
    elif opened:
        what, severity = f"The breaker of {name} opened {_times(opened)}", "warning"
    else:
        what, severity = f"{name} was called less", "warning"
    ends = [one.end for one in intervals if one.end is not None]
    return Finding(
        severity=severity,
        what=what,
        more=shown.why,
        since=min(one.start for one in (still or intervals)),
        until=None if still else max(ends),
        target="latency",
        params=(("watched", shown.model),),
        simulated=shown.simulated,
    )


def _kept(seen: Seen) -> tuple[list[Finding], Check]:
    """Whether decisions are kept: the spool, what was lost, and what the database refused."""
    findings = [finding for one in seen.processes for finding in _process(one)]
    findings += _spooled(seen)
    for kind, words in _LOST.items():
        rows = [row for row in seen.incidents if row.kind == kind]
        if rows:
            first, last = min(row.ts for row in rows), max(row.ts for row in rows)
            what = words.format(units.plural(sum(map(_traces, rows)), "decision"))
            findings.append(
                Finding("error", what, rows[0].detail, first, last, "pipeline", simulated=rows[0].simulated)
            )
    running = sum(one.state == "running" for one in seen.processes)
    waiting = sum(one.spool_waiting for one in seen.processes)
    told = f"{units.plural(running, 'gateway')} running, {units.count(waiting)} decisions on a spool"
    return findings, Check(
        "Keeping of decisions", told if seen.processes else "no gateway gave a sample in the last day"
    )


def _process(one: ProcessState) -> Iterable[Finding]:
    if one.spool_waiting:
        gone = "" if one.state == "running" else f"; its process is {one.state}: start the gateway to take them in"
        what = f"{units.plural(one.spool_waiting, 'decision')} wait on the spool of {one.process}"
        yield Finding(
            "error", what, (one.last_error or "the database did not take them") + gone, None, None, "pipeline"
        )
    elif one.last_error and one.state == "running":
        yield Finding(
            "warning", f"The database refuses what {one.process} writes", one.last_error, None, None, "pipeline"
        )
    elif one.state == "silent":
        more = "a gateway that ends as it should says so; this one was killed, or cannot reach the database"
        yield Finding("warning", f"The gateway {one.process} fell silent", more, one.last_seen, None, "pipeline")


def _spooled(seen: Seen) -> Iterable[Finding]:
    """Times in which the spool was in use and that are over; what still waits, the processes' own samples say."""
    waiting = {one.process for one in seen.processes if one.spool_waiting}
    for process, rows in _by_process(seen.incidents, ("spool_in_use", "spool_empty")).items():
        uses = [row for row in rows if row.kind == "spool_in_use"]
        if uses and process not in waiting:
            what = f"Decisions went to the spool of {process} {_times(len(uses))}"
            until = max(row.ts for row in rows)
            yield Finding("warning", what, uses[0].detail, uses[-1].ts, until, "pipeline", simulated=uses[0].simulated)


def _policy(seen: Seen) -> tuple[list[Finding], Check]:
    """A policy file that a running gateway refused."""
    findings = []
    for rows in _by_process(seen.incidents, ("policy_refused", "policy_mended", "policy_reloaded", *_ENDS)).values():
        refused = next((row for row in rows if row.kind == "policy_refused"), None)
        if refused is not None:
            over = _over(seen, refused, rows)
            lasts = "The policy file is refused; the version before decides"
            severity: Severity = "error" if over is None else "warning"
            what = lasts if over is None else "The policy file was refused for a while"
            findings.append(
                Finding(severity, what, refused.detail, refused.ts, over, "policy", simulated=refused.simulated)
            )
    told = f"refused by {units.plural(len(findings), 'gateway')}" if findings else "not refused"
    return findings, Check("Policy file", f"{told} in the last {DAYS} days")


def _collector(seen: Seen) -> tuple[list[Finding], Check]:
    """A collector that takes no copies."""
    findings = []
    for rows in _by_process(seen.incidents, ("collector_away", "collector_back", *_ENDS)).values():
        away = next((row for row in rows if row.kind == "collector_away"), None)
        if away is not None:
            over = _over(seen, away, rows)
            what = "The collector takes no spans" if over is None else "The collector took no spans for a while"
            findings.append(Finding("warning", what, away.detail, away.ts, over, "pipeline", simulated=away.simulated))
    told = f"away from {units.plural(len(findings), 'gateway')}" if findings else "not away"
    return findings, Check("Collector", f"{told} in the last {DAYS} days")


def _over(seen: Seen, begun: IncidentRow, rows: Sequence[IncidentRow]) -> datetime | None:
    """When what began was over: by a later incident of its process, or with the process. ``rows`` are newest first."""
    later = [row.ts for row in rows if row.ts > begun.ts and row.kind != begun.kind]
    if later:
        return min(later)
    process = next((one for one in seen.processes if one.process == begun.process), None)
    if process is None:
        return begun.ts
    return None if process.state == "running" else max(process.last_seen, begun.ts)


def _jobs(seen: Seen) -> tuple[list[Finding], Check]:
    """The worker that runs the jobs, and the last run of each."""
    findings = [
        Finding("warning", f"The job {one.job} failed", one.error or "", one.started, None, "pipeline")
        for one in seen.jobs.jobs
        if one.outcome != "done"
    ]
    jobs = seen.jobs
    if jobs.jobs and jobs.holder is not None and not jobs.held:
        what = "No worker runs the jobs: retention, drift and sizes stand still"
        findings.append(Finding("warning", what, f"the last was {jobs.holder}", jobs.expires, None, "pipeline"))
    done = sum(one.outcome == "done" for one in jobs.jobs)
    told = (
        f"the last run of {done} of {units.plural(len(jobs.jobs), 'job')} went well"
        if jobs.jobs
        else "none has run yet"
    )
    return findings, Check("Jobs", told)


def _drift(seen: Seen) -> tuple[list[Finding], Check]:
    """Models that drifted, each in the latest week that could be judged, as their alert rule counts them."""
    findings, told = [], []
    for simulated in (False, True):
        judged = [one for one in seen.cells if one.simulated == simulated and one.state != "not_enough_data"]
        newest = {one.model: one for one in sorted(judged, key=lambda one: one.week)}
        recent = [one for one in newest.values() if seen.now - start_of(one.week) <= DRIFT_AGE]
        if not recent:
            continue
        drifted = [one for one in recent if one.state == "drift"]
        whose = f"{'simulated ' if simulated else ''}model"
        told.append(f"{len(drifted)} of {units.plural(len(recent), whose)} drifted in the latest week of each")
        for one in drifted:
            began = start_of(one.week)
            worst = f", most of all {title_of(one.worst_metric)}" if one.worst_metric else ""
            params: tuple[tuple[str, str], ...] = (("model", one.model), ("week", one.week_label))
            if simulated:
                params = (*params, ("traffic", "simulated"))
            what = f"{one.model} drifted in {one.week_label}: {one.drifted} of {one.tested} metrics{worst}"
            more = f"n = {units.count(one.n)} branches"
            findings.append(Finding("warning", what, more, began, None, "drift", params, simulated))
    last = seen.last_drift
    if last is None:
        return findings, Check("Drift", "no run has looked yet", known=False)
    return findings, Check(
        "Drift", f"{'; '.join(told) or 'no week to judge of late'}; computed {units.when(last.finished)} UTC"
    )


def _budgets(seen: Seen) -> tuple[list[Finding], Check]:
    """Budgets that are used up, or nearly."""
    if seen.budgets is None:
        return [], Check("Budgets", seen.unasked, known=False)
    findings = []
    for budget in seen.budgets:
        for one in budget.spenders:
            used = one.spent + one.held
            # A budget of nothing is used up by its own wording.
            share = used / budget.limit if budget.limit > 0 else 1.0
            if share >= NEARLY:
                whom = f" of {budget.per} {one.holder}" if one.holder else ""
                gone = "is used up" if share >= 1 else f"is used to {share * 100:.0f} %"
                what = f"The budget {budget.name}{whom} {gone}"
                more = f"{units.usd(used)} of {units.usd(budget.limit)}; whole again {units.when(budget.end)} UTC"
                severity: Severity = "error" if share >= 1 else "warning"
                findings.append(Finding(severity, what, more, budget.start, None, "cost"))
    told = (
        f"{units.plural(len(findings), 'holder')} used more than {NEARLY * 100:.0f} %"
        if findings
        else "none nearly used up"
    )
    number = units.plural(len(seen.budgets), "budget")
    return findings, Check("Budgets", f"{number}; {told}" if seen.budgets else "the policy has none")


def _silence(seen: Seen) -> tuple[list[Finding], Check]:
    """Whether requests have stopped coming."""
    found = silence([(one.start, one.requests) for one in seen.hours], seen.now)
    if not seen.hours:
        return [], Check("Requests of today", "no real request in the last weeks to compare with")
    last = max(one.start for one in seen.hours)
    told = f"the latest in the hour from {last:%Y-%m-%d %H:%M} UTC"
    if found is None:
        return [], Check("Requests of today", told)
    what = f"No request since {found.since:%Y-%m-%d %H:%M} UTC"
    more = (
        f"in the same hours of the {units.plural(found.weeks, 'week')} before there were "
        f"{units.count(found.fewest)} at least, {units.count(found.expected)} on average"
    )
    return [Finding("error", what, more, found.since, None, "decisions")], Check("Requests of today", told)


def _by_process(incidents: Iterable[IncidentRow], kinds: Sequence[str]) -> dict[str, list[IncidentRow]]:
    """Incidents of these kinds, the newest first, by the process that noticed them."""
    found: dict[str, list[IncidentRow]] = {}
    for row in incidents:
        if row.kind in kinds:
            found.setdefault(row.process, []).append(row)
    return found


def _place(one: BreakerInterval) -> str:
    return one.model if one.deployment in (None, _ONLY) else f"{one.model} at {one.deployment}"


def _traces(row: IncidentRow) -> int:
    number = row.fields.get("traces")
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else 1


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number:,} times"
