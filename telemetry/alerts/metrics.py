"""What alert rules can look at: a closed list of metrics, each with its unit, its definition and what narrows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

Source: TypeAlias = Literal[
    "requests", "branches", "scores", "feedback", "pipeline", "incidents", "jobs", "drift", "budgets"
]
Unit: TypeAlias = Literal["share", "ms", "usd", "count", "times"]
Narrower: TypeAlias = Literal["model", "route", "tenant"]

_ALL: Final[tuple[Narrower, ...]] = ("model", "route", "tenant")
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that can be measured."""

    name: str
    title: str
    """As a sentence begins with it."""
    source: Source
    unit: Unit
    definition: str
    narrowed_by: tuple[Narrower, ...] = ()
    """What a rule may narrow it to, or look at one by one."""
    window: timedelta | None = None
    """That it is counted over unless the rule says otherwise; None: it is a state, not a count."""
    min_n: int = 1
    """Cases below which there is not enough data, unless the rule says otherwise."""
    absent_is_zero: bool = False
    """Whether a subject of which nothing is found is at 0; otherwise nothing is known of it."""
    simulated: bool = True
    """Whether simulated traffic has it too."""
    subject: str = ""
    """What the metric itself tells apart, where it does."""


_LISTED: Final = (
    Metric(
        "failure_rate", "Failed requests", "requests", "share", "Requests that failed, of all.", _ALL, _HOUR, min_n=10
    ),
    Metric(
        "denied_rate",
        "Denied requests",
        "requests",
        "share",
        "Requests that a rule or a budget denied, of all.",
        ("route", "tenant"),
        _HOUR,
        min_n=10,
    ),
    Metric(
        "escalation_rate",
        "Escalations",
        "requests",
        "share",
        "Requests that needed a further answer because a score was low, of all.",
        _ALL,
        _DAY,
        min_n=50,
    ),
    Metric(
        "fallback_rate",
        "Fallbacks",
        "requests",
        "share",
        "Requests that needed a further branch because one failed, of all.",
        _ALL,
        _HOUR,
        min_n=10,
    ),
    Metric(
        "deadline_miss_rate",
        "Missed deadlines",
        "requests",
        "share",
        "Requests that failed because their total deadline came, of all.",
        _ALL,
        _HOUR,
        min_n=10,
    ),
    Metric(
        "unknown_cost_rate",
        "Requests of unknown cost",
        "requests",
        "share",
        "Requests whose cost is not known, of all.",
        _ALL,
        _DAY,
        min_n=10,
    ),
    Metric(
        "error_budget_burn",
        "Burn of the error budget",
        "requests",
        "times",
        "Share of failed requests over the share that the objective allows, in a long and in a short window.",
        _ALL,
        _HOUR,
        min_n=10,
    ),
    Metric(
        "latency_p95",
        "Latency, 95th percentile",
        "requests",
        "ms",
        "95th percentile of the time from a request to its decision, in ms.",
        _ALL,
        _HOUR,
        min_n=10,
    ),
    Metric(
        "ttft_p95",
        "First token, 95th percentile",
        "requests",
        "ms",
        "95th percentile of the time to the first token, in ms.",
        _ALL,
        _HOUR,
        min_n=10,
    ),
    Metric(
        "spend",
        "Spend",
        "requests",
        "usd",
        "What requests have cost, in USD.",
        _ALL,
        _DAY,
        min_n=0,
        absent_is_zero=True,
    ),
    Metric(
        "cost_per_request",
        "Cost per request",
        "requests",
        "usd",
        "Spend over the requests whose cost is known, in USD.",
        _ALL,
        _DAY,
        min_n=50,
    ),
    Metric(
        "saved_share",
        "Saved, of the baseline",
        "requests",
        "share",
        "Savings over what the baseline would have cost; below 0 routing costs more.",
        _ALL,
        _WEEK,
        min_n=100,
    ),
    Metric(
        "requests",
        "Requests",
        "requests",
        "count",
        "How many requests came.",
        _ALL,
        _HOUR,
        min_n=0,
        absent_is_zero=True,
    ),
    Metric(
        "branch_failure_rate",
        "Failed calls",
        "branches",
        "share",
        "Branches without a complete answer, of all, whether another one answered or not.",
        _ALL,
        _HOUR,
        min_n=10,
    ),
    Metric(
        "branch_latency_p95",
        "Latency of calls, 95th percentile",
        "branches",
        "ms",
        "95th percentile of the latency of calls, in ms.",
        _ALL,
        _HOUR,
        min_n=10,
    ),
    Metric(
        "refusal_rate",
        "Refusals",
        "scores",
        "share",
        "Answers that a refusal validator took for a refusal, of those that it judged; by full hours.",
        _ALL,
        _DAY,
        min_n=50,
    ),
    Metric(
        "feedback_bad_rate",
        "Answers people disliked",
        "feedback",
        "share",
        "Opinions below 0, of all opinions on the answers of the window.",
        _ALL,
        _WEEK,
        min_n=10,
    ),
    Metric(
        "not_durable",
        "Decisions that are nowhere",
        "pipeline",
        "count",
        "Traces that could be kept nowhere, or never ended.",
        window=_HOUR,
        simulated=False,
    ),
    Metric(
        "spool_waiting",
        "Decisions on spools",
        "pipeline",
        "count",
        "Traces that wait on spools now.",
        simulated=False,
    ),
    Metric(
        "open_breakers",
        "Open breakers",
        "incidents",
        "count",
        "Breakers that are open or half open now.",
        ("model",),
        absent_is_zero=True,
        subject="model",
    ),
    Metric(
        "failed_jobs",
        "Failed jobs",
        "jobs",
        "count",
        "1 for a job whose last run failed.",
        absent_is_zero=True,
        simulated=False,
        subject="job",
    ),
    Metric(
        "drift",
        "Metrics that drifted",
        "drift",
        "count",
        "Metrics of a model that drifted in the latest week that could be judged, not older than two weeks.",
        ("model",),
        subject="model",
    ),
    Metric(
        "budget_use",
        "Use of a budget",
        "budgets",
        "share",
        "What is spent and held of a budget, of its amount.",
        absent_is_zero=True,
        simulated=False,
        subject="budget",
    ),
    Metric(
        "budget_burn",
        "Burn of a budget",
        "budgets",
        "times",
        "Spend over what even spending of the budget would be, in a long and in a short window.",
        window=_DAY,
        absent_is_zero=True,
        simulated=False,
        subject="budget",
    ),
)

METRICS: Final[Mapping[str, Metric]] = MappingProxyType({metric.name: metric for metric in _LISTED})
"""By name."""

BURNS: Final = frozenset({"error_budget_burn", "budget_burn"})
"""Judged over two windows."""
SHORTER: Final = 12
"""Times that the short window of a burn rate fits into the long one."""
