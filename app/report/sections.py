"""The report in words and tables, in no format yet. Names stand as they are: whoever writes a format escapes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app import units
from app.panels.alerts import said
from app.panels.overview.this_week import sentence
from app.report.week import Half, Report
from telemetry.query.drift import DriftFinding
from telemetry.query.overview import Totals
from telemetry.query.proportion import Proportion
from telemetry.query.savings import Savings

MOST_MODELS: Final = 10
MOST_FINDINGS: Final = 20
MOST_EVENTS: Final = 40
_GRAVE: Final = ("not_durable", "rows_refused", "database_put_aside", "policy_refused")
_INCIDENTS: Final = {
    "breaker_opened": "a breaker opened",
    "deployment_ejected": "a deployment was called less",
    "spool_in_use": "decisions went to a spool",
    "not_durable": "decisions could be kept nowhere",
    "rows_refused": "decisions fitted no database",
    "database_put_aside": "a damaged database was put aside",
    "policy_reloaded": "another policy began to decide",
    "policy_refused": "a policy file was refused",
    "collector_away": "the collector took no spans",
    "gateway_started": "a gateway began",
}
_CAUSES: Final = {
    "input": "the prompts changed",
    "model": "the model changed",
    "price": "the price changed",
    "mixed": "prompts and model changed",
    "unclear": "cause unclear",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text."""

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    """Columns that align right."""
    bars: Sequence[float] = ()
    """A share 0..1 for each row, drawn where the format can."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it."""

    title: str
    sentences: Sequence[str] = ()
    points: Sequence[str] = ()
    """A list."""
    tables: Sequence[Table] = field(default=())


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report."""

    title: str
    subtitle: str
    warning: str
    """Empty when there is none."""
    sections: Sequence[Section]


def document(report: Report) -> Document:
    """The report in words."""
    last = report.end - timedelta(microseconds=1)
    whole = "" if report.whole else " The week is not over: it is counted up to now."
    made_up = "All of it is simulated traffic of the demo." if report.traffic == "simulated" else ""
    return Document(
        title=f"RouteScope, week {report.label}",
        subtitle=f"{units.day(report.start)} to {units.day(last)}, UTC; made {units.when(report.made)} UTC.{whole}",
        warning=made_up,
        sections=[
            Section("In short", [_short(report)]),
            _person(report),
            _cost(report),
            _saved(report),
            *_quality(report),
            _changed(report),
            _alerts(report),
            _counted(report),
        ],
    )


def _short(report: Report) -> str:
    text = sentence(report.now.week, report.before.week)
    # It is written for the overview, which looks at a week that is not over.
    return text.replace(" up to the same hour", "").replace("last week", "the week before") if report.whole else text


def _person(report: Report) -> Section:
    points = [*_points(report)]
    return Section("What needs a person", [] if points else ["Nothing that RouteScope can see."], points)


def _points(report: Report) -> Iterator[str]:
    for one in report.firing:
        about = f": {one.subject}" if one.subject else ""
        quiet = f" (silenced until {units.when(one.silence.until)} UTC)" if one.silence is not None else ""
        yield f"Still firing: {one.rule.name}{about}, since {units.when(one.since)} UTC{quiet}. {said.of_alert(one)}."
    drifted: dict[str, list[DriftFinding]] = {}
    for finding in report.findings:
        drifted.setdefault(finding.model, []).append(finding)
    for model, some in drifted.items():
        first = some[0]
        cause = f", {_CAUSES[first.cause]}" if first.cause else ""
        number = units.plural(len(some), "finding")
        yield f"{model} drifted: {number}, most of all {_metric(first)}{cause}. See the page Drift."
    for kind in _GRAVE:
        if times := report.incidents.get(kind, 0):
            yield f"{_capital(_INCIDENTS[kind])}: {units.plural(times, 'time')}. See the page Pipeline."
    totals = report.now.week.totals
    if totals.cost_unknown:
        share = Proportion.of(totals.cost_unknown, totals.requests)
        yield (
            f"The cost of {units.plural(totals.cost_unknown, 'request')} ({units.share(share.share)}) is unknown, so "
            "spend and savings leave them out. Give their models a price."
        )
    if report.undelivered:
        channels = ", ".join(sorted({one.channel for one in report.undelivered}))
        yield (
            f"{units.plural(len(report.undelivered), 'message')} of alerts never arrived ({channels}). Try them with "
            "routescope alerts test."
        )


def _cost(report: Report) -> Section:
    now, before = report.now, report.before
    rows = [_row(*one) for one in _compared(now.week.totals, before.week.totals)]
    headers = ("", "This week", "95 % interval", "Week before", "Change")
    tables = [Table(headers, rows, frozenset({1, 2, 3, 4})), _days(report)]
    old = {one.value: one for one in before.by_model}
    models = [
        (
            one.value or "nobody",
            units.count(one.n),
            units.nano_usd(one.cost_nano),
            units.nano_usd(old[one.value].cost_nano) if one.value in old else "none",
            units.count(one.cost_unknown) if one.cost_unknown else "",
        )
        for one in now.by_model[:MOST_MODELS]
    ]
    heads = ("Model or tool", "Branches", "Spend", "Week before", "Unknown cost")
    tables.append(Table(heads, models, frozenset({1, 2, 3, 4})))
    left = len(now.by_model) - MOST_MODELS
    more = [f"{units.plural(left, 'further model')} cost less."] if left > 0 else []
    return Section("What it cost", more, tables=tables)


def _compared(now: Totals, before: Totals) -> Iterator[tuple[str, str, str, str, str]]:
    yield ("Requests", units.count(now.requests), "", units.count(before.requests), _by(now.requests, before.requests))
    spent, earlier = units.nano_usd(now.cost_nano), units.nano_usd(before.cost_nano)
    yield ("Spend", spent, "", earlier, _by(now.cost_nano, before.cost_nano))
    each, old = _each(now), _each(before)
    yield ("Spend per request", units.usd(each), "", units.usd(old), _by(each, old))
    yield ("Of it not used", units.nano_usd(now.discarded_nano), "", units.nano_usd(before.discarded_nano), "")
    for name, part, earlier_part in (
        ("Failed", now.failed, before.failed),
        ("Denied", now.denied, before.denied),
        ("Escalated", now.escalated, before.escalated),
        ("Fell back", now.fell_back, before.fell_back),
        ("Answered by a tool", now.by_tool, before.by_tool),
    ):
        new, was = Proportion.of(part, now.requests), Proportion.of(earlier_part, before.requests)
        change = units.change(new.share, was.share, points=True) or ""
        yield (name, units.share(new.share), _between(new), units.share(was.share), change)
    p95, old_p95 = now.latency_p95_ms, before.latency_p95_ms
    yield ("Latency, p95", units.duration(p95), "", units.duration(old_p95), _by(p95, old_p95))


def _days(report: Report) -> Table:
    most = max((day.cost_nano or 0 for day in report.now.days), default=0)
    rows = [
        (
            f"{day.start:%a} {day.start.day} {day.start:%b}",
            units.count(day.requests),
            units.nano_usd(day.cost_nano),
            units.nano_usd(day.savings_nano),
            units.count(day.failed),
        )
        for day in report.now.days
    ]
    bars = [(day.cost_nano or 0) / most if most else 0.0 for day in report.now.days]
    return Table(("Day", "Requests", "Spend", "Saved", "Failed"), rows, frozenset({1, 2, 3, 4}), bars)


def _saved(report: Report) -> Section:
    now, before = report.now, report.before
    counted = now.week.totals.requests - now.savings.n
    told = [_savings("This week", now.savings)]
    if before.savings.n:
        told.append(_savings("The week before", before.savings))
    if counted:
        told.append(
            f"{units.plural(counted, 'request')} of {units.count(now.week.totals.requests)} are left out: "
            "their cost or their baseline is unknown."
        )
    told.append(
        "Savings are what the baseline, the strongest model that might have answered, would have cost, minus all that "
        "was spent, discarded answers, probes, judges and retries included. The baseline's cost is its prices times "
        "these prompts and the answer's length, so it is an estimate; the interval counts how days differ, not whether "
        "the baseline is right."
    )
    return Section("What it saved", told)


def _savings(when: str, one: Savings) -> str:
    if one.saved_nano is None:
        return f"{when}: unknown; no request has both a known cost and a known baseline."
    verb = "saved" if one.saved_nano >= 0 else "cost more than its baseline by"
    text = f"{when} routing {verb} {units.nano_usd(abs(one.saved_nano))}"
    if one.share is not None:
        text += f", {units.share(abs(one.share))} of the baseline"
    if one.saved_low_nano is None or one.saved_high_nano is None:
        return f"{text}; n = {units.count(one.n)} requests. With {units.plural(one.days, 'day')} there is no interval."
    between = f"{units.nano_usd(one.saved_low_nano)} to {units.nano_usd(one.saved_high_nano)}"
    return f"{text} (95 % interval {between}); n = {units.count(one.n)} requests on {units.plural(one.days, 'day')}."


def _quality(report: Report) -> Iterator[Section]:
    """Nothing when nobody judged an answer."""
    rows = [
        (
            f"{one.name} ({one.method})",
            model or "nobody",
            units.share(good.share),
            _between(good),
            units.count(good.n),
            units.share(one.before[model].share) if model in one.before else "none",
        )
        for one in report.quality
        for model, good in one.now.items()
        if good.n
    ]
    if rows:
        heads = ("Said by", "Model", "Good", "95 % interval", "n", "Week before")
        told = (
            "Of judges the answers that chance picked are counted; of people all that they said, and who says "
            "something is no random sample."
        )
        yield Section("How good the answers were", [told], tables=[Table(heads, rows, frozenset({2, 3, 4, 5}))])


def _changed(report: Report) -> Section:
    points = [
        f"Policy {one.name} {one.version} began to decide, {units.when(one.first_seen)} UTC, by {one.recorded_by}."
        for one in report.policies
    ]
    points += [
        f"{_capital(_INCIDENTS[kind])}: {units.plural(times, 'time')}."
        for kind, times in report.incidents.items()
        if kind in _INCIDENTS
    ]
    tables = []
    if report.findings:
        heads = ("Model", "What", "Before", "Now", "Since about", "Because", "n")
        rows = [_finding(one) for one in report.findings[:MOST_FINDINGS]]
        tables.append(Table(heads, rows, frozenset({6})))
    if report.drift_computed is None:
        told = ["Drift: no run has looked yet; run routescope drift run."]
    elif not report.findings:
        told = [f"Drift: no finding (computed {units.when(report.drift_computed)} UTC)."]
    else:
        left = len(report.findings) - MOST_FINDINGS
        more = f"; {units.count(left)} more are on the page Drift" if left > 0 else ""
        number = units.plural(len(report.findings), "finding")
        told = [f"Drift: {number}, beyond chance and beyond the threshold of each metric{more}."]
    if not points:
        told = ["No policy changed and no incident was noted.", *told]
    return Section("What changed", told, points, tables)


def _finding(one: DriftFinding) -> tuple[str, ...]:
    where = "" if one.scope == "model" else f" ({one.scope} {one.part})"
    since = "" if one.changed is None else units.day(one.changed)
    cause = "" if one.cause is None else _CAUSES[one.cause]
    before, after = _amount(one.before, one.unit), _amount(one.after, one.unit)
    return f"{one.model}{where}", _metric(one), before, after, since, cause, units.count(one.n)


def _metric(one: DriftFinding) -> str:
    name = one.metric.replace("_", " ")
    return f"{name}: {one.category}" if one.category and one.category != name else name


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return units.UNKNOWN
    match unit:
        case "share":
            return units.share(value)
        case "ms":
            return units.duration(value)
        case "nano-USD":
            return units.nano_usd(round(value))
        case _:
            return f"{value:,.2f}" if abs(value) < 10 else f"{value:,.0f}"


def _alerts(report: Report) -> Section:
    fired = [one for one in report.events if one.kind == "fired"]
    if not fired:
        return Section("Alerts of the week", ["No alert fired."])
    ended = {(one.alert_id, one.started): one.ts for one in report.events if one.kind in ("resolved", "withdrawn")}
    rows = []
    for one in fired[:MOST_EVENTS]:
        over = ended.get((one.alert_id, one.ts))
        lasted = "not over in the week" if over is None else _lasted(over - one.ts)
        about = f"{one.rule}{f': {one.subject}' if one.subject else ''}"
        rows.append((units.when(one.ts), one.severity, about, lasted, said.of_event(one)))
    left = len(fired) - MOST_EVENTS
    told = [f"{units.plural(len(fired), 'alert')} fired."] + (
        [f"The first {MOST_EVENTS} are listed."] if left > 0 else []
    )
    return Section("Alerts of the week", told, tables=[Table(("When (UTC)", "Grade", "What", "Lasted", "Then"), rows)])


def _counted(report: Report) -> Section:
    kind = "simulated requests" if report.traffic == "simulated" else "requests of users"
    return Section(
        "How this was counted",
        [
            f"Counted are {kind}; the playground, canaries, shadow calls and judges are left out. The week before is "
            "the same stretch seven days earlier. Intervals are at 95 %: Wilson's for shares; for savings, days as "
            "clusters with Student's t. What is unknown is said to be so and never counted as 0. All times are UTC.",
        ],
    )


def _row(*cells: str) -> tuple[str, ...]:
    return cells


def _by(now: float | None, before: float | None) -> str:
    return units.change(now, before) or ""


def _each(totals: Totals) -> float | None:
    n = totals.requests - totals.cost_unknown
    return None if totals.cost_nano is None or not n else totals.cost_nano / n / units.NANO


def _between(one: Proportion) -> str:
    return "" if one.low is None or one.high is None else f"{units.share(one.low)} to {units.share(one.high)}"


def _lasted(time: timedelta) -> str:
    minutes = max(round(time.total_seconds() / 60), 1)
    return (
        f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h" if minutes < 2_880 else f"{minutes / 1440:.0f} d"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


__all__ = ["Document", "Half", "Section", "Table", "document"]
