"""The models of a request: what is known of each before the plan, and how each stood after it."""

from __future__ import annotations

from dataclasses import replace

from router_core.conversation import cold_usd
from router_core.fleet import Fleet
from router_core.guard import Exclusion
from router_core.pricing import to_usd
from router_core.result import CandidateRecord
from router_core.run import Run
from router_core.strategies.base import Prospect


def prospects_of(run: Run, fleet: Fleet) -> list[Prospect]:
    """What a strategy may know of each eligible model, in the policy's order."""
    assert run.eligibility is not None
    assert run.signals is not None
    intent, models, prospects = run.signals.intent, run.target.models, []
    for name in run.eligibility.models:
        model, cost, latency = models[name], run.expected_cost(name), fleet.latency(name)
        quality = None
        if stated := model.quality:
            quality = stated.get(intent, stated.get("default"))
        if latency is None:
            prospects.append(Prospect(name, model.tier, quality, cost))
        else:
            prospects.append(Prospect(name, model.tier, quality, cost, latency.p50_ms, latency.p95_ms))
    return prospects


def candidates_of(run: Run) -> tuple[CandidateRecord, ...]:
    """Every model of the target: the planned ones in order, then the excluded ones, each with its reason."""
    planned = [] if run.plan is None else list(run.plan.models)
    left_out = {} if run.plan is None else run.plan.left_out
    exclusions = {} if run.eligibility is None else run.eligibility.exclusions
    records = []
    for place in planned:
        out = run.passed_over.get(place.model)
        records.append(
            CandidateRecord(
                place.model,
                place.tier,
                place.score,
                place.propensity,
                None if out is None else out.excluded_by,
                None if out is None else out.reason,
                to_usd(run.expected_cost(place.model)),
            )
        )
    names = {place.model for place in planned}
    for name, model in run.target.models.items():
        if name in names:
            continue
        why = exclusions.get(name)
        if why is None and name in left_out:
            why = Exclusion("plan", left_out[name])
        by, reason = (None, None) if why is None else (why.excluded_by, why.reason)
        records.append(CandidateRecord(name, model.tier, None, None, by, reason, to_usd(run.expected_cost(name))))
    if run.session is None:
        return tuple(records)
    last = run.session.model
    return tuple(
        replace(record, answered_before=record.model == last, cold_cache_usd=cold_usd(run, record.model))
        for record in records
    )
