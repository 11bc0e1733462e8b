"""Compliance: which data went where, what the rules did about it, who answers for them, and the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from app.dashboard import cache, page
from app.dashboard.charts.over_time import course
from app.dashboard.view import View
from app.panels.compliance import evidence, exposure, protected, rule_record
from app.panels.compliance.exposure import CHANGED, Courses
from telemetry.query import compliance, overview, policies, policy_use
from telemetry.query.compliance import ROUTER, DataClassTotals
from telemetry.query.filters import Filters
from telemetry.query.sensitive import CLASSES

TITLE = "Compliance"


def show() -> None:
    """The page."""
    page.looked_at(TITLE, "Which data went where, what the rules did about it, and the proof", _body, key="compliance")


def _body(view: View) -> None:
    # What other systems only reported says nothing of what our rules did.
    view = replace(view, filters=replace(view.filters, source=ROUTER))
    cache.ahead(compliance.exposures, view.filters)
    cache.ahead(compliance.rules, view.filters, step=view.period.step)
    cache.ahead(policy_use.uses, view.filters)
    stepped = cache.ask(compliance.data_classes, view.filters, view.period.step)
    if not stepped:
        page.nothing_here(view, cache.store_state())
        return
    classes = exposure.whole(stepped)
    requests = sum(one.requests for one in classes)
    page.say_what_is_simulated(view, requests)
    verdicts = cache.ask(compliance.rules, view.filters)
    known = cache.ask(policies.versions)
    uses = cache.ask(policy_use.uses, view.filters)
    in_use = rule_record.in_use(known, uses)
    found = exposure.matrix(cache.ask(compliance.exposures, view.filters), classes)
    exposure.numbers(found, classes, verdicts, _courses(view, stepped), rules=len(rule_record.every_rule(in_use)))
    exposure.draw(found, classes)
    rule_record.table(verdicts, in_use, requests)
    rule_record.over_the_period(view, in_use)
    protected.draw(
        view,
        requests=sum(one.requests for one in classes if one.data_class in CLASSES),
        left=found.protected("cloud"),
    )
    rule_record.changes(known, uses)
    _evidence(view, requests)


def _courses(view: View, stepped: Sequence[DataClassTotals]) -> Courses:
    step = view.period.step
    protected: dict[datetime, float] = {}
    denied: dict[datetime, float] = {}
    for one in stepped:
        if one.start is not None:
            protected[one.start] = protected.get(one.start, 0.0) + (one.requests if one.data_class in CLASSES else 0)
            denied[one.start] = denied.get(one.start, 0.0) + one.denied
    changed: dict[datetime, float] = {}
    for row in cache.ask(compliance.rules, view.filters, step=step):
        if row.outcome in CHANGED and row.start is not None:
            changed[row.start] = changed.get(row.start, 0.0) + row.requests
    return Courses(
        course(sorted(protected.items()), step, idle=0),
        course(sorted(denied.items()), step, idle=0),
        course(sorted(changed.items()), step, idle=0),
    )


def _evidence(view: View, requests: int) -> None:
    whole = Filters(start=view.filters.start, end=view.filters.end, purposes=(), source=ROUTER)
    real = cache.ask(overview.totals, replace(whole, simulated=False)).requests
    demo = cache.store_state().simulated_requests
    simulated = cache.ask(overview.totals, replace(whole, simulated=True)).requests if demo else 0
    evidence.draw(view, requests=requests, real=real, simulated=simulated)


if __name__ == "__main__":
    show()
