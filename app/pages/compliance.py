"""Compliance: which data went where, what the rules did about it, who answers for them, and the evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from app.dashboard import cache, page
from app.dashboard.charts.over_time import course
from app.dashboard.view import View
from app.panels.compliance import evidence, exposure, protected, rule_record
from app.panels.compliance.exposure import CHANGED, Courses
from telemetry.query import compliance, overview, policies, policy_use
from telemetry.query.compliance import ROUTER
from telemetry.query.filters import Filters
from telemetry.query.sensitive import CLASSES

TITLE = "Compliance"


def show() -> None:
    """The page."""
    page.looked_at(TITLE, "Which data went where, what the rules did about it, and the proof", _body, key="compliance")


def _body(view: View) -> None:
    # What other systems only reported says nothing of what our rules did.
    view = replace(view, filters=replace(view.filters, source=ROUTER))
    now = cache.ask(overview.totals, view.filters)
    if not now.requests:
        page.nothing_here(view, cache.store_state())
        return
    page.say_what_is_simulated(view, now)
    classes = cache.ask(compliance.data_classes, view.filters)
    verdicts = cache.ask(compliance.rules, view.filters)
    known = cache.ask(policies.versions)
    uses = cache.ask(policy_use.uses, view.filters)
    in_use = rule_record.in_use(known, uses)
    found = exposure.matrix(cache.ask(compliance.exposures, view.filters), classes)
    exposure.numbers(found, classes, verdicts, _courses(view), rules=len(rule_record.every_rule(in_use)))
    exposure.draw(found, classes)
    rule_record.table(verdicts, in_use, now.requests)
    rule_record.over_the_period(view, in_use)
    protected.draw(
        view,
        requests=sum(one.requests for one in classes if one.data_class in CLASSES),
        left=found.protected("cloud"),
    )
    rule_record.changes(known, uses)
    _evidence(view)


def _courses(view: View) -> Courses:
    step = view.period.step
    protected = cache.ask(overview.series, replace(view.filters, data_classes=CLASSES), step)
    everything = cache.ask(overview.series, view.filters, step)
    changed: dict[datetime, float] = {}
    for row in cache.ask(compliance.rules, view.filters, step=step):
        if row.outcome in CHANGED and row.start is not None:
            changed[row.start] = changed.get(row.start, 0.0) + row.requests
    return Courses(
        course([(one.start, one.requests) for one in protected], step, idle=0),
        course([(one.start, one.denied) for one in everything], step, idle=0),
        course(sorted(changed.items()), step, idle=0),
    )


def _evidence(view: View) -> None:
    whole = Filters(start=view.filters.start, end=view.filters.end, purposes=(), source=ROUTER)
    real, simulated = (
        cache.ask(overview.totals, replace(whole, simulated=simulated)).requests for simulated in (False, True)
    )
    evidence.draw(view, real=real, simulated=simulated)


if __name__ == "__main__":
    show()
