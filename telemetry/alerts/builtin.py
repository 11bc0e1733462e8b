"""The alert rules that are there without anybody writing one: few, rarely wrong, and each about something to do.

What they look at has minimum numbers of cases, and shares must be beyond the threshold with their whole interval, so a
new store with a handful of requests is quiet.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from telemetry.alerts.rule import Rule

_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)

_RULES: Final = (
    Rule(
        "requests fail",
        "failure_rate",
        "above",
        0.05,
        lasting=5 * _MINUTE,
        severity="error",
        description="More than one request in twenty got no answer in the last hour. See which error it was, and which "
        "model: Latency & reliability shows both.",
    ),
    Rule(
        "error budget burns fast",
        "error_budget_burn",
        "above",
        14.4,
        window=_HOUR,
        short_window=5 * _MINUTE,
        lasting=2 * _MINUTE,
        objective=0.99,
        severity="error",
        description="At this rate a month's allowance of failures, 1 % of requests, is used up in two days.",
    ),
    Rule(
        "error budget burns",
        "error_budget_burn",
        "above",
        6.0,
        window=6 * _HOUR,
        short_window=30 * _MINUTE,
        lasting=15 * _MINUTE,
        objective=0.99,
        description="At this rate a month's allowance of failures, 1 % of requests, is used up in five days.",
    ),
    Rule(
        "deadlines are missed",
        "deadline_miss_rate",
        "above",
        0.05,
        lasting=5 * _MINUTE,
        description="Requests fail because their deadline comes first. Give routes more time, or faster models.",
    ),
    Rule(
        "a model fails",
        "branch_failure_rate",
        "above",
        0.2,
        lasting=5 * _MINUTE,
        per="model",
        description="One call in five of this model fails. Others may still answer in its place, at their price.",
    ),
    Rule(
        "a breaker stays open",
        "open_breakers",
        "above",
        0,
        lasting=5 * _MINUTE,
        description="This model is not called, because it kept failing.",
    ),
    Rule(
        "fallbacks are frequent",
        "fallback_rate",
        "above",
        0.2,
        lasting=10 * _MINUTE,
        description="One request in five is answered only after a branch failed: slower, and often dearer.",
    ),
    Rule(
        "most answers escalate",
        "escalation_rate",
        "above",
        0.5,
        lasting=30 * _MINUTE,
        description="Most first answers are not good enough, so most requests pay for two. Check thresholds, or begin "
        "with a stronger model.",
    ),
    Rule(
        "a model refuses",
        "refusal_rate",
        "above",
        0.1,
        lasting=30 * _MINUTE,
        per="model",
        description="One answer in ten of this model is a refusal. A new version of it, or other prompts?",
    ),
    Rule(
        "answers are slow",
        "latency_p95",
        "above",
        30_000,
        lasting=10 * _MINUTE,
        description="One request in twenty takes longer than half a minute.",
    ),
    Rule(
        "routing costs more than it saves",
        "saved_share",
        "below",
        0,
        lasting=_HOUR,
        description="Over a week, the baseline alone would have cost less than what was spent.",
    ),
    Rule(
        "costs are unknown",
        "unknown_cost_rate",
        "above",
        0.2,
        lasting=_HOUR,
        severity="info",
        description="Requests have no known cost, so spend and savings leave them out. Give their models a price.",
    ),
    Rule(
        "a budget is nearly used",
        "budget_use",
        "above",
        0.8,
        description="More than 80 % of the budget is spent or set aside for this period.",
    ),
    Rule(
        "a budget is used up",
        "budget_use",
        "above",
        0.9999,
        severity="error",
        description="What the policy says for an exhausted budget is in force.",
    ),
    Rule(
        "a budget burns fast",
        "budget_burn",
        "above",
        3.0,
        window=_DAY,
        short_window=2 * _HOUR,
        lasting=15 * _MINUTE,
        description="At this rate the budget is used up in a third of its period.",
    ),
    Rule(
        "answers are disliked",
        "feedback_bad_rate",
        "above",
        0.3,
        lasting=_HOUR,
        description="Of the people who say something of answers, three in ten or more dislike them.",
    ),
    Rule(
        "a model drifted",
        "drift",
        "above",
        0,
        description="In the latest week that could be judged this model's metrics moved beyond chance and threshold.",
    ),
    Rule(
        "decisions are lost",
        "not_durable",
        "above",
        0,
        severity="error",
        description="Decisions could be kept neither in the database nor on the spool.",
    ),
    Rule(
        "decisions wait on a spool",
        "spool_waiting",
        "above",
        0,
        lasting=5 * _MINUTE,
        description="The database does not take decisions; they wait on disk.",
    ),
    Rule(
        "a job fails",
        "failed_jobs",
        "above",
        0,
        description="The last run of this job failed; it is tried again at its next time.",
    ),
)

BUILTIN: Final = tuple(replace(rule, builtin=True) for rule in _RULES)
"""In the order in which they are shown."""
