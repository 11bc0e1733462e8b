"""Who may answer: rules and plain facts remove models, each removal with its rule and reason. It can only narrow.

Pure functions. Fails closed: a rule that cannot be satisfied leaves no model, an expression that cannot be evaluated
makes its rule apply, and a model that does not say which data it accepts is taken to accept little.

The order of the rules never changes who is left: rules that raise risk or data class are asked first, about what the
caller stated; every other rule sees what came of them; and a request that rules send elsewhere may use what all the
routes on its way may use.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeVar

from router_core.conditions import Holding, Look, holding_of, reaches
from router_core.policy.schema import Deny, Exclude, Model, Raise, Redact, Require, RouteTo, Rule
from router_core.providers.base import Readiness
from router_core.request import DATA_CLASSES, RISKS, Context, DataClass, RouteRequest
from router_core.result import Signals, Verdict, VerdictOutcome
from router_core.signals.risk import effective_risk
from router_core.situation import Situation

_Level = TypeVar("_Level", bound=str)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why a model is out."""

    excluded_by: str
    """``rule:NAME``, ``route``, ``data_class``, ``capability``, ``context_window``, ``ready``; others add theirs."""
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
class Ruling:
    """What the rules say of a request, before plain facts about the models count."""

    route: str
    """Where the request goes on: the route asked for, or the one that a rule sent it to."""
    context: Context
    """The caller's, with risk and data class as rules raised them."""
    models: Mapping[str, Model]
    """Those of the route asked for, then those that only routes on the way use; the latter are all excluded."""
    exclusions: Mapping[str, Exclusion]
    verdicts: tuple[Verdict, ...]
    denied: Verdict | None
    redacts: bool
    """Whether models get the messages without personal data and secrets."""
    restores: bool
    """Whether the answer gets the originals back; only when every rule that redacts says so."""


NO_ROUTES: Final[Mapping[str, Mapping[str, Model]]] = {}


def judge(
    request: RouteRequest,
    situation: Situation,
    models: Mapping[str, Model],
    rules: tuple[Rule, ...],
    readiness: Mapping[str, Readiness],
    max_output_tokens: int,
    routes: Mapping[str, Mapping[str, Model]] = NO_ROUTES,
) -> Eligibility:
    """`apply_rules`, then `fit`, for callers that need nothing between them."""
    ruling = apply_rules(situation, models, rules, routes)
    return fit(ruling, request, situation.signals, readiness, max_output_tokens)


def apply_rules(
    situation: Situation,
    models: Mapping[str, Model],
    rules: tuple[Rule, ...],
    routes: Mapping[str, Mapping[str, Model]] = NO_ROUTES,
) -> Ruling:
    """What every rule says.

    ``models`` are those that the target asked for may name at all, ``routes`` those of each route of the policy.
    A model already removed keeps its first reason.
    """
    raised = _raised(rules, situation)
    looks = {False: Look.at(situation), True: Look.at(raised)}
    hops = _hops(rules, looks[True])
    known = {**models, **{name: model for hop in hops for name, model in routes[hop].items()}}
    exclusions: dict[str, Exclusion] = {}
    verdicts = []
    for rule in rules:
        holding = holding_of(rule, looks[not isinstance(rule.then, Raise)])
        verdicts.append(_verdict(rule, holding, situation, models, known, routes, exclusions))
    for name in known:
        if name not in models and name not in exclusions:
            exclusions[name] = Exclusion("route", f"{_named(situation.route)} does not use it")
    applied = {verdict.rule for verdict in verdicts if verdict.outcome == "redacted"}
    redactions = [rule.then for rule in rules if isinstance(rule.then, Redact) and rule.name in applied]
    return Ruling(
        route=hops[-1] if hops else situation.route,
        context=raised.context,
        models=known,
        exclusions=exclusions,
        verdicts=tuple(verdicts),
        denied=next((verdict for verdict in verdicts if verdict.outcome == "denied"), None),
        redacts=bool(redactions),
        restores=bool(redactions) and all(redaction.restore for redaction in redactions),
    )


def fit(
    ruling: Ruling,
    request: RouteRequest,
    signals: Signals,
    readiness: Mapping[str, Readiness],
    max_output_tokens: int,
) -> Eligibility:
    """The models that the rules left and that can take the request: data class, context window, schema, readiness."""
    exclusions = dict(ruling.exclusions)
    for name, model in ruling.models.items():
        if name not in exclusions and (
            reason := _unfit(request, signals, model, max_output_tokens, ruling.context.data_class)
        ):
            exclusions[name] = reason
        state = readiness.get(name)
        if name not in exclusions and state is not None and not state.ready:
            exclusions[name] = Exclusion(state.excluded_by, state.reason)
    left = () if ruling.denied else tuple(name for name in ruling.models if name not in exclusions)
    return Eligibility(left, exclusions, ruling.verdicts, ruling.denied)


# --- what follows from rules ------------------------------------------------------------------------------------------


def _raised(rules: Iterable[Rule], situation: Situation) -> Situation:
    """The situation with risk and data class as high as any rule says; no rule sees what another one raised."""
    stated = Look.at(situation)
    raising = [rule.then for rule in rules if isinstance(rule.then, Raise) and holding_of(rule, stated).applies]
    if not raising:
        return situation
    risk = effective_risk(situation.context.risk, [entry.risk for entry in raising])
    data_class = situation.context.data_class
    for entry in raising:
        data_class = _higher(data_class, entry.data_class, DATA_CLASSES)
    if (risk, data_class) == (situation.context.risk, situation.context.data_class):
        return situation
    return replace(situation, context=replace(situation.context, risk=risk, data_class=data_class))


def _hops(rules: Iterable[Rule], look: Look) -> list[str]:
    """The routes that rules send the request to, one after the other; each once, and never back to the first.

    A rule may hold only for a route that another rule sent the request to, so they are asked until none adds a route.
    """
    leading = [(rule, rule.then.route) for rule in rules if isinstance(rule.then, RouteTo)]
    hops: list[str] = []
    moved = bool(leading)
    while moved:
        moved = False
        for rule, route in leading:
            if route not in look.routes and holding_of(rule, look).applies:
                look.routes |= {route}
                hops.append(route)
                moved = True
    return hops


def _verdict(
    rule: Rule,
    holding: Holding,
    stated: Situation,
    models: Mapping[str, Model],
    known: Mapping[str, Model],
    routes: Mapping[str, Mapping[str, Model]],
    exclusions: dict[str, Exclusion],
) -> Verdict:
    if not holding.applies:
        return _passed(rule.name, rule.owner)
    failed = holding.failed
    match rule.then:
        case Deny(message=message):
            return _said(rule, "denied", message, failed)
        case Redact(restore=restore):
            after = ", and the answer gets them back" if restore else ""
            return _said(rule, "redacted", f"models get placeholders for personal data and secrets{after}", failed)
        case Raise() as entry:
            return _said(rule, "raised", _raise_in_words(entry, stated.context), failed)
        case RouteTo(route=route):
            if route == stated.route:
                return _said(rule, "passed", "the request is for that route already", failed)
            removed = {
                name: None if name in routes[route] else f"route {route}, which takes over, does not use it"
                for name in models
            }
            verdict = _remove(rule, "rerouted", removed, exclusions, failed)
            return replace(
                verdict, reason=f"the request for {_named(stated.route)} goes on as route {route}; {verdict.reason}"
            )
        case Require() as require:
            removed = {name: _lacks(name, model, require) for name, model in known.items()}
            return _remove(rule, "required", removed, exclusions, failed)
        case Exclude() as exclude:
            removed = {name: _is_excluded(name, model, exclude) for name, model in known.items()}
            return _remove(rule, "excluded", removed, exclusions, failed)


@lru_cache(maxsize=4096)
def _passed(rule: str, owner: str | None) -> Verdict:
    """What most rules say of most requests, made once."""
    return Verdict(rule, "passed", "its conditions do not hold", owner)


def _said(rule: Rule, outcome: VerdictOutcome, reason: str, failed: str | None, removed: Iterable[str] = ()) -> Verdict:
    return Verdict(rule.name, outcome, reason, rule.owner, tuple(removed), failed)


def _remove(
    rule: Rule,
    outcome: VerdictOutcome,
    found: Mapping[str, str | None],
    exclusions: dict[str, Exclusion],
    failed: str | None,
) -> Verdict:
    removed = {name: reason for name, reason in found.items() if reason is not None}
    for name, reason in removed.items():
        exclusions.setdefault(name, Exclusion(f"rule:{rule.name}", reason))
    kept = len(found) - len(removed)
    return _said(rule, outcome, f"{kept} of {len(found)} models may be used", failed, removed)


def _raise_in_words(entry: Raise, stated: Context) -> str:
    words = [
        f"{noun} counts as {least}, stated was {said}"
        if _higher(said, least, order) != said
        else f"{noun} was stated as {said}, which is no less than {least}"
        for noun, least, said, order in (
            ("risk", entry.risk, stated.risk, RISKS),
            ("data class", entry.data_class, stated.data_class, DATA_CLASSES),
        )
        if least is not None
    ]
    return "; ".join(words)


def _higher(one: _Level, other: _Level | None, order: tuple[_Level, ...]) -> _Level:
    return one if other is None or order.index(one) >= order.index(other) else other


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
    if require.data_class is not None and not reaches(model.accepts, require.data_class, DATA_CLASSES):
        return f"it accepts data up to {model.accepts}, the rule asks for {require.data_class}"
    return None


def _is_excluded(name: str, model: Model, exclude: Exclude) -> str | None:
    if exclude.models is not None and name in exclude.models:
        return "the rule names it"
    if exclude.tiers is not None and model.tier in exclude.tiers:
        return f"the rule excludes tier {model.tier}"
    if exclude.location is not None and model.location == exclude.location:
        return f"the rule excludes {model.location} models"
    if exclude.regions is not None and (model.region is None or model.region in exclude.regions):
        return f"the rule excludes region {_either(exclude.regions)}; its region is {model.region or 'unknown'}"
    return None


def _either(names: Collection[str]) -> str:
    return " or ".join(sorted(names))


def _named(target: str) -> str:
    return target if target.startswith("model/") else f"route {target}"


def _unfit(
    request: RouteRequest, signals: Signals, model: Model, max_output_tokens: int, data_class: DataClass
) -> Exclusion | None:
    if not reaches(model.accepts, data_class, DATA_CLASSES):
        return Exclusion("data_class", f"it accepts data up to {model.accepts}, these are {data_class}")
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
