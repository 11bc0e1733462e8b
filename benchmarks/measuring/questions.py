"""Every question of `telemetry.query`, as pages ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, get_args

import sqlalchemy as sa

from benchmarks.measuring.rarities import JUDGE, RARE
from benchmarks.measuring.traffic import END, decision_id
from telemetry.drift.weeks import monday_of
from telemetry.query import (
    alerts,
    branch_errors,
    calibration,
    cases,
    chains,
    compliance,
    costs,
    course,
    dearest,
    decision,
    decisions,
    drift,
    escalation_need,
    escalations,
    evaluation_work,
    evaluations,
    facets,
    failures,
    funnel,
    incidents,
    judges,
    neighbours,
    overview,
    pipeline,
    policies,
    policy_use,
    scorecard,
    scores,
    sensitive,
    shadows,
    sizes,
    slowest,
    speed,
    spending,
    store,
    volume,
)
from telemetry.query.filters import Filters

EVERY: Final = Filters()
WEEK, FORTNIGHT, MONTH = (Filters(start=END - timedelta(days=days), end=END) for days in (7, 14, 30))
DAY: Final = Filters(start=END - timedelta(hours=29), end=END - timedelta(hours=5))
ODD: Final = Filters(start=END - timedelta(days=89, hours=5), end=END - timedelta(hours=7))
"""Neither end on a midnight: both edges are read by the hour."""
ACME: Final = Filters(tenants=("acme",))
SELDOM: Final = Filters(tenants=(RARE,))
NARROW: Final = Filters(tenants=("acme",), routes=("chat",), intents=("code",), risks=("low",), statuses=("ok",))
NOWHERE: Final = replace(NARROW, tenants=(RARE,))
"""Each of these values occurs, but no decision has all of them."""


@dataclass(frozen=True, slots=True)
class Question:
    """One call of a function of `telemetry.query`, which takes the engine first."""

    name: str
    function: Callable[..., Any]
    ask: Callable[[], Any]


def questions(reader: sa.Engine) -> Iterator[Question]:
    """All of them; the store is one of `benchmarks.measuring.traffic`."""
    for name, function, *arguments in _questions(reader):
        given = arguments[-1] if arguments and isinstance(arguments[-1], dict) else {}
        positional = arguments[:-1] if given else arguments
        yield Question(name, function, partial(function, reader, *positional, **given))


def _questions(reader: sa.Engine) -> Iterator[tuple[Any, ...]]:
    yield from _totals()
    yield from _costs()
    yield from _ways()
    yield from _speeds()
    yield from _rules()
    yield from _decisions(reader)
    yield from _operation()


def _totals() -> Iterator[tuple[Any, ...]]:
    yield "store_state", store.store_state
    yield "facets", facets.facets
    yield "totals_90_days", overview.totals, EVERY
    yield "totals_90_days_one_tenant", overview.totals, ACME
    yield "totals_90_days_five_filters", overview.totals, NARROW
    yield "totals_90_days_one_risk", overview.totals, Filters(risks=("high",))
    yield "totals_odd_range", overview.totals, ODD
    yield "totals_7_days", overview.totals, WEEK
    yield "series_by_day_90_days", overview.series, EVERY, "day"
    yield "series_by_day_five_filters", overview.series, NARROW, "day"
    yield "series_by_day_protected", overview.series, Filters(data_classes=sensitive.CLASSES), "day"
    yield "series_by_hour_7_days", overview.series, WEEK, "hour"
    yield "volumes_by_hour_90_days", volume.volumes, EVERY, "hour"
    yield "volumes_by_hour_one_tenant", volume.volumes, replace(ACME, start=WEEK.start, end=WEEK.end), "hour"
    yield "totals_24_hours_one_route", overview.totals, replace(DAY, routes=("chat",))
    yield "totals_24_hours_five_filters", overview.totals, replace(NARROW, start=DAY.start, end=DAY.end)
    yield "series_by_hour_24_hours_five_filters", overview.series, replace(NARROW, start=DAY.start, end=DAY.end), "hour"
    yield "totals_90_days_model_and_status", overview.totals, Filters(models=("large",), statuses=("failed",))
    yield "by_model_24_hours_one_route", overview.by_model, replace(DAY, routes=("chat",))
    yield "by_model_24_hours_one_intent", overview.by_model, replace(DAY, intents=("code",))
    for by in get_args(overview.Dimension):
        yield f"breakdown_by_{by}", overview.breakdown, EVERY, by
    yield "by_model_90_days", overview.by_model, EVERY
    yield "by_model_one_tenant", overview.by_model, ACME
    yield "model_series_by_day_90_days", overview.model_series, EVERY, "day"
    yield "by_intent_90_days", overview.by_intent, EVERY
    yield "by_intent_one_tenant", overview.by_intent, ACME
    yield "flows_90_days", overview.flows, EVERY


def _costs() -> Iterator[tuple[Any, ...]]:
    for by in get_args(costs.CostDimension):
        yield f"spend_by_{by}_and_day", costs.spend, EVERY, by, "day"
    for by in get_args(spending.SpendDimension):
        yield f"spending_by_{by}", spending.spending, EVERY, by
        yield f"spending_by_{by}_and_day", spending.spending, EVERY, by, "day"
    # What a budget was filled by, as the page of costs asks it: a day's by the hour, a month's by day.
    paid = replace(FORTNIGHT, purposes=(), simulated=False, source="router")
    yield "spending_course_by_hour_budget", spending.course, paid, "hour"
    yield "spending_course_by_hour_budget_of_tenant", spending.course, replace(paid, tenants=("acme",)), "hour"
    yield "spending_course_by_hour_budget_of_route", spending.course, replace(paid, routes=("chat",)), "hour"
    yield (
        "spending_course_by_day_budget_of_route",
        spending.course,
        replace(paid, routes=("chat",), start=MONTH.start),
        "day",
    )
    yield "tokens_90_days", spending.tokens, EVERY
    yield "waterfall_90_days", costs.waterfall, EVERY
    yield "most_expensive_90_days", dearest.most_expensive, EVERY
    yield "most_expensive_five_filters", dearest.most_expensive, NARROW


def _ways() -> Iterator[tuple[Any, ...]]:
    yield "escalations_by_day", escalations.escalations, EVERY, {"step": "day"}
    yield "escalations_one_model_by_day", escalations.escalations, Filters(models=("small",)), {"step": "day"}
    for by in ("intent", "route", "first", "policy_version"):
        yield f"escalations_by_{by}", escalations.escalations, EVERY, by
    yield "validators_90_days", escalations.validators, EVERY
    yield "validators_one_tenant", escalations.validators, ACME
    yield "validators_24_hours_one_tenant", escalations.validators, replace(ACME, start=DAY.start, end=DAY.end)
    yield "recent_scores_90_days", scores.recent_scores, EVERY
    yield "recent_scores_one_tenant", scores.recent_scores, ACME
    yield "recent_scores_rare_tenant", scores.recent_scores, SELDOM
    yield "chains_90_days", chains.chains, EVERY
    yield "funnel_90_days", funnel.funnel, EVERY
    yield "model_shares_90_days", funnel.model_shares, EVERY
    yield "branch_failures_90_days", failures.branch_failures, EVERY
    yield "branch_failures_one_tenant", failures.branch_failures, ACME
    yield "request_failures_90_days", failures.request_failures, EVERY
    yield "request_failures_by_day", failures.request_failures, EVERY, "day"
    yield "deadline_misses_by_day", failures.deadline_misses, EVERY, "day"
    yield "error_series_by_day", branch_errors.error_series, EVERY, "day"
    yield "error_series_by_hour_7_days", branch_errors.error_series, WEEK, "hour"
    yield "decisions_with_error", branch_errors.decisions_with_error, EVERY, "small", "timeout"
    yield "decisions_with_rare_error", branch_errors.decisions_with_error, EVERY, "large", RARE


def _speeds() -> Iterator[tuple[Any, ...]]:
    yield "percentiles_90_days", speed.percentiles, EVERY
    yield "percentiles_by_model", speed.percentiles, EVERY, {"by": "model"}
    yield "percentiles_by_day", speed.percentiles, EVERY, {"step": "day"}
    yield "percentiles_by_model_and_day", speed.percentiles, EVERY, {"by": "model", "step": "day"}
    yield "percentiles_by_hour_7_days", speed.percentiles, WEEK, {"by": "model", "step": "hour"}
    yield "heat_map_by_day", speed.heat_map, EVERY, {"step": "day"}
    yield "heat_map_by_hour_7_days", speed.heat_map, WEEK, {"step": "hour", "measure": "ttft"}
    yield "token_speeds_90_days", speed.token_speeds, EVERY
    yield "course_by_hour_7_days", course.course, WEEK, "small", "hour"
    yield "course_by_day_90_days", course.course, EVERY, "small", "day"
    # The page of latency asks for hours in periods of up to a month.
    yield "course_by_hour_30_days", course.course, MONTH, "small", "hour"
    yield "slowest_90_days", slowest.slowest, EVERY
    yield "slowest_one_tenant", slowest.slowest, ACME
    yield "slowest_one_route", slowest.slowest, Filters(routes=("chat",))
    yield "slowest_failed", slowest.slowest, Filters(statuses=("failed",))
    yield "slowest_five_filters", slowest.slowest, NARROW
    yield "slowest_rare_tenant", slowest.slowest, SELDOM


def _rules() -> Iterator[tuple[Any, ...]]:
    yield "rules_90_days", compliance.rules, EVERY
    yield "rules_by_day_one_tenant", compliance.rules, ACME, "day"
    yield "rules_24_hours_one_tenant", compliance.rules, replace(ACME, start=DAY.start, end=DAY.end)
    yield "exposures_90_days", compliance.exposures, EVERY
    yield "exposures_one_tenant", compliance.exposures, ACME
    yield "data_classes_90_days", compliance.data_classes, EVERY
    yield "data_classes_by_day_90_days", compliance.data_classes, EVERY, "day"
    yield "sensitive_first_page", sensitive.page, EVERY
    yield "sensitive_that_left", sensitive.page, EVERY, {"left": True}
    yield "sensitive_rare_tenant", sensitive.page, SELDOM
    yield "policy_versions", policies.versions
    yield "policy_uses", policy_use.uses, Filters(purposes=())


def _decisions(reader: sa.Engine) -> Iterator[tuple[Any, ...]]:
    page, beside = decisions.page, neighbours.neighbours
    newest, old = decision_id(0), decision_id(0, 45)
    yield "decisions_first_page", page, EVERY
    yield "decisions_second_page", page, EVERY, {"cursor": page(reader, EVERY).next_cursor}
    yield "decisions_failed", page, Filters(statuses=("failed",))
    yield "decisions_by_model_and_intent", page, Filters(models=("large",), intents=("code",))
    yield "decisions_one_tenant", page, ACME
    yield "decisions_five_filters", page, NARROW
    yield "decisions_rare_tenant", page, SELDOM
    yield "decisions_of_nothing", page, NOWHERE
    for path in get_args(decisions.Path):
        yield f"decisions_{path}", page, EVERY, {"path": path}
        yield f"decisions_{path}_rare_tenant", page, SELDOM, {"path": path}
    yield "decisions_search_id", page, EVERY, {"search": old[:31]}
    yield "decisions_search_text_found", page, EVERY, {"search": "return a parcel"}
    yield "decisions_search_text_nowhere", page, EVERY, {"search": "nowhere to be found"}
    yield "decisions_search_text_rare_tenant", page, SELDOM, {"search": "return a parcel"}
    yield "decision_whole", decision.decision, newest
    yield "opinions_of_decision", evaluations.of_decision, newest
    yield "opinions_by_model", evaluations.by_model, EVERY
    yield "case", cases.case, newest
    yield "neighbours", beside, EVERY, old
    yield "neighbours_escalated", beside, EVERY, old, {"path": "escalated"}
    yield "neighbours_five_filters", beside, NARROW, old
    yield "neighbours_rare_tenant", beside, SELDOM, old


def _operation() -> Iterator[tuple[Any, ...]]:
    yield "incidents_first_page", incidents.timeline, EVERY
    yield "incidents_of_policies", incidents.timeline, EVERY, {"kinds": ("policy_reloaded",)}
    yield "breaker_intervals", incidents.breaker_intervals, EVERY
    yield "fallbacks_by_hour_7_days", incidents.fallbacks, WEEK
    yield "fallbacks_by_day_90_days", incidents.fallbacks, EVERY, "day"
    yield "store_health", pipeline.store_health
    yield "processes", pipeline.processes, {"since": DAY.start, "now": END}
    yield "processes_30_days", pipeline.processes, {"since": MONTH.start, "now": END}
    yield "pipeline_series_1_day", pipeline.series, DAY.start, DAY.end
    yield "pipeline_series_30_days", pipeline.series, MONTH.start, END
    yield "jobs", pipeline.jobs, {"now": END}
    yield "table_sizes", sizes.sizes, {"since": MONTH.start}
    yield "rollup_reaches", sizes.reaches
    yield "drift_heatmap", drift.heatmap
    yield "drift_cell", drift.cell, "small", monday_of(END - timedelta(weeks=2)), False
    yield "drift_last_run", drift.last_run
    yield "drift_baselines", drift.baselines
    yield "drift_course", drift.course, "small", "latency", False
    yield "drift_findings", drift.findings
    yield "alerts", alerts.alerts, {"now": END}
    yield "alert_rules", alerts.rules
    yield "alert_history", alerts.history
    yield "alert_deliveries", alerts.deliveries
    yield "alert_silences", alerts.silences, {"now": END}
    yield "alert_readings", alerts.readings, {"since": DAY.start}
    yield "evaluators", scorecard.evaluators, EVERY
    yield "scorecard", scorecard.scorecard, EVERY, JUDGE
    yield "evaluation_verdicts", scorecard.verdicts, EVERY, JUDGE
    yield "evaluation_weekly", scorecard.weekly, EVERY, JUDGE
    yield "judge_agreements", judges.judge_agreements, EVERY
    yield "answers_to_label", judges.to_label, EVERY, JUDGE
    yield "calibrations", calibration.calibrations, EVERY, JUDGE
    yield "escalation_need", escalation_need.escalation_need, EVERY, JUDGE
    yield "shadow_comparisons", shadows.shadow_comparisons, EVERY, JUDGE
    yield "evaluation_work", evaluation_work.work
    yield "evaluation_obstacles", evaluation_work.obstacles
