"""Who may answer: rules and plain facts remove models, each removal with its rule and reason. It can only narrow.

Pure functions. Fails closed: a rule that cannot be satisfied leaves no model, and the request is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from router_core.policy.schema import Condition, Deny, Exclude, Model, Require, Rule
from router_core.providers.base import Readiness
from router_core.request import RISKS, Context, RouteRequest
from router_core.result import Signals, Verdict


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a model is out."""

    excluded_by: str
    """``rule:NAME``, ``capability``, ``context_window``, ``ready``; the plan and the caps add theirs."""
    reason: str


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What the guard left."""

    models: tuple[str, ...]
    """In the policy's order."""
    exclusions: Mapping[str, Exclusion]
    verdicts: tuple[Verdict, ...]
    denied: Verdict | None


@dataclass(frozen=True, slots=True)
class Situation:
    """What rules look at."""

    route: str
    context: Context
    signals: Signals


def judge(
    request: RouteRequest,
    situation: Situation,
    models: Mapping[str, Model],
    rules: tuple[Rule, ...],
    readiness: Mapping[str, Readiness],
    max_output_tokens: int,
) -> Eligibility:
    """Apply every rule in order, then capability, context window and readiness.

    ``models`` are the models the route may name at all. A model already removed keeps its first reason.
    """
    exclusions: dict[str, Exclusion] = {}
    verdicts: list[Verdict] = []
    denied: Verdict | None = None
    for rule in rules:
        verdict = _apply(rule, situation, models, exclusions)
        verdicts.append(verdict)
        if verdict.outcome == "denied" and denied is None:
            denied = verdict
    for name, model in models.items():
        if name not in exclusions and (reason := _unfit(request, situation.signals, model, max_output_tokens)):
            exclusions[name] = reason
        state = readiness.get(name)
        if name not in exclusions and state is not None and not state.ready:
            exclusions[name] = Exclusion("ready", state.reason)
    left = () if denied else tuple(name for name in models if name not in exclusions)
    return Eligibility(left, exclusions, tuple(verdicts), denied)


def holds(condition: Condition, situation: Situation) -> bool:
    """Whether every field that the condition gives holds."""
    context, signals = situation.context, situation.signals
    return (
        _among(condition.routes, situation.route)
        and _among(condition.intents, signals.intent)
        and _among(condition.languages, signals.language)
        and _among(condition.tenants, context.tenant)
        and _among(condition.data_classes, context.data_class)
        and (condition.tags is None or not condition.tags.isdisjoint(context.tags))
        and (condition.min_risk is None or RISKS.index(context.risk) >= RISKS.index(condition.min_risk))
        and (condition.pii is None or condition.pii == bool(signals.pii))
        and (condition.secrets is None or condition.secrets == bool(signals.secrets))
        and (condition.code is None or condition.code == signals.code)
        and (condition.min_words is None or signals.words >= condition.min_words)
        and (condition.max_words is None or signals.words <= condition.max_words)
    )


def _among(wanted: frozenset[str] | None, value: str) -> bool:
    return wanted is None or value in wanted


def _apply(rule: Rule, situation: Situation, models: Mapping[str, Model], exclusions: dict[str, Exclusion]) -> Verdict:
    if not any(holds(condition, situation) for condition in rule.any_of):
        return Verdict(rule.name, "passed", "its conditions do not hold", rule.owner)
    match rule.then:
        case Deny(message=message):
            return Verdict(rule.name, "denied", message, rule.owner)
        case Require() as require:
            removed = {name: _lacks(name, model, require) for name, model in models.items()}
            return _remove(rule, "required", removed, exclusions)
        case Exclude() as exclude:
            removed = {name: _is_excluded(name, model, exclude) for name, model in models.items()}
            return _remove(rule, "excluded", removed, exclusions)


def _remove(
    rule: Rule,
    outcome: Literal["required", "excluded"],
    found: Mapping[str, str | None],
    exclusions: dict[str, Exclusion],
) -> Verdict:
    removed = {name: reason for name, reason in found.items() if reason is not None}
    for name, reason in removed.items():
        exclusions.setdefault(name, Exclusion(f"rule:{rule.name}", reason))
    kept = len(found) - len(removed)
    reason = f"{kept} of {len(found)} models may be used"
    return Verdict(rule.name, outcome, reason, rule.owner, tuple(removed))


def _lacks(name: str, model: Model, require: Require) -> str | None:
    if require.models is not None and name not in require.models:
        return "it is not among the models that the rule names"
    if require.tiers is not None and model.tier not in require.tiers:
        return f"its tier is {model.tier}, the rule asks for {_either(require.tiers)}"
    if require.location is not None and model.location != require.location:
        return f"it is {model.location}, the rule asks for {require.location}"
    if require.regions is not None and model.region not in require.regions:
        return f"its region is {model.region or 'unknown'}, the rule asks for {_either(require.regions)}"
    if require.approvals is not None and not require.approvals <= model.approvals:
        return f"it is not approved for {_either(require.approvals - model.approvals)}"
    if require.domains is not None and require.domains.isdisjoint(model.domains):
        return f"it is not specialised in {_either(require.domains)}"
    return None


def _is_excluded(name: str, model: Model, exclude: Exclude) -> str | None:
    if exclude.models is not None and name in exclude.models:
        return "the rule names it"
    if exclude.tiers is not None and model.tier in exclude.tiers:
        return f"the rule excludes tier {model.tier}"
    if exclude.location is not None and model.location == exclude.location:
        return f"the rule excludes {model.location} models"
    return None


def _either(names: frozenset[str]) -> str:
    return " or ".join(sorted(names))


def _unfit(request: RouteRequest, signals: Signals, model: Model, max_output_tokens: int) -> Exclusion | None:
    needed = signals.input_tokens + max_output_tokens
    if needed > model.context_window:
        return Exclusion(
            "context_window",
            f"about {signals.input_tokens:,} tokens of prompt and {max_output_tokens:,} of answer "
            f"do not fit its {model.context_window:,}",
        )
    if request.response_schema is not None and "json" not in model.capabilities:
        return Exclusion("capability", "the request asks for JSON by a schema, which it cannot promise")
    return None
